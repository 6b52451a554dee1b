//! Resource groups: made, tagged, never moved; somebody else's are used and left alone.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::stack::ResourceGroup;
use crate::model::tag::{RECORD, lookup};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::{Hold, Scene, leaving};
use crate::plan::{Action, Guard, Subject, diff, guard, tags};

/// Plans one declared resource group.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft, manifest: &Name, declared: &ResourceGroup) {
    let ResourceGroup { name, location, tags: own, existing, records: _, protect: _, moved_from: _ } =
        declared;
    let subject = Subject::ResourceGroup(name.clone());
    let key = Key::ResourceGroup(name.clone());
    let wanted = tags::wanted(scene.owner(), own);
    let Some(seen) = scene.seen_resource_group(name) else {
        match location {
            _ if *existing => draft.conflict(
                subject,
                "it does not exist, though the manifest says that it does",
                "create it, or take `existing: true` out of the manifest",
            ),
            None => {
                draft.conflict(
                    subject,
                    "it has no location",
                    "give it a `location`, or give the project one",
                );
            }
            Some(location) => {
                let action = Action::CreateResourceGroup { location: location.clone(), tags: wanted };
                let step = Sketch::new(subject, action, Guard::Absent, "does not exist");
                draft.push(Sketch { of: Some(key), ..step });
            }
        }
        return;
    };
    if leaving(&seen.provisioning) {
        draft.conflict(subject, "it is being deleted", "wait until it is gone, then try again");
        return;
    }
    if location.as_deref().and_then(|location| diff::location(location, &seen.location)).is_some() {
        let text = format!("it is in {}, and a resource group cannot be moved", seen.location);
        draft.conflict(
            subject,
            text,
            format!("set its `location` to {}, or choose another name", seen.location),
        );
        return;
    }
    if *existing {
        return;
    }
    let reason = match scene.hold(manifest, &seen.tags) {
        Hold::Foreign(holder) => {
            draft.conflict(
                subject,
                format!("it is owned by {holder}, not by {}", scene.owner()),
                format!("take it over with `--adopt {manifest}`, or declare it with `existing: true`"),
            );
            return;
        }
        Hold::TakenOver(holder) => format!("taken over from {holder}"),
        Hold::Ours => "tags differ".to_owned(),
    };
    let (mut edit, changes) = tags::diff(&wanted, &seen.tags, &BTreeSet::new());
    let mut reason = if edit.is_empty() { Vec::new() } else { vec![reason] };
    for (name, from) in scene.renamed {
        let old = format!("{RECORD}{from}");
        let Some((tag, value)) = seen.tags.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(&old)) else {
            continue;
        };
        let new = format!("{RECORD}{name}");
        if lookup(&seen.tags, &new).is_none() {
            edit.set.insert(new, value.clone());
        }
        edit.remove.insert(tag.clone());
        reason.push(format!("run {name} was called {from}"));
    }
    let reason = reason.join("; ");
    if !edit.is_empty() {
        let guard = guard::resource_group(Some(seen));
        let step = Sketch::new(subject, Action::TagResourceGroup(edit), guard, reason);
        draft.push(Sketch { of: Some(key), changes, ..step });
    }
}
