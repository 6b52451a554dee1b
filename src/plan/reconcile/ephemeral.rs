//! Ephemeral runs: a group made for the run, and deleted or kept when it has ended.

use std::collections::BTreeSet;

use crate::model::digest;
use crate::model::name::{GroupId, Name};
use crate::model::observed::SeenGroup;
use crate::model::record::{InputDigest, Intent, Record, RunState, intent};
use crate::model::stack::{Concurrency, EphemeralRun, TaskRun, Trigger};
use crate::plan::judge::PLATFORM;
use crate::plan::reconcile::array;
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::due::{self, Due, Open};
use crate::plan::reconcile::links::Key;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{
    Action, Begin, Course, Deployment, Finish, Guard, Impact, Run, Subject, guard, input, naming, tags,
};

/// Plans one ephemeral run and what is left of earlier ones.
pub(super) fn draft(
    scene: Scene<'_>,
    draft: &mut Draft,
    name: &Name,
    run: &TaskRun,
    ephemeral: &EphemeralRun,
) {
    let Some(resource_group) = scene.stack.resource_groups.get(&ephemeral.resource_group) else { return };
    let resource_group = &resource_group.name;
    let ledger = scene.ledger(resource_group);
    if due::unreadable(draft, name, &ledger, resource_group) {
        return;
    }
    let recorded = ledger.records.get(name);
    if let Some(items) = &ephemeral.array {
        return array::draft(scene, draft, name, run, ephemeral, items, recorded);
    }
    let placed = groups(scene, name, resource_group);
    // Two applies at once may have begun a run each. One is followed; the other's group is left over once that is recorded.
    // Of the attempts of one run the last is followed: the next one is begun before the one before is deleted.
    let open = placed.iter().filter_map(|(seen, intent)| {
        let open = due::open(recorded, Some(intent)).filter(|open| open.placed)?;
        Some((*seen, Open { record: Record { attempt: intent.record.attempt, ..open.record }, placed: true }))
    });
    let adopted = open.max_by_key(|(_, open)| open.record.attempt);
    let overtaken = |intent: &Intent| {
        adopted.as_ref().is_some_and(|(_, open)| {
            open.record.id == intent.record.id && intent.record.attempt < open.record.attempt
        })
    };
    let asked_only = scene.asked_for(name);
    if !asked_only {
        let ended = |intent: &Intent| {
            due::open(recorded, Some(intent)).is_none_or(|open| !open.placed)
                && !kept(ephemeral, recorded, intent)
        };
        for (seen, intent) in placed.iter().filter(|(_, intent)| overtaken(intent) || ended(intent)) {
            left_over(draft, seen, intent);
        }
    }
    let input = input::digest(run, scene.stack);
    let is_open = adopted.is_some();
    let (group, begin, guard, input, reason, again) = match adopted {
        Some((seen, Open { record, placed: _ })) => {
            draft.read(&seen.id);
            let reason = "the last run was interrupted before its end was recorded".to_owned();
            let first = naming::first(&seen.id, record.attempt);
            // It is tried again only as what it was begun as.
            let again = (record.input == input && run.retries.limit > 0)
                .then(|| body(scene, ephemeral, resource_group))
                .flatten()
                .map(Box::new);
            let input = record.input.clone();
            (first, Begin::Adopt(record), guard::group(Some(seen)), input, reason, again)
        }
        None => {
            let Some(reason) = due(scene, draft, name, run, recorded, &input) else { return };
            let Some(body) = body(scene, ephemeral, resource_group) else {
                return no_location(draft, name);
            };
            let name = Names::new(scene, resource_group, name, &input, run).free(None);
            let id = GroupId { resource_group: resource_group.clone(), name };
            (id, Begin::Create(Box::new(body)), Guard::Absent, input, reason, None)
        }
    };
    let Some(container) = run.deciding_container(&ephemeral.group) else { return };
    let step = Run {
        name: name.clone(),
        ledger: resource_group.clone(),
        recorded: recorded.cloned(),
        group,
        container: container.to_owned(),
        input,
        begin,
        finish: Finish::Delete {
            keep_on_success: ephemeral.keep_on_success,
            keep_on_failure: ephemeral.keep_on_failure,
        },
        timeout: run.timeout,
        retries: run.retries,
        again,
        concurrency: Concurrency::Refuse,
        course: Course::Follow,
    };
    let key = Key::Run(name.clone());
    let after = if is_open {
        BTreeSet::from([Key::ResourceGroup(resource_group.clone())])
    } else {
        draft.links(&key)
    };
    let sketch = Sketch::new(Subject::Run(name.clone()), Action::Run(Box::new(step)), guard, reason);
    draft.push(Sketch { after, of: Some(key), ..sketch });
}

