//! The entries of a plan as people read it: one a step, but the delete and the create of a replace are one.

use crate::plan::{Action, Change, Impact, Plan, Reason, Step, Subject};
use crate::render::title::Mark;

/// One thing that a plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'p> {
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
        mark: Mark::of(&step.action),
        subject: &step.subject,
        reason: &step.reason,
        action: &step.action,
        changes: &step.changes,
        impacts: step.impacts.clone(),
    }
}

fn replace<'p>(delete: &'p Step, create: &'p Step) -> Entry<'p> {
    let telling = if delete.changes.is_empty() { create } else { delete };
    let mut impacts = [delete.impacts.as_slice(), &create.impacts].concat();
    impacts.sort_unstable();
    impacts.dedup();
    Entry {
        mark: Mark::Replace,
        subject: &delete.subject,
        reason: &telling.reason,
        action: &create.action,
        changes: &telling.changes,
        impacts,
    }
}
