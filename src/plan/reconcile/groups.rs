//! Container groups that stand on their own: made, tagged, updated, replaced, started, stopped.

use std::collections::BTreeSet;

use crate::model::effect::Effect;
use crate::model::name::Name;
use crate::model::stack::{ContainerGroup, Power};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::Scene;
use crate::plan::reconcile::stand::{self, Here, Stand, is};
use crate::plan::{Action, Guard, Impact, StepId, Subject, TagEdit, guard, shape};

/// The steps of one group as they come.
pub(super) struct Line<'d, 's> {
    pub(super) draft: &'d mut Draft<'s>,
    pub(super) manifest: &'d Name,
    pub(super) declared: &'d ContainerGroup,
    last: Option<StepId>,
}

impl<'d, 's> Line<'d, 's> {
    pub(super) fn new(draft: &'d mut Draft<'s>, manifest: &'d Name, declared: &'d ContainerGroup) -> Self {
        Self { draft, manifest, declared, last: None }
    }

    fn sketch(&self, action: Action, guard: Guard, reason: impl Into<String>) -> Sketch {
        Sketch::new(Subject::Group(self.declared.id.clone()), action, guard, reason)
    }

    /// Adds a step of the group after the one before.
    fn push(&mut self, sketch: Sketch) -> StepId {
        let key = Key::Group(self.manifest.clone());
        let after = self.draft.links(&key);
        let id = self.draft.push(Sketch {
            needs: self.last.into_iter().collect(),
            after,
            of: Some(key),
            ..sketch
        });
        self.last = Some(id);
        id
    }

    /// Sets the tags of a group that is there.
    pub(super) fn tag(&mut self, here: &Here<'_>) -> StepId {
        let reason = match &here.taken_over {
            Some(holder) => format!("taken over from {holder}"),
            None => "tags differ".to_owned(),
        };
        let guard = guard::group(Some(here.seen));
        let edit = if here.changes.is_empty() { here.whole_edit(&here.edit) } else { here.edit.clone() };
        let sketch = self.sketch(Action::TagGroup(edit), guard, reason);
        self.push(Sketch { changes: here.tag_changes.clone(), ..sketch })
    }
}

/// Plans one declared group, and returns the guard of what comes after its steps.
///
/// `for_run` is a due run that needs the group awake.
pub(super) fn draft(
    scene: Scene<'_>,
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
    for_run: Option<&Name>,
) -> Guard {
    let subject = Subject::Group(declared.id.clone());
    let Some(location) = scene.location(declared.location.as_ref(), &declared.id.resource_group) else {
        draft.conflict(subject, "it has no location", "give it or its resource group a `location`");
        return Guard::None;
    };
    let made = || guard::wanted(scene.owner(), shape::wanted(&declared.group));
    let glance = stand::glance(scene, draft, manifest, declared, &location);
    if draft.asks() && glance.waits() {
        // What is done about it is decided by what it does now, and worked out when that is known.
        draft.read(&declared.id);
        return Guard::None;
    }
    let stand = glance.explained(scene, draft, declared, &location);
    let mut line = Line::new(draft, manifest, declared);
    let create = |here| Action::CreateGroup(stand::deployment(scene, declared, &location, here));
    match stand {
        Stand::Barred(seen) => return guard::group(Some(seen)),
        Stand::Missing => {
            let sketch = line.sketch(create(None), Guard::Absent, "does not exist");
            line.push(sketch);
        }
        Stand::Leaving(seen) => {
            let delete = Action::DeleteGroup { replaced: true };
            let sketch = line.sketch(delete, guard::group(Some(seen)), "is being deleted");
            line.push(sketch);
            let sketch = line.sketch(create(None), Guard::Absent, "does not exist once it is deleted");
            line.push(sketch);
        }
        Stand::Here(here) => {
            if here.taken_over.is_some() {
                line.tag(&here);
            }
            match here.effect_alone() {
                None => return rest(scene, &mut line, &here, for_run),
                Some(Effect::Tags | Effect::Live | Effect::Update) => {
                    line.draft.read(&declared.id);
                    let edit = if here.taken_over.is_some() { TagEdit::default() } else { here.edit.clone() };
                    let edit = here.sent_edit(&edit);
                    let body = stand::deployment(scene, declared, &location, Some(&here));
                    let sketch =
                        line.sketch(Action::UpdateGroup(body, edit), here.guard(scene), here.reason());
                    let changes = here.changes.iter().chain(&here.tag_changes).cloned().collect();
                    let restarts =
                        here.given_up() || here.changes.iter().any(|change| change.effect() > Effect::Live);
                    let mut impacts =
                        if restarts { vec![Impact::Restart, Impact::LogsLost] } else { Vec::new() };
                    impacts.extend(scene.ends_task(here.seen).filter(|_| restarts));
                    line.push(Sketch { changes, impacts, ..sketch });
                }
                Some(Effect::Replace) => {
                    line.draft.read(&declared.id);
                    if declared.protect {
                        protected(line.draft, subject, "replaced");
                    }
                    let delete = Action::DeleteGroup { replaced: true };
                    let sketch = line.sketch(delete, here.guard(scene), here.reason());
                    line.push(Sketch { impacts: here.replace_impacts(scene), ..sketch });
                    let sketch = line.sketch(create(Some(&here)), Guard::Absent, here.reason());
                    let changes = here.changes.iter().chain(&here.tag_changes).cloned().collect();
                    line.push(Sketch { changes, ..sketch });
                }
            }
        }
    }
    if declared.power == Power::Stopped {
        let sketch =
            line.sketch(Action::StopGroup, made(), "power is to be stopped, and it starts when it is made");
        line.push(sketch);
    }
    // Only a run asks for it.
    if for_run.is_some() { made() } else { Guard::None }
}

