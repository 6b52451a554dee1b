//! Which steps may start now: the bookkeeping of an apply, without the work.
//!
//! Invariants: a step starts only when all that it needs is done; never more than `width` run at once; of those that
//! may start, the one with the lowest id goes first; a failed step takes down all that wait for it and nothing else.

use std::collections::BTreeSet;

use crate::plan::{Plan, StepId};

/// How far the steps of a plan have come.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// What each step still waits for.
    missing: Vec<BTreeSet<StepId>>,
    /// Which steps wait for each.
    waiting: Vec<Vec<StepId>>,
    ready: BTreeSet<StepId>,
    running: BTreeSet<StepId>,
    /// Steps that have not started and were not skipped.
    left: BTreeSet<StepId>,
    width: usize,
    closed: bool,
}

impl Frontier {
    /// No step has started. At least one may run at once, whatever the width.
    pub fn new(plan: &Plan, width: usize) -> Self {
        let missing: Vec<BTreeSet<StepId>> = plan.steps().iter().map(|step| step.needs.clone()).collect();
        let ids = || (0..missing.len()).map(StepId);
        let mut waiting = vec![Vec::new(); missing.len()];
        for (id, needs) in ids().zip(&missing) {
            for need in needs {
                if let Some(waiting) = waiting.get_mut(need.0) {
                    waiting.push(id);
                }
            }
        }
        let ready = ids().zip(&missing).filter(|(_, needs)| needs.is_empty()).map(|(id, _)| id).collect();
        let (left, running) = (ids().collect(), BTreeSet::new());
        Self { missing, waiting, ready, running, left, width: width.max(1), closed: false }
    }

    /// Starts the next step, if one may start now.
    #[expect(
        clippy::should_implement_trait,
        reason = "none now does not mean none later, as it would of an iterator"
    )]
    pub fn next(&mut self) -> Option<StepId> {
        if self.closed || self.running.len() >= self.width {
            return None;
        }
        let id = self.ready.pop_first()?;
        self.left.remove(&id);
        self.running.insert(id);
        Some(id)
    }

    /// Takes in how a running step ended; returns those that are skipped because of it, each with the step that it needed.
    pub fn settle(&mut self, id: StepId, ok: bool) -> Vec<(StepId, StepId)> {
        if !self.running.remove(&id) {
            return Vec::new();
        }
        if ok {
            for other in self.waiting_for(id) {
                let missing = self.missing.get_mut(other.0);
                let free = missing.is_some_and(|missing| missing.remove(&id) && missing.is_empty());
                if free && self.left.contains(&other) {
                    self.ready.insert(other);
                }
            }
            return Vec::new();
        }
        let (mut skipped, mut lost) = (Vec::new(), vec![id]);
        while let Some(because) = lost.pop() {
            for other in self.waiting_for(because) {
                if self.left.remove(&other) {
                    skipped.push((other, because));
                    lost.push(other);
                }
            }
        }
        skipped.sort();
        skipped
    }

    /// From now on no step starts; those that run may end.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Steps that have not started and were not skipped: those that the frontier was closed before.
    pub fn left(&self) -> Vec<StepId> {
        self.left.iter().copied().collect()
    }

    fn waiting_for(&self, id: StepId) -> Vec<StepId> {
        self.waiting.get(id.0).cloned().unwrap_or_default()
    }
}
