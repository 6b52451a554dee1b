//! Deletes of groups and of resource groups, the latter only where everything in them is this owner's.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::observed::{SeenGroup, SeenResourceGroup};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Impact, StepId, Subject, guard};

/// How many foreign things are named.
const NAMED: usize = 10;

/// Deletes a group of this owner.
pub(super) fn group(
    scene: Scene<'_>,
    draft: &mut Draft,
    seen: &SeenGroup,
    reason: impl Into<String>,
) -> StepId {
    let action = Action::DeleteGroup { replaced: false };
    let sketch = Sketch::new(Subject::Group(seen.id.clone()), action, guard::group(Some(seen)), reason);
    let impacts = [Some(Impact::LogsLost), scene.ends_task(seen)].into_iter().flatten().collect();
    draft.push(Sketch { impacts, ..sketch })
}

/// Deletes a resource group of this owner after the groups in it, unless something in it is somebody else's.
pub(super) fn resource_group(
    scene: Scene<'_>,
    draft: &mut Draft,
    seen: &SeenResourceGroup,
    needs: BTreeSet<StepId>,
    reason: &str,
) {
    let subject = Subject::ResourceGroup(seen.name.clone());
    let Some(resources) = &seen.resources else {
        draft.list(&seen.name);
        let help = "ask for the right to read it, or delete it by hand";
        draft.conflict(subject, "what is in it could not be read, so it is not deleted", help);
        return;
    };
    let foreign: Vec<String> = resources
        .iter()
        .filter(|resource| !scene.owns(&resource.tags))
        .map(|resource| format!("{} {}", resource.kind, resource.name))
        .collect();
    if !foreign.is_empty() {
        let named = foreign.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = match foreign.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        draft.conflict(
            subject,
            format!("it is not deleted, because these are not owned by {}: {named}{more}", scene.owner()),
            "move or delete them first, or declare the resource group with `existing: true`",
        );
        return;
    }
    let guard = guard::resource_group(Some(seen));
    let sketch = Sketch::new(subject, Action::DeleteResourceGroup, guard, reason);
    draft.push(Sketch { needs, ..sketch });
}

/// The resource groups of this owner, by Azure's name.
pub(super) fn owned_resource_groups<'a>(
    scene: Scene<'a>,
) -> impl Iterator<Item = (&'a Name, &'a SeenResourceGroup)> {
    scene.observed.resource_groups.iter().filter(move |(_, seen)| scene.owns(&seen.tags))
}
