//! What this owner has and no manifest declares any more.
//!
//! It is deleted only when the manifests are all that the project has, or where a person says so; of a part of them it
//! is a note.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::{GroupId, Name};
use crate::model::observed::SeenGroup;
use crate::model::record::intent;
use crate::model::stack::{RunKind, Stack};
use crate::model::tag::{INTENT, lookup};
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::removal;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{StepId, Subject};

/// Plans the deletes.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft) {
    // What is settled is there; where nothing else is, there is nothing to look for.
    let present = draft.present + scene.observed.settled.len();
    let undeclared: Vec<&SeenGroup> = if present == scene.observed.groups.len() {
        Vec::new()
    } else {
        // Most manifests are called as their groups are, and there may be ten thousand.
        let groups = &scene.stack.groups;
        let others =
            groups.iter().filter(|(name, group)| **name != group.id.name).map(|(_, group)| &group.id);
        let others: BTreeSet<&GroupId> = others.collect();
        let is_known =
            |id: &GroupId| groups.get(&id.name).is_some_and(|group| group.id == *id) || others.contains(id);
        let owned = scene.observed.groups.values().filter(|seen| scene.owns(&seen.tags));
        owned.filter(|seen| !is_known(&seen.id) && !of_declared_run(scene, seen)).collect()
    };
    let resource_groups: Vec<_> = removal::owned_resource_groups(scene)
        .filter(|(name, _)| scene.declared_resource_group(name).is_none())
        .collect();
    if undeclared.is_empty() && resource_groups.is_empty() {
        return;
    }
    if !scene.stack.whole && !scene.request.prune {
        let groups = undeclared.iter().map(|seen| Subject::Group(seen.id.clone()));
        let rest = resource_groups.iter().map(|(name, _)| Subject::ResourceGroup((*name).clone()));
        for subject in groups.chain(rest) {
            let text = "it is owned by this project and in none of these manifests";
            draft.note(
                subject,
                text,
                Some(
                    "give the project's whole folder, or `acitask apply --prune`, to have it deleted".into(),
                ),
            );
        }
        return;
    }
    if empty(scene.stack) {
        let text =
            format!("the manifests declare nothing, and {} owns things that would be deleted", scene.owner());
        draft.block(None, text, "to delete everything of the project, use `acitask destroy`");
        return;
    }
    let mut deletes: BTreeMap<&Name, BTreeSet<StepId>> = BTreeMap::new();
    for seen in undeclared {
        let subject = Subject::Group(seen.id.clone());
        let reason = match intent(&seen.tags) {
            Some(intent) => format!("was made for run {}, which is in no manifest", intent.run),
            None if lookup(&seen.tags, INTENT).is_some() => {
                let text = "its tag `acitask-run` cannot be read, so it is not known which run made it";
                draft.conflict(
                    subject,
                    text,
                    "use the version of acitask that wrote it, or delete the group by hand",
                );
                continue;
            }
            None => "is in no manifest".to_owned(),
        };
        let step = removal::group(scene, draft, seen, reason);
        deletes.entry(&seen.id.resource_group).or_default().insert(step);
    }
    for (name, seen) in resource_groups {
        let needs = deletes.remove(name).unwrap_or_default();
        removal::resource_group(scene, draft, seen, needs, "is in no manifest");
    }
}

/// Whether the group is one of a declared ephemeral run.
fn of_declared_run(scene: Scene<'_>, seen: &SeenGroup) -> bool {
    intent(&seen.tags).is_some_and(|intent| {
        let renamed = scene.renamed.iter().find(|(_, from)| **from == intent.run).map(|(name, _)| *name);
        scene.stack.runs.get(renamed.unwrap_or(&intent.run)).is_some_and(|run| {
            matches!(run.kind, RunKind::Ephemeral(_))
                && scene.resource_group_of(run) == Some(&seen.id.resource_group)
        })
    })
}

fn empty(stack: &Stack) -> bool {
    stack.resource_groups.is_empty() && stack.groups.is_empty() && stack.runs.is_empty()
}
