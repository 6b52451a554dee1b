//! Which steps may start now: the bookkeeping of an apply, without the work.
//!
//! Invariants: a step starts only when all that it needs is done; never more than `width` run at once; of those that
//! may start, the one with the lowest id goes first; a failed step takes down all that wait for it and nothing else.

use std::collections::BTreeSet;

use crate::plan::{Plan, StepId};

/// How far the steps of a plan have come.
#[derive(Clone, Debug)]
pub struct Frontier {
    needs: Vec<BTreeSet<StepId>>,
    stages: Vec<Stage>,
    width: usize,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped { because: StepId },
}

impl Frontier {
    /// No step has started. At least one may run at once, whatever the width.
    pub fn new(plan: &Plan, width: usize) -> Self {
        let needs: Vec<_> = plan.steps().iter().map(|step| step.needs.clone()).collect();
        Self { stages: vec![Stage::Waiting; needs.len()], needs, width: width.max(1), closed: false }
    }

    /// Starts the next step, if one may start now.
    #[expect(
        clippy::should_implement_trait,
        reason = "none now does not mean none later, as it would of an iterator"
    )]
    pub fn next(&mut self) -> Option<StepId> {
        let running = self.stages.iter().filter(|stage| **stage == Stage::Running).count();
        if self.closed || running >= self.width {
            return None;
        }
        let ready =
            self.ids().find(|id| self.stage(*id) == Some(Stage::Waiting) && self.missing(*id).is_empty())?;
        self.set(ready, Stage::Running);
        Some(ready)
    }

    /// Takes in how a step ended; returns those that are skipped because of it, each with the step that it needed.
    pub fn settle(&mut self, id: StepId, ok: bool) -> Vec<(StepId, StepId)> {
        self.set(id, if ok { Stage::Done } else { Stage::Failed });
        let mut fresh = Vec::new();
        let mut lost = if ok { Vec::new() } else { vec![id] };
        while let Some(because) = lost.pop() {
            let waiting: Vec<StepId> = self
                .ids()
                .filter(|other| {
                    self.stage(*other) == Some(Stage::Waiting) && self.needs[other.0].contains(&because)
                })
                .collect();
            for other in waiting {
                self.set(other, Stage::Skipped { because });
                fresh.push((other, because));
                lost.push(other);
            }
        }
        fresh.sort();
        fresh
    }

    /// All steps that were skipped, each with the step that it needed and that was not done.
    pub fn skipped(&self) -> Vec<(StepId, StepId)> {
        self.ids()
            .filter_map(|id| match self.stage(id)? {
                Stage::Skipped { because } => Some((id, because)),
                Stage::Waiting | Stage::Running | Stage::Done | Stage::Failed => None,
            })
            .collect()
    }

    /// From now on no step starts; those that run may end.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether nothing runs and nothing will start any more.
    pub fn is_done(&self) -> bool {
        let active = |stage: &Stage| match stage {
            Stage::Running => true,
            Stage::Waiting => !self.closed,
            Stage::Done | Stage::Failed | Stage::Skipped { .. } => false,
        };
        !self.stages.iter().any(active)
    }

    /// Steps that have not started and were not skipped, because the frontier was closed before.
    pub fn left(&self) -> Vec<StepId> {
        self.ids().filter(|id| self.stage(*id) == Some(Stage::Waiting)).collect()
    }

    /// What a step still waits for.
    pub fn why_blocked(&self, id: StepId) -> Vec<StepId> {
        match self.stage(id) {
            Some(Stage::Waiting | Stage::Skipped { .. }) => self.missing(id),
            Some(Stage::Running | Stage::Done | Stage::Failed) | None => Vec::new(),
        }
    }

    fn missing(&self, id: StepId) -> Vec<StepId> {
        let needs = self.needs.get(id.0).into_iter().flatten();
        needs.copied().filter(|need| self.stage(*need) != Some(Stage::Done)).collect()
    }

    fn ids(&self) -> impl Iterator<Item = StepId> + use<> {
        (0..self.stages.len()).map(StepId)
    }

    fn stage(&self, id: StepId) -> Option<Stage> {
        self.stages.get(id.0).copied()
    }

    fn set(&mut self, id: StepId, stage: Stage) {
        if let Some(place) = self.stages.get_mut(id.0) {
            *place = stage;
        }
    }
}
