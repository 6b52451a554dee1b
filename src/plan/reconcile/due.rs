//! Whether a run is due, and why.
//!
//! No run that ended, well or badly, is due again unless its trigger, `rerunFailed` or a person says so.

use crate::model::effect::Field;
use crate::model::name::Name;
use crate::model::record::{InputDigest, Intent, Ledger, Record, RunState};
use crate::model::stack::{TaskRun, Trigger};
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::scene::Scene;
use crate::plan::reconcile::stand;
use crate::plan::{Change, Subject, input};

/// What is to be done about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is due; why, for people.
    Now(String),
    /// It is not.
    Rest,
    /// It is not, though it did not end well; what happened, for people.
    Unwell(String),
    /// It is, but a run that it depends on did not end well and is not repeated by itself; which one.
    Waits(Name),
}

/// Whether a run is due, with those that it depends on in mind: after one that did not end well it is not begun, as it
/// would not have been in the apply in which that one failed.
pub(super) fn decide(
    scene: Scene<'_>,
    name: &Name,
    run: &TaskRun,
    recorded: Option<&Record>,
    input: &InputDigest,
    live: &dyn Fn() -> Vec<Change>,
) -> Due {
    let asked = scene.asked_for(name);
    match due(run, asked, recorded, input, live) {
        Due::Now(_) if !asked && let Some(other) = awaited(scene, run) => Due::Waits(other.clone()),
        due => due,
    }
}

/// The run that this one waits for though it has no step.
fn awaited<'a>(scene: Scene<'a>, run: &'a TaskRun) -> Option<&'a Name> {
    run.depends_on.iter().find_map(|name| {
        let (name, other) = scene.stack.runs.get_key_value(name)?;
        let ledger = scene.ledger(scene.resource_group_of(other)?);
        let recorded = ledger.records.get(name);
        if recorded.is_some_and(|record| record.state == RunState::Open) {
            // It is followed to its end first.
            return None;
        }
        match due(other, scene.asked_for(name), recorded, &input::digest(other, scene.stack), &Vec::new) {
            Due::Unwell(_) => Some(name),
            Due::Now(_) => awaited(scene, other),
            Due::Rest | Due::Waits(_) => None,
        }
    })
}

/// Tells why a run has no step, where there is something to tell.
pub(super) fn tell(draft: &mut Draft, name: &Name, due: &Due) {
    match due {
        Due::Now(_) | Due::Rest => {}
        Due::Unwell(what) => unwell(draft, name, what),
        Due::Waits(other) => {
            let text =
                format!("it waits for run {other}, which did not end well and is not repeated by itself");
            draft.note(Subject::Run(name.clone()), text, Some(format!("acitask run {other}")));
        }
    }
}

/// Whether a run is due whose last record, if there is one, is no open one.
///
/// `live` gives the differences of its group's properties, by which the reason can be told more exactly.
fn due(
    run: &TaskRun,
    asked: bool,
    recorded: Option<&Record>,
    input: &InputDigest,
    live: &dyn Fn() -> Vec<Change>,
) -> Due {
    if asked {
        return Due::Now("asked for".into());
    }
    let Some(record) = recorded else {
        return match run.trigger {
            Trigger::OnChange | Trigger::Once | Trigger::Always => Due::Now("never ran".into()),
            Trigger::Manual => Due::Rest,
        };
    };
    let well = record.state == RunState::Succeeded;
    match run.trigger {
        Trigger::Always => Due::Now("runs at every apply".into()),
        Trigger::Manual => Due::Rest,
        Trigger::Once if well => Due::Rest,
        Trigger::Once => Due::Now(format!("has not succeeded yet: {}", outcome(record))),
        Trigger::OnChange if record.input != *input => {
            Due::Now(format!("input changed: {}", parts(&record.input, input, &live())))
        }
        Trigger::OnChange if well => Due::Rest,
        Trigger::OnChange if run.rerun_failed => {
            Due::Now(format!("{}, and rerunFailed is set", outcome(record)))
        }
        Trigger::OnChange => Due::Unwell(outcome(record)),
    }
}

/// `the last run failed (exit 3)`.
fn outcome(record: &Record) -> String {
    let exit = record.exit.map_or_else(String::new, |code| format!(" (exit {code})"));
    format!(
        "the last run {}{exit}",
        match record.state {
            RunState::Open => "has not ended",
            RunState::Succeeded => "succeeded",
            RunState::Failed => "failed",
            RunState::TimedOut => "timed out",
            RunState::Interrupted => "was interrupted, and how it ended is not known",
            RunState::Cancelled => "was cancelled",
        }
    )
}

/// The parts of the input that differ, and of the environment the variables where the live group shows them.
fn parts(old: &InputDigest, new: &InputDigest, live: &[Change]) -> String {
    let InputDigest { image, command, environment, template } = new;
    let variables: Vec<Change> =
        live.iter().filter(|change| change.field == Field::Environment).cloned().collect();
    let environment_word =
        if variables.is_empty() { "environment".to_owned() } else { stand::words(&variables) };
    let words = [
        (old.image != *image, "image".to_owned()),
        (old.command != *command, "command".to_owned()),
        (old.environment != *environment, environment_word),
        (old.template != *template, "template".to_owned()),
    ];
    words.into_iter().filter_map(|(differs, word)| differs.then_some(word)).collect::<Vec<_>>().join(", ")
}

/// Tells a run that is not due though it did not end well.
pub(super) fn unwell(draft: &mut Draft, name: &Name, what: &str) {
    let text = format!("{what}; it is not repeated by itself");
    draft.note(Subject::Run(name.clone()), text, Some(format!("acitask run {name}")));
}

/// Tells a record that cannot be read; true if there is one.
pub(super) fn unreadable(draft: &mut Draft, name: &Name, ledger: &Ledger, resource_group: &Name) -> bool {
    let found = ledger.unreadable.contains(name);
    if found {
        draft.conflict(
            Subject::Run(name.clone()),
            "its record cannot be read, so it is not known whether it ran",
            format!("use the version of acitask that wrote it, or remove the tag `acitask-run.{name}` from resource group {resource_group}"),
        );
    }
    found
}

/// The run that has begun and of which no end is known: by the record on the resource group, by the intent that stands
/// on the run's group, or by both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) record: Record,
    /// Whether the group that is there was made for this run.
    pub(super) placed: bool,
}

/// Finds the run that is open.
///
/// The intent of a PUT and the record of the same run tell together. Where they tell of different runs, the intent counts
/// if it follows the recorded run: then the process ended between the PUT and the record of its run. Else the record is
/// the newer of the two.
pub(super) fn open(recorded: Option<&Record>, intent: Option<&Intent>) -> Option<Open> {
    let placed = |intent: &Intent| Open { record: intent.record.clone(), placed: true };
    let is_open = |record: &Record| record.state == RunState::Open;
    match (recorded, intent) {
        (Some(record), Some(intent)) if record.id == intent.record.id => {
            is_open(record).then(|| Open { record: record.clone(), placed: true })
        }
        (Some(record), Some(intent)) if intent.follows.as_ref() == Some(&record.id) => Some(placed(intent)),
        (Some(record), _) => is_open(record).then(|| Open { record: record.clone(), placed: false }),
        (None, Some(intent)) => Some(placed(intent)),
        (None, None) => None,
    }
}