/// Why the run is due, if it is.
///
/// Of an open run without a group nobody can tell whether the group was never made or whether it ended and was deleted
/// by somebody else; the engine records an end before it deletes. So the run is taken as never made, unless only a
/// person may start it.
pub(super) fn due(
    scene: Scene<'_>,
    draft: &mut Draft,
    name: &Name,
    run: &TaskRun,
    recorded: Option<&Record>,
    input: &InputDigest,
) -> Option<String> {
    let asked = scene.asked_for(name);
    if !asked && recorded.is_some_and(|record| record.state == RunState::Open) {
        let what = "its group is gone before its end was recorded";
        return match run.trigger {
            Trigger::OnChange | Trigger::Once | Trigger::Always => Some(what.to_owned()),
            Trigger::Manual => {
                due::unwell(draft, name, what);
                None
            }
        };
    }
    match due::decide(scene, name, run, recorded, input, &Vec::new) {
        Due::Now(reason) => Some(reason),
        other => {
            due::tell(draft, name, &other);
            None
        }
    }
}

/// The groups of ours that were made for runs of this TaskRun, each with the intent in its tag.
pub(super) fn groups<'a>(
    scene: Scene<'a>,
    name: &Name,
    resource_group: &Name,
) -> Vec<(&'a SeenGroup, Intent)> {
    let declared = |id: &GroupId| scene.stack.groups.values().any(|group| group.id == *id);
    let ours = scene.observed.groups.values().filter(|seen| {
        seen.id.resource_group == *resource_group && scene.owns(&seen.tags) && !declared(&seen.id)
    });
    ours.filter_map(|seen| {
        let intent = intent(&seen.tags)?;
        (intent.run == *name).then_some((seen, intent))
    })
    .collect()
}

/// Whether the group of a run that has ended stays. How a run before the recorded one ended is not known any more;
/// its group is still there only because it was to be kept.
pub(super) fn kept(ephemeral: &EphemeralRun, recorded: Option<&Record>, intent: &Intent) -> bool {
    match recorded.filter(|record| record.id == intent.record.id) {
        Some(record) if record.state == RunState::Succeeded => ephemeral.keep_on_success,
        Some(_) => ephemeral.keep_on_failure,
        None => ephemeral.keep_on_success || ephemeral.keep_on_failure,
    }
}

/// Plans the delete of a group of a run that has ended.
pub(super) fn left_over(draft: &mut Draft, seen: &SeenGroup, intent: &Intent) {
    let reason = format!("left over from run {}, which has ended", intent.record.id);
    let action = Action::DeleteGroup { replaced: false };
    let subject = Subject::Group(seen.id.clone());
    let sketch = Sketch::new(subject, action, guard::group(Some(seen)), reason);
    draft.push(Sketch { impacts: vec![Impact::LogsLost], ..sketch });
}

/// What the group of a run is made from; absent where nothing says where it stands.
pub(super) fn body(scene: Scene<'_>, ephemeral: &EphemeralRun, resource_group: &Name) -> Option<Deployment> {
    let location = scene.location(ephemeral.location.as_ref(), resource_group)?;
    let tags = tags::wanted(scene.owner(), &ephemeral.tags);
    Some(Deployment { location, tags, group: ephemeral.group.clone() })
}

pub(super) fn no_location(draft: &mut Draft, name: &Name) {
    let help = "give the template or its resource group a `location`";
    draft.conflict(Subject::Run(name.clone()), "its group has no location", help);
}

/// Names for the groups of one run that no group has.
pub(super) struct Names<'a> {
    run: &'a Name,
    digest: String,
    taken: BTreeSet<&'a Name>,
    attempts: u32,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        scene: Scene<'a>,
        resource_group: &Name,
        name: &'a Name,
        input: &InputDigest,
        run: &TaskRun,
    ) -> Self {
        let there = scene.observed.groups.keys().filter(|id| id.resource_group == *resource_group);
        Self {
            run: name,
            digest: digest::hex(&input.to_string(), 8),
            taken: there.map(|id| &id.name).collect(),
            attempts: run.retries.limit + PLATFORM + 1,
        }
    }

    /// The name with the smallest number of which no attempt is there.
    pub(super) fn free(&self, item: Option<u32>) -> Name {
        let named = |number| naming::group(self.run, &self.digest, item, number);
        let taken = |name: &Name| {
            let first = GroupId { resource_group: self.run.clone(), name: name.clone() };
            (1..=self.attempts).any(|attempt| self.taken.contains(&naming::attempt(&first, attempt).name))
        };
        // One number more than there are groups is always free.
        let free = (1..=self.taken.len()).map(named).find(|name| !taken(name));
        free.unwrap_or_else(|| named(self.taken.len() + 1))
    }
}
