//! Ephemeral runs: a group made for the run, and deleted or kept when it has ended.

use std::collections::BTreeSet;

use crate::model::digest;
use crate::model::name::{GroupId, Name};
use crate::model::observed::SeenGroup;
use crate::model::record::{InputDigest, Intent, Record, RunState, intent};
use crate::model::stack::{EphemeralRun, TaskRun, Trigger};
use crate::plan::reconcile::draft::{Draft, Key, Sketch};
use crate::plan::reconcile::due::{self, Due, Open};
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Begin, Deployment, Finish, Guard, Impact, Run, Subject, guard, input, tags};

/// The longest name of a container group, as Microsoft's page "Troubleshoot common issues in Azure Container Instances" says.
const LONGEST: usize = 63;

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
    let placed = groups(scene, name, resource_group);
    // Two applies at once may have begun a run each. One is followed; the other's group is left over once that is recorded.
    let adopted = placed.iter().find_map(|(seen, intent)| {
        let open = due::open(recorded, Some(intent)).filter(|open| open.placed)?;
        Some((*seen, open))
    });
    let asked_only = scene.asked_for(name);
    if !asked_only {
        let rest = placed
            .iter()
            .filter(|(_, intent)| due::open(recorded, Some(intent)).is_none_or(|open| !open.placed));
        for (seen, intent) in rest.filter(|(_, intent)| !kept(ephemeral, recorded, intent)) {
            let reason = format!("left over from run {}, which has ended", intent.record.id);
            let action = Action::DeleteGroup { replaced: false };
            let subject = Subject::Group(seen.id.clone());
            let sketch = Sketch::new(subject, action, guard::group(Some(seen)), reason);
            draft.push(Sketch { impacts: vec![Impact::LogsLost], ..sketch });
        }
    }
    let input = input::digest(run, scene.stack);
    let is_open = adopted.is_some();
    let (group, begin, guard, input, reason) = match adopted {
        Some((seen, Open { record, placed: _ })) => {
            draft.read(&seen.id);
            let reason = "the last run was interrupted before its end was recorded".to_owned();
            let input = record.input.clone();
            (seen.id.clone(), Begin::Adopt(record), guard::group(Some(seen)), input, reason)
        }
        None => {
            let Some(reason) = due(scene, draft, name, run, recorded, &input) else { return };
            let Some(location) = scene.location(ephemeral.location.as_ref(), resource_group) else {
                let help = "give the template or its resource group a `location`";
                draft.conflict(Subject::Run(name.clone()), "its group has no location", help);
                return;
            };
            let tags = tags::wanted(scene.owner(), &ephemeral.tags);
            let body = Deployment { location, tags, group: ephemeral.group.clone() };
            let id = GroupId {
                resource_group: resource_group.clone(),
                name: free_name(scene, resource_group, name, &input),
            };
            (id, Begin::Create(Box::new(body)), Guard::Absent, input, reason)
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
fn due(
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
    match due::due(run, asked, recorded, input, &[]) {
        Due::Now(reason) => Some(reason),
        Due::Rest => None,
        Due::Unwell(what) => {
            due::unwell(draft, name, &what);
            None
        }
    }
}

/// The groups of ours that were made for runs of this TaskRun, each with the intent in its tag.
fn groups<'a>(scene: Scene<'a>, name: &Name, resource_group: &Name) -> Vec<(&'a SeenGroup, Intent)> {
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
fn kept(ephemeral: &EphemeralRun, recorded: Option<&Record>, intent: &Intent) -> bool {
    match recorded.filter(|record| record.id == intent.record.id) {
        Some(record) if record.state == RunState::Succeeded => ephemeral.keep_on_success,
        Some(_) => ephemeral.keep_on_failure,
        None => ephemeral.keep_on_success || ephemeral.keep_on_failure,
    }
}

/// `<run>-<input>-<n>` with the smallest number that no group has.
fn free_name(scene: Scene<'_>, resource_group: &Name, run: &Name, input: &InputDigest) -> Name {
    let digest = digest::hex(&input.to_string(), 8);
    let named = |number: usize| {
        let tail = format!("-{digest}-{number}");
        let mut head = run.as_str().to_ascii_lowercase();
        head.truncate(LONGEST.saturating_sub(tail.len()));
        Name::new(format!("{}{tail}", head.trim_end_matches('-')))
    };
    let taken = |name: &Name| {
        let id = GroupId { resource_group: resource_group.clone(), name: name.clone() };
        scene.observed.groups.contains_key(&id)
    };
    // One number more than there are groups is always free.
    (1..=scene.observed.groups.len())
        .map(named)
        .find(|name| !taken(name))
        .unwrap_or_else(|| named(scene.observed.groups.len() + 1))
}
