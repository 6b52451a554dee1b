//! Which parts of the stack a verb is about.

use crate::model::name::Name;
use crate::model::observed::Observed;
use crate::model::stack::{Power, RunKind, Stack};
use crate::plan::Subject;
use crate::plan::reconcile::draft::{Draft, Key};
use crate::plan::reconcile::scene::Scene;
use crate::plan::reconcile::{
    Request, Verb, destroy, ephemeral, forget, groups, limits, persistent, prune, resource_groups, scope,
    strong,
};

/// Drafts what is asked for.
pub(super) fn draft(stack: &Stack, observed: &Observed, request: &Request) -> Draft {
    let scene = Scene { stack, observed, request };
    let links = scene.links();
    let included = scope::included(stack, &links, &request.scope);
    let mut draft = Draft::new(links, scene.runs(), included);
    match &request.verb {
        Verb::Apply => apply(scene, &mut draft),
        Verb::Destroy => destroy::draft(scene, &mut draft),
        Verb::Run(name) => run(scene, &mut draft, name),
        Verb::Forget(name) => forget::draft(scene, &mut draft, name),
    }
    limits::check(scene, &mut draft);
    draft
}

fn apply(scene: Scene<'_>, draft: &mut Draft) {
    draft.declared = scene.declared(draft);
    for (name, declared) in &scene.stack.resource_groups {
        if draft.includes(&Key::ResourceGroup(declared.name.clone())) {
            resource_groups::draft(scene, draft, name, declared);
        }
    }
    for name in scene.stack.groups.keys() {
        if draft.includes(&Key::Group(name.clone())) {
            group(scene, draft, name);
        }
    }
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
