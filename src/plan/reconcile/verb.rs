//! Which parts of the stack a verb is about.

use std::panic::resume_unwind;
use std::thread;

use crate::model::name::Name;
use crate::model::observed::Observed;
use crate::model::record::{RunState, intent};
use crate::model::stack::{ContainerGroup, Power, RunKind, Stack};
use crate::plan::reconcile::draft::{Aim, Draft};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::{self, Scene};
use crate::plan::reconcile::{
    Request, Verb, destroy, due, ephemeral, forget, gc, groups, ignore, limits, persistent, power, prune,
    resource_groups, scope, strong,
};
use crate::plan::{Course, Guard, Subject};

/// Drafts what is asked for.
pub(super) fn draft<'s>(stack: &'s Stack, observed: &Observed, request: &Request, aim: Aim) -> Draft<'s> {
    let renamed = scene::renamed(stack);
    let scene = Scene { stack, observed, request, renamed: &renamed };
    let mut draft = Draft::new(stack, scope::included(stack, &request.scope), aim);
    match &request.verb {
        Verb::Apply => apply(scene, &mut draft),
        Verb::Destroy => destroy::draft(scene, &mut draft),
        Verb::Run(name) => run(scene, &mut draft, name),
        Verb::Detach(name) => {
            run(scene, &mut draft, name);
            draft.treat(name, Course::Leave);
        }
        Verb::Attach(name) => open_run(scene, &mut draft, name),
        Verb::Cancel(name) => {
            open_run(scene, &mut draft, name);
            draft.treat(name, Course::Cancel);
        }
        Verb::Power(name, power) => power::draft(scene, &mut draft, name, *power),
        Verb::Clean(cleaning) => gc::draft(scene, &mut draft, *cleaning),
        Verb::Forget(name) => forget::draft(scene, &mut draft, name),
    }
    limits::check(scene, &mut draft);
    draft
}

fn apply(scene: Scene<'_>, draft: &mut Draft) {
    if !draft.asks() {
        draft.declared = scene.declared(draft);
    }
    for (name, declared) in &scene.stack.resource_groups {
        if draft.includes(&Key::ResourceGroup(declared.name.clone())) {
            resource_groups::draft(scene, draft, name, declared);
        }
    }
    groups(scene, draft);
    for (name, run) in &scene.stack.runs {
        if let RunKind::Ephemeral(ephemeral) = &run.kind
            && draft.includes(&Key::Run(name.clone()))
        {
            ephemeral::draft(scene, draft, name, run, ephemeral);
        }
    }
    // What is in no manifest is nobody's dependency.
    if scene.request.scope.is_all() {
        prune::draft(scene, draft);
    }
}

/// So few groups are not worth a thread.
const FEW: usize = 250;

/// Every declared group, with the runs in it. What comes of one does not depend on what came of others, so many are
/// drafted by all cores.
fn groups<'s>(scene: Scene<'_>, draft: &mut Draft<'s>) {
    let is_open = |(name, _): &(&Name, _)| {
        draft.includes(&Key::Group((*name).clone())) && !scene.observed.settled.contains(*name)
    };
    let open: Vec<(&Name, &ContainerGroup)> = scene.stack.groups.iter().filter(is_open).collect();
    let all = |mut draft: Draft<'s>, groups: &[(&Name, &ContainerGroup)]| {
        for (name, declared) in groups {
            draft.settling(name, |draft| group(scene, draft, name));
            draft.present += usize::from(scene.seen(&declared.id).is_some());
        }
        draft
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = open.len().div_ceil(cores).max(FEW);
    let (first, rest) = open.split_at(share.min(open.len()));
    thread::scope(|scope| {
        let begin = |groups| {
            let part = draft.another();
            scope.spawn(move || all(part, groups))
        };
        let rest: Vec<_> = rest.chunks(share).map(begin).collect();
        draft.join(all(draft.another(), first));
        for part in rest {
            draft.join(part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
}

/// One run, with the steps of its group and its resource group and of nothing else.
fn run(scene: Scene<'_>, draft: &mut Draft, name: &Name) {
    let Some(run) = scene.stack.runs.get(name) else {
        let names: Vec<&str> = scene.stack.runs.keys().map(Name::as_str).collect();
        let help = if names.is_empty() {
            "declare it".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        draft.conflict(Subject::Run(name.clone()), "no manifest declares this TaskRun", help);
        return;
    };
    let own = scene.resource_group_of(run);
    let resource_group = scene.stack.resource_groups.iter().find(|(_, declared)| Some(&declared.name) == own);
    if let Some((manifest, declared)) = resource_group {
        resource_groups::draft(scene, draft, manifest, declared);
    }
    match &run.kind {
        RunKind::Ephemeral(ephemeral) => ephemeral::draft(scene, draft, name, run, ephemeral),
        RunKind::Strong(strong) => group(scene, draft, &strong.group),
        RunKind::Persistent { group: name, concurrency: _ } => group(scene, draft, name),
    }
}

/// The open run of a TaskRun, and nothing else.
fn open_run(scene: Scene<'_>, draft: &mut Draft, name: &Name) {
    let Some(task) = scene.stack.runs.get(name) else { return run(scene, draft, name) };
    let of = scene.resource_group_of(task);
    let recorded = of.and_then(|of| scene.ledger(of).records.get(name).cloned());
    let placed = scene.observed.groups.values().filter(|seen| scene.owns(&seen.tags));
    let intents = placed.filter_map(|seen| intent(&seen.tags)).filter(|intent| intent.run == *name);
    let is_open = recorded.as_ref().is_some_and(|record| record.state == RunState::Open)
        || intents.into_iter().any(|intent| due::open(recorded.as_ref(), Some(&intent)).is_some());
    if !is_open {
        return draft.note(Subject::Run(name.clone()), "no run of it is under way", None);
    }
    match &task.kind {
        RunKind::Ephemeral(ephemeral) => ephemeral::draft(scene, draft, name, task, ephemeral),
        RunKind::Persistent { group, concurrency: _ } => {
            if let Some(declared) = scene.stack.groups.get(group) {
                persistent::draft(scene, draft, group, declared);
            }
        }
        RunKind::Strong(strong) => {
            if let Some(declared) = scene.stack.groups.get(&strong.group) {
                let pending = strong::pending(scene, draft, &strong.group, declared);
                strong::draft(scene, draft, &strong.group, declared, &pending, &Guard::None);
            }
        }
    }
}

/// A declared group and the runs in it.
fn group(scene: Scene<'_>, draft: &mut Draft, name: &Name) {
    let Some(declared) = scene.stack.groups.get(name) else { return };
    let declared = &*ignore::effective(scene, draft, declared);
    if scene.is_run(name, draft) {
        persistent::draft(scene, draft, name, declared);
        return;
    }
    let pending = strong::pending(scene, draft, name, declared);
    let first = pending.first().map(|pending| pending.name);
    if let Some(run) = first
        && declared.power == Power::Stopped
    {
        let text = format!("it is to be kept stopped, and run {run} needs it running");
        draft.conflict(Subject::Group(declared.id.clone()), text, "set its `power` to running or unmanaged");
    }
    let guard = groups::draft(scene, draft, name, declared, first);
    strong::draft(scene, draft, name, declared, &pending, &guard);
}
