//! Ephemeral runs that are fanned out over items: which items have to run, and in which groups.
//!
//! Invariants: an item that succeeded with this input is not run again unless a person asks for all of them; the bits in
//! the record belong to the items by their digest, so that items that were added run alone and a changed list runs whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::{GroupId, Name};
use crate::model::observed::SeenGroup;
use crate::model::record::{Done, InputDigest, Intent, Record, RunState};
use crate::model::stack::{Array, Concurrency, EphemeralRun, TaskRun, Trigger};
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::ephemeral::{self, Names};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Begin, Course, Fan, Finish, Guard, Item, Run, Subject, input, naming};

/// Plans one run that is fanned out, and what is left of earlier ones.
pub(super) fn draft(
    scene: Scene<'_>,
    draft: &mut Draft,
    name: &Name,
    run: &TaskRun,
    ephemeral: &EphemeralRun,
    array: &Array,
    recorded: Option<&Record>,
) {
    let Some(resource_group) = scene.stack.resource_groups.get(&ephemeral.resource_group) else { return };
    let resource_group = &resource_group.name;
    let open = recorded.filter(|record| record.state == RunState::Open);
    let placed = ephemeral::groups(scene, name, resource_group);
    let input = input::digest(run, scene.stack);
    let known = known(recorded, &input, array);
    // What was begun with another input gives way to what is wanted now.
    let open = open.filter(|record| record.input == input && known.is_some());
    let mut adopted = adopted(&placed, open);
    for (seen, intent) in &placed {
        let followed = adopted.values().any(|(adopted, _)| adopted.id == seen.id);
        if !followed && !scene.asked_for(name) && !is_kept(ephemeral, recorded, intent) {
            ephemeral::left_over(draft, seen, intent);
        }
    }
    let count = u32::try_from(array.items.len()).unwrap_or(u32::MAX);
    let due = match (open, known) {
        (Some(_), Some(done)) => {
            Some(("the last run was interrupted before its end was recorded".to_owned(), done))
        }
        (_, known) => due(scene, draft, (name, run), recorded, &input, known, array),
    };
    let Some((reason, done)) = due else { return };
    let Some(body) = ephemeral::body(scene, ephemeral, resource_group) else {
        return ephemeral::no_location(draft, name);
    };
    let Some(container) = run.deciding_container(&ephemeral.group) else { return };
    let names = Names::new(scene, resource_group, name, &input, run);
    let resume = open.cloned();
    let mut items: Vec<Item> = (0..count)
        .zip(&array.items)
        .filter(|(index, _)| !done.get(*index))
        .map(|(index, text)| {
            let adopt = adopted.remove(&index);
            let group = match &adopt {
                Some((seen, record)) => naming::first(&seen.id, record.attempt),
                None => GroupId { resource_group: resource_group.clone(), name: names.free(Some(index)) },
            };
            Item { index, text: text.clone(), group, adopt: adopt.map(|(_, record)| record) }
        })
        .collect();
    // What runs already is followed before anything else is begun.
    items.sort_by_key(|item| item.adopt.is_none());
    let Some(first) = items.first() else { return };
    let fan = Fan { parallelism: array.parallelism, done, body, resume, items: items.clone() };
    let step = Run {
        name: name.clone(),
        ledger: resource_group.clone(),
        recorded: recorded.cloned(),
        group: first.group.clone(),
        container: container.to_owned(),
        input,
        begin: Begin::Fan(Box::new(fan)),
        finish: Finish::Delete {
            keep_on_success: ephemeral.keep_on_success,
            keep_on_failure: ephemeral.keep_on_failure,
        },
        timeout: run.timeout,
        retries: run.retries,
        again: None,
        concurrency: Concurrency::Refuse,
        course: Course::Follow,
    };
    let key = Key::Run(name.clone());
    let after = if open.is_some() {
        BTreeSet::from([Key::ResourceGroup(resource_group.clone())])
    } else {
        draft.links(&key)
    };
    let action = Action::Run(Box::new(step));
    let sketch = Sketch::new(Subject::Run(name.clone()), action, Guard::None, reason);
    draft.push(Sketch { after, of: Some(key), ..sketch });
}

