//! The removal of everything of an owner, declared or not, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::{GroupId, Name};
use crate::model::observed::SeenResourceGroup;
use crate::model::tag::RECORD;
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::groups::protected;
use crate::plan::reconcile::removal;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, StepId, Subject, TagEdit, guard};

const REASON: &str = "everything of the project is to be removed";

/// Plans the removal: groups first, then the resource groups that they stood in.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft) {
    let mut deletes: BTreeMap<&Name, BTreeSet<StepId>> = BTreeMap::new();
    let kept = scene.stack.groups.values().filter(|group| group.protect);
    let kept: BTreeSet<&GroupId> = kept.map(|group| &group.id).collect();
    for seen in scene.observed.groups.values().filter(|seen| scene.owns(&seen.tags)) {
        if kept.contains(&seen.id) {
            protected(draft, Subject::Group(seen.id.clone()), "deleted");
        }
        let step = removal::group(scene, draft, seen, REASON);
        deletes.entry(&seen.id.resource_group).or_default().insert(step);
    }
    for (name, seen) in &scene.observed.resource_groups {
        let declared = scene.declared_resource_group(name);
        let needs = deletes.remove(name).unwrap_or_default();
        if declared.is_some_and(|declared| declared.existing) {
            forget_records(scene, draft, seen, needs);
        } else if scene.owns(&seen.tags) {
            if declared.is_some_and(|declared| declared.protect) {
                protected(draft, Subject::ResourceGroup(name.clone()), "deleted");
            }
            removal::resource_group(scene, draft, seen, needs, REASON);
        }
    }
}

/// Removes the records of this stack's runs from a resource group that stays.
fn forget_records(scene: Scene<'_>, draft: &mut Draft, seen: &SeenResourceGroup, needs: BTreeSet<StepId>) {
    let record = |tag: &String| {
        let head = tag.get(..RECORD.len()).is_some_and(|head| head.eq_ignore_ascii_case(RECORD));
        head && scene.stack.runs.contains_key(&Name::from(&tag[RECORD.len()..]))
    };
    let remove: BTreeSet<String> = seen.tags.keys().filter(|tag| record(tag)).cloned().collect();
    if remove.is_empty() {
        return;
    }
    let edit = TagEdit { remove, ..TagEdit::default() };
    let subject = Subject::ResourceGroup(seen.name.clone());
    let guard = guard::resource_group(Some(seen));
    let reason = "it is somebody else's and stays; the records of runs are removed from its tags";
    draft.push(Sketch { needs, ..Sketch::new(subject, Action::TagResourceGroup(edit), guard, reason) });
}
