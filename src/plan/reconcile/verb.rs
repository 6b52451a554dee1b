//! Which parts of the stack a verb is about.

use crate::model::name::Name;
use crate::model::observed::Observed;
use crate::model::stack::{Power, RunKind, Stack};
use crate::plan::Subject;
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::scene::Scene;
use crate::plan::reconcile::{
    Request, Verb, destroy, ephemeral, groups, persistent, prune, resource_groups, strong,
};

/// Drafts what is asked for.
pub(super) fn draft(stack: &Stack, observed: &Observed, request: &Request) -> Draft {
    let scene = Scene { stack, observed, request };
    let mut draft = Draft::new(scene.links(), scene.runs());
    match &request.verb {
        Verb::Apply => apply(scene, &mut draft),
        Verb::Destroy => destroy::draft(scene, &mut draft),
        Verb::Run(name) => run(scene, &mut draft, name),
    }
    draft
}

fn apply(scene: Scene<'_>, draft: &mut Draft) {
    draft.declared = scene.declared();
    for (name, declared) in &scene.stack.resource_groups {
        resource_groups::draft(scene, draft, name, declared);
    }
    for name in scene.stack.groups.keys() {
        group(scene, draft, name);
    }
    for (name, run) in &scene.stack.runs {
        if let RunKind::Ephemeral(ephemeral) = &run.kind {
            ephemeral::draft(scene, draft, name, run, ephemeral);
        }
    }
    prune::draft(scene, draft);
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
        RunKind::Persistent { group: name } => group(scene, draft, name),
    }
}

/// A declared group and the runs in it.
fn group(scene: Scene<'_>, draft: &mut Draft, name: &Name) {
    let Some(declared) = scene.stack.groups.get(name) else { return };
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
