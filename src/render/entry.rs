//! The entries of a plan as people read it: one a step, but the delete and the create of a replace are one.

use std::collections::BTreeSet;

use crate::plan::{Action, Change, Impact, Plan, Reason, Step, StepId, Subject};
use crate::render::title::Mark;

/// One thing that a plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'p> {
    /// The steps: two of a replace.
    pub ids: Vec<StepId>,
    /// The sign before it.
    pub mark: Mark,
    /// What it is about.
    pub subject: &'p Subject,
    /// Why it is there.
    pub reason: &'p Reason,
    /// What is done; of a replace, the create.
    pub action: &'p Action,
    /// The differences that it removes.
    pub changes: &'p [Change],
    /// What it costs, without repetition.
    pub impacts: Vec<Impact>,
    /// The steps that come before.
    pub needs: BTreeSet<StepId>,
}

/// How many entries of each kind a plan has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Count {
    /// Things to create.
    pub add: usize,
    /// Things to change in place.
    pub change: usize,
    /// Groups to delete and create.
    pub replace: usize,
    /// Things to delete.
    pub delete: usize,
    /// Tasks to run.
    pub run: usize,
}

impl Count {
    /// Counts entries.
    pub fn of(entries: &[Entry<'_>]) -> Self {
        let count = |mark: Mark| entries.iter().filter(|entry| entry.mark == mark).count();
        Self {
            add: count(Mark::Create),
            change: count(Mark::Change),
            replace: count(Mark::Replace),
            delete: count(Mark::Delete),
            run: count(Mark::Run),
        }
    }
}

/// The entries of a plan, in the order of its steps; a replace stands where its delete does.
pub fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let steps = plan.steps();
    let replacement = |delete: &Step| {
        steps.iter().find(|step| {
            delete.action == Action::DeleteGroup { replaced: true }
                && matches!(step.action, Action::CreateGroup(_))
                && step.subject == delete.subject
        })
    };
    let creates_again: Vec<_> = steps.iter().filter_map(replacement).map(|step| step.id).collect();
    steps
        .iter()
        .filter(|step| !creates_again.contains(&step.id))
        .map(|step| match replacement(step) {
            Some(create) => replace(step, create),
            None => alone(step),
        })
        .collect()
}

fn alone(step: &Step) -> Entry<'_> {
    Entry {
        ids: vec![step.id],
        mark: Mark::of(&step.action),
        subject: &step.subject,
        reason: &step.reason,
        action: &step.action,
        changes: &step.changes,
        impacts: step.impacts.clone(),
        needs: step.needs.clone(),
    }
}

fn replace<'p>(delete: &'p Step, create: &'p Step) -> Entry<'p> {
    let telling = if delete.changes.is_empty() { create } else { delete };
    let mut impacts = [delete.impacts.as_slice(), &create.impacts].concat();
    impacts.sort_unstable();
    impacts.dedup();
    let needs = delete.needs.union(&create.needs).copied().filter(|id| *id != delete.id).collect();
    Entry {
        ids: vec![delete.id, create.id],
        mark: Mark::Replace,
        subject: &delete.subject,
        reason: &telling.reason,
        action: &create.action,
        changes: &telling.changes,
        impacts,
        needs,
    }
}