/// Why the array is due and which of its items need no run; nothing where it is not due.
fn due(
    scene: Scene<'_>,
    draft: &mut Draft,
    (name, run): (&Name, &TaskRun),
    recorded: Option<&Record>,
    input: &InputDigest,
    known: Option<Done>,
    array: &Array,
) -> Option<(String, Done)> {
    let count = u32::try_from(array.items.len()).unwrap_or(u32::MAX);
    let none = || Done::new(count, &input::items(&array.items));
    let missing = |done: &Done| count - done.succeeded();
    let may = run.trigger != Trigger::Manual || scene.asked_for(name);
    if recorded.is_some_and(|record| record.state == RunState::Open) {
        let reason = "what is wanted changed before the last run had ended".to_owned();
        return may.then(|| (reason, none()));
    }
    match known {
        // What a person asks for, or what comes at every apply, is all of it unless some of it is still to be done.
        Some(done) if done.is_whole() => {
            ephemeral::due(scene, draft, name, run, recorded, input).map(|reason| (reason, none()))
        }
        Some(done)
            if recorded.and_then(|record| record.done.as_ref()).is_some_and(|old| old.count() < count) =>
        {
            let new = format!("items were added: {} of {count} are to run", missing(&done));
            may.then_some((new, done))
        }
        Some(done) => {
            let reason = ephemeral::due(scene, draft, name, run, recorded, input)?;
            Some((format!("{reason}; {} of {count} items are still to run", missing(&done)), done))
        }
        None if recorded.is_some_and(|record| record.input == *input) && run.trigger == Trigger::OnChange => {
            Some(("input changed: items".to_owned(), none()))
        }
        None => ephemeral::due(scene, draft, name, run, recorded, input).map(|reason| (reason, none())),
    }
}

/// The items that succeeded with this input, as far as the record tells of these items.
fn known(recorded: Option<&Record>, input: &InputDigest, array: &Array) -> Option<Done> {
    let record = recorded.filter(|record| record.input == *input)?;
    let old = record.done.as_ref()?;
    let before = array.items.get(..usize::try_from(old.count()).ok()?)?;
    if !old.is_of(&input::items(before)) {
        return None;
    }
    let count = u32::try_from(array.items.len()).ok()?;
    let mut done = Done::new(count, &input::items(&array.items));
    (0..old.count()).filter(|item| old.get(*item)).for_each(|item| done.set(item));
    Some(done)
}

/// By item, the group of its last attempt in the open run, with the record in its tag.
fn adopted<'a>(
    placed: &[(&'a SeenGroup, Intent)],
    open: Option<&Record>,
) -> BTreeMap<u32, (&'a SeenGroup, Record)> {
    let mut adopted: BTreeMap<u32, (&SeenGroup, Record)> = BTreeMap::new();
    let Some(open) = open else { return adopted };
    let is_done = |item: u32| open.done.as_ref().is_some_and(|done| done.get(item));
    for (seen, intent) in placed.iter().filter(|(_, intent)| intent.record.id == open.id) {
        let Some(item) = intent.record.item.filter(|item| !is_done(*item)) else { continue };
        if adopted.get(&item).is_none_or(|(_, known)| known.attempt < intent.record.attempt) {
            adopted.insert(item, (seen, intent.record.clone()));
        }
    }
    adopted
}

/// Whether the group of an item that has ended stays.
fn is_kept(ephemeral: &EphemeralRun, recorded: Option<&Record>, intent: &Intent) -> bool {
    let own = recorded.filter(|record| record.id == intent.record.id);
    match (own.and_then(|record| record.done.as_ref()), intent.record.item) {
        (Some(done), Some(item)) if done.get(item) => ephemeral.keep_on_success,
        // An attempt that was followed by another is not kept.
        (Some(_), Some(_)) => ephemeral.keep_on_failure && own.is_some_and(|own| own.state != RunState::Open),
        _ => ephemeral.keep_on_success || ephemeral.keep_on_failure,
    }
}