/// Says that a protected thing would be deleted or replaced.
pub(super) fn protected(draft: &mut Draft, subject: Subject, verb: &str) {
    draft.block(
        Some(subject),
        format!("it is protected, and would be {verb}"),
        "take `protect: true` out of its manifest if that is what you want",
    );
}

/// The tags and the power of a group whose properties are as wanted.
fn rest(scene: Scene<'_>, line: &mut Line<'_, '_>, here: &Here<'_>, for_run: Option<&Name>) -> Guard {
    let declared = line.declared;
    if here.taken_over.is_none() {
        if let Some(edit) = here.settling() {
            let reason = "an update that was interrupted is settled";
            let sketch = line.sketch(Action::TagGroup(edit), guard::group(Some(here.seen)), reason);
            line.push(Sketch { changes: here.tag_changes.clone(), ..sketch });
        } else if !here.edit.is_empty() {
            line.tag(here);
        }
    }
    if declared.power == Power::Unmanaged && for_run.is_none() {
        return Guard::None;
    }
    let guard = here.guard(scene);
    let wakes = for_run.is_some() && declared.power != Power::Stopped;
    if declared.power != Power::Unmanaged || for_run.is_some() {
        line.draft.read(&declared.id);
    }
    let reason = match for_run {
        Some(run) if declared.power == Power::Unmanaged => format!("run {run} needs it running"),
        _ => "power is to be running".to_owned(),
    };
    let start = declared.power == Power::Running || wakes;
    if start && is(here.seen, &["Stopped"]) {
        let address = here.live.ip_address.is_some().then_some(Impact::NewAddress);
        let sketch = line.sketch(Action::StartGroup, guard.clone(), reason);
        line.push(Sketch { impacts: address.into_iter().collect(), ..sketch });
    } else if declared.power == Power::Stopped && is(here.seen, &["Running", "Pending"]) {
        let sketch = line.sketch(Action::StopGroup, guard.clone(), "power is to be stopped");
        line.push(Sketch { impacts: scene.ends_task(here.seen).into_iter().collect(), ..sketch });
    }
    guard
}

/// The step that sets the tags of a group that a run then starts as it is, if they differ.
pub(super) fn tags_first(
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
    here: &Here<'_>,
) -> BTreeSet<StepId> {
    if here.edit.is_empty() {
        return BTreeSet::new();
    }
    BTreeSet::from([Line::new(draft, manifest, declared).tag(here)])
}
