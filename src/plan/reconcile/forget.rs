//! Letting go of something: our tags are dropped from it, and nothing else of it is touched.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::tag::{RESERVED, Tags};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Guard, Subject, TagEdit, guard};

/// Plans the removal of our tags from what a manifest of this name declares, or what Azure knows by it: a resource
/// group by its name, a container group by its name or as `resourceGroup/name`.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft, name: &Name) {
    let mut found = false;
    let declared = scene.stack.groups.get(name).map(|declared| &declared.id);
    for seen in scene.observed.groups.values().filter(|seen| scene.owns(&seen.tags)) {
        let is_meant = match declared {
            Some(id) => *id == seen.id,
            None => seen.id.name == *name || Name::new(seen.id.to_string()) == *name,
        };
        if is_meant {
            found = true;
            let_go(draft, Subject::Group(seen.id.clone()), &seen.tags, guard::group(Some(seen)));
        }
    }
    let declared = scene.stack.resource_groups.get(name).map(|declared| &declared.name);
    for seen in scene.observed.resource_groups.values().filter(|seen| scene.owns(&seen.tags)) {
        if *declared.unwrap_or(name) == seen.name {
            found = true;
            let guard = guard::resource_group(Some(seen));
            let_go(draft, Subject::ResourceGroup(seen.name.clone()), &seen.tags, guard);
        }
    }
    if !found {
        let subject = Subject::ResourceGroup(name.clone());
        let text = format!("{} owns nothing of this name", scene.owner());
        draft.conflict(subject, text, "see what it owns with `acitask status`");
    }
}

fn let_go(draft: &mut Draft, subject: Subject, tags: &Tags, guard: Guard) {
    let ours =
        |tag: &&String| tag.get(..RESERVED.len()).is_some_and(|head| head.eq_ignore_ascii_case(RESERVED));
    let remove: BTreeSet<String> = tags.keys().filter(ours).cloned().collect();
    let edit = TagEdit { remove, ..TagEdit::default() };
    let action = match &subject {
        Subject::ResourceGroup(_) => Action::TagResourceGroup(edit),
        Subject::Group(_) | Subject::Run(_) => Action::TagGroup(edit),
    };
    draft.push(Sketch::new(subject, action, guard, "is let go: it stays as it is, and nobody's"));
}
