//! Cleaning up the groups that ended runs have left: those that were kept long enough, or all of them.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::name::Name;
use crate::model::observed::SeenGroup;
use crate::model::record::{Intent, intent};
use crate::model::stack::{EphemeralRun, RunKind};
use crate::plan::reconcile::Cleaning;
use crate::plan::reconcile::draft::{Draft, Sketch};
use crate::plan::reconcile::due;
use crate::plan::reconcile::scene::Scene;
use crate::plan::{Action, Impact, Subject, guard};

/// Plans the deletes.
pub(super) fn draft(scene: Scene<'_>, draft: &mut Draft, cleaning: Cleaning) {
    for seen in scene.observed.groups.values().filter(|seen| scene.owns(&seen.tags)) {
        let Some(intent) = intent(&seen.tags) else { continue };
        let Some(run) = scene.stack.runs.get(&intent.run) else { continue };
        let RunKind::Ephemeral(ephemeral) = &run.kind else { continue };
        if is_open(scene, &seen.id.resource_group, &intent) {
            continue;
        }
        draft.read(&seen.id);
        if let Some(reason) = reason(ephemeral, seen, &intent, cleaning) {
            let subject = Subject::Group(seen.id.clone());
            let action = Action::DeleteGroup { replaced: false };
            let sketch = Sketch::new(subject, action, guard::group(Some(seen)), reason);
            draft.push(Sketch { impacts: vec![Impact::LogsLost], ..sketch });
        }
    }
}

fn is_open(scene: Scene<'_>, resource_group: &Name, intent: &Intent) -> bool {
    let ledger = scene.ledger(resource_group);
    due::open(ledger.records.get(&intent.run), Some(intent)).is_some_and(|open| open.placed)
}

/// Why the group goes; nothing where it stays.
fn reason(ephemeral: &EphemeralRun, seen: &SeenGroup, intent: &Intent, cleaning: Cleaning) -> Option<String> {
    let run = &intent.record.id;
    match (cleaning, ephemeral.keep_for) {
        (Cleaning::All, _) => Some(format!("left from run {run}, which has ended")),
        (Cleaning::Expired { now }, Some(period)) => {
            let ended = ended(seen).or(intent.record.at)?;
            let age = Duration::try_from(now.duration_since(ended)).ok()?;
            (age > period.get()).then(|| format!("run {run} ended more than {period} ago"))
        }
        (Cleaning::Expired { .. }, None) => None,
    }
}

/// When the last of its containers ended, by the service's clock.
fn ended(seen: &SeenGroup) -> Option<Timestamp> {
    let containers = seen.view.iter().flat_map(|view| view.containers.values());
    containers.filter_map(|container| container.current.as_ref()?.finish_time).max()
}
