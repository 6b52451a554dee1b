//! What is remembered of an apply while it goes on, so that its end can be told: how each step ended, and its last lines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::engine::event::{End, Event, EventKind};
use crate::plan::StepId;

/// How many of a task's last lines are shown again where it failed.
const TAIL: usize = 10;

/// An apply so far.
#[derive(Clone, Debug, Default)]
pub struct Story {
    under_way: BTreeSet<StepId>,
    ends: BTreeMap<StepId, (End, Duration)>,
    tails: BTreeMap<StepId, VecDeque<String>>,
}

impl Story {
    /// Takes one event in.
    pub fn tell(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Log { step, line, .. } => {
                let tail = self.tails.entry(*step).or_default();
                if tail.len() == TAIL {
                    tail.pop_front();
                }
                tail.push_back(line.clone());
            }
            EventKind::StepBegan(step) => {
                self.under_way.insert(*step);
            }
            EventKind::StepEnded { step, end, elapsed } => {
                self.under_way.remove(step);
                self.ends.insert(*step, (end.clone(), *elapsed));
            }
            EventKind::Began { .. }
            | EventKind::Progress { .. }
            | EventKind::Retrying { .. }
            | EventKind::Ended(_) => {}
        }
    }

    /// The steps that ended, and how.
    pub fn ends(&self) -> impl Iterator<Item = (StepId, &End)> {
        self.ends.iter().map(|(step, (end, _))| (*step, end))
    }

    /// How a step ended, and how long it took.
    pub fn end(&self, step: StepId) -> Option<&(End, Duration)> {
        self.ends.get(&step)
    }

    /// The steps that began and have not ended.
    pub fn under_way(&self) -> impl Iterator<Item = StepId> {
        self.under_way.iter().copied()
    }

    /// The last lines of a task, oldest first.
    pub fn tail(&self, step: StepId) -> impl Iterator<Item = &str> {
        self.tails.get(&step).into_iter().flatten().map(String::as_str)
    }
}
