//! Strong runs: commands in a live container, one after another in a group.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::record::{Record, RunState};
use crate::model::stack::{Concurrency, ContainerGroup, RunKind, StrongRun, TaskRun};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::due::{self, Due};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{
    Action, Begin, Change, Course, Exec, Finish, Guard, Run, StepId, Subject, diff, input, shape,
};

/// A strong run that has a step.
pub(super) struct Pending<'a> {
    pub(super) name: &'a Name,
    run: &'a TaskRun,
    strong: &'a StrongRun,
    recorded: Option<Record>,
    reason: String,
}

/// The strong runs of a group that have a step, in the order in which they come.
pub(super) fn pending<'a>(
    scene: Scene<'a>,
    draft: &mut Draft,
    group: &Name,
    declared: &ContainerGroup,
) -> Vec<Pending<'a>> {
    if draft.runs_in(group).is_empty() {
        return Vec::new();
    }
    let resource_group = &declared.id.resource_group;
    let ledger = scene.ledger(resource_group);
    let live = || differences(scene, declared);
    let mut pending = Vec::new();
    for (name, run) in scene.runs_in(group, draft) {
        let RunKind::Strong(strong) = &run.kind else { continue };
        if due::unreadable(draft, name, &ledger, resource_group) {
            continue;
        }
        let recorded = ledger.records.get(name).cloned();
        let is_open = recorded.as_ref().is_some_and(|record| record.state == RunState::Open);
        let input = input::digest(run, scene.stack);
        let reason = if is_open {
            "the last run was interrupted before its end was recorded".to_owned()
        } else {
            match due::decide(scene, name, run, recorded.as_ref(), &input, &live) {
                Due::Now(reason) => reason,
                other => {
                    due::tell(draft, name, &other);
                    continue;
                }
            }
        };
        pending.push(Pending { name, run, strong, recorded, reason });
    }
    // A run that has begun has nothing to wait for, and the next one waits for it.
    pending.sort_by_key(|one| !one.is_open());
    pending
}

/// Adds the steps of pending runs, each after the one before.
pub(super) fn draft(
    scene: Scene<'_>,
    draft: &mut Draft,
    group: &Name,
    declared: &ContainerGroup,
    pending: &[Pending<'_>],
    guard: &Guard,
) {
    let mut last: Option<StepId> = None;
    for one in pending {
        let subject = Subject::Run(one.name.clone());
        let Some(container) = one.run.deciding_container(&declared.group) else { continue };
        let StrongRun { group: _, command, environment, working_directory, idle_timeout, interrupted } =
            one.strong;
        let exec = Exec {
            command: command.clone(),
            environment: environment.clone(),
            working_directory: working_directory.clone(),
            idle_timeout: *idle_timeout,
            resume: one.recorded.clone().filter(|_| one.is_open()),
            interrupted: *interrupted,
        };
        let run = Run {
            name: one.name.clone(),
            ledger: declared.id.resource_group.clone(),
            recorded: one.recorded.clone(),
            group: declared.id.clone(),
            container: container.to_owned(),
            input: input::digest(one.run, scene.stack),
            begin: Begin::Exec(exec),
            finish: Finish::Leave,
            timeout: one.run.timeout,
            retries: one.run.retries,
            again: None,
            concurrency: Concurrency::Refuse,
            course: Course::Follow,
        };
        let key = Key::Run(one.name.clone());
        let after = if one.is_open() {
            BTreeSet::from([
                Key::Group(group.clone()),
                Key::ResourceGroup(declared.id.resource_group.clone()),
            ])
        } else {
            draft.links(&key)
        };
        let sketch = Sketch::new(subject, Action::Run(Box::new(run)), guard.clone(), &one.reason);
        let needs = last.into_iter().collect();
        last = Some(draft.push(Sketch { needs, after, of: Some(key), ..sketch }));
    }
}

impl Pending<'_> {
    fn is_open(&self) -> bool {
        self.recorded.as_ref().is_some_and(|record| record.state == RunState::Open)
    }
}

/// The differences of the properties of a group, if it is there and can be compared.
pub(super) fn differences(scene: Scene<'_>, declared: &ContainerGroup) -> Vec<Change> {
    let live = scene.seen(&declared.id).and_then(|seen| seen.group.as_ref());
    live.map(|live| diff::groups(shape::marked(&declared.group), live)).unwrap_or_default()
}
