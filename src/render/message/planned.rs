//! A plan as messages, in the order of the page that people read.

use super::{ActionWord, ChangeView, ImpactWord, Message, OriginWord, RemarkView, SubjectView, ValueView};
use crate::plan::applied::Origin;
use crate::plan::fingerprint::Fingerprint;
use crate::plan::reconcile::drift::Drift;
use crate::plan::reconcile::{Block, Conflict, Planned};
use crate::plan::{Action, Change, Impact, Note, Subject, Value};
use crate::render::entry::{Count, Entry, entries};
use crate::render::flags::Flags;
use crate::render::heading::{Heading, Place};
use crate::render::title::Mark;

/// The messages of a plan. `pending` tells whether something waits to be done.
pub fn planned(
    heading: &Heading,
    planned: &Planned,
    fingerprint: &Fingerprint,
    pending: bool,
    flags: &Flags,
) -> Vec<Message> {
    let Planned { plan, notes, conflicts, blocks, unchanged } = planned;
    let entries = entries(plan);
    let Count { add, change, replace, delete, run } = Count::of(&entries);
    let mut messages = vec![Message::version(), of_heading(heading)];
    messages.extend(entries.iter().map(of_entry));
    messages.extend(notes.iter().map(|note| Message::Note(of_note(note, flags))));
    messages.extend(conflicts.iter().map(|conflict| Message::Conflict(of_conflict(conflict, flags))));
    messages.extend(blocks.iter().map(|block| Message::Block(of_block(block, flags))));
    messages.push(Message::PlanSummary {
        add,
        change,
        replace,
        delete,
        run,
        unchanged: *unchanged,
        pending,
        fingerprint: fingerprint.to_string(),
    });
    messages
}

fn of_heading(heading: &Heading) -> Message {
    let Heading { place, owner } = heading;
    let project = owner.to_string();
    match place {
        Place::Local { url } => Message::Heading {
            target: "local".to_owned(),
            url: Some(url.clone()),
            tenant: None,
            subscription: None,
            project,
        },
        // A subscription's id is of one cloud.
        Place::Azure { cloud: _, tenant, subscription } => Message::Heading {
            target: "azure".to_owned(),
            url: None,
            tenant: tenant.clone(),
            subscription: Some(subscription.clone()),
            project,
        },
    }
}

fn of_entry(entry: &Entry<'_>) -> Message {
    let Entry { ids, mark, subject: about, reason, action, changes, impacts, needs } = entry;
    Message::PlannedChange {
        steps: ids.iter().map(|id| id.0).collect(),
        action: word(*mark, action),
        subject: subject(about),
        reason: reason.to_string(),
        changes: changes.iter().map(change).collect(),
        impacts: impacts.iter().map(|impact| impact_word(*impact)).collect(),
        needs: needs.iter().map(|id| id.0).collect(),
    }
}

fn word(mark: Mark, action: &Action) -> ActionWord {
    match (mark, action) {
        (Mark::Replace, _) => ActionWord::Replace,
        (_, Action::CreateResourceGroup { .. } | Action::CreateGroup(_)) => ActionWord::Create,
        (_, Action::TagResourceGroup(_) | Action::TagGroup(_)) => ActionWord::Tag,
        (_, Action::UpdateGroup(..)) => ActionWord::Update,
        (_, Action::DeleteResourceGroup | Action::DeleteGroup { .. }) => ActionWord::Delete,
        (_, Action::StartGroup) => ActionWord::Start,
        (_, Action::StopGroup) => ActionWord::Stop,
        (_, Action::Run(_)) => ActionWord::Run,
    }
}

/// What something is about.
pub(super) fn subject(subject: &Subject) -> SubjectView {
    let view = |kind: &str, name: String, resource_group| SubjectView {
        kind: kind.to_owned(),
        name,
        resource_group,
    };
    match subject {
        Subject::ResourceGroup(name) => view("resourceGroup", name.to_string(), None),
        Subject::Group(id) => {
            view("containerGroup", id.name.to_string(), Some(id.resource_group.to_string()))
        }
        Subject::Run(name) => view("taskRun", name.to_string(), None),
    }
}

fn change(change: &Change) -> ChangeView {
    let Change { field: _, path, before, after, origin } = change;
    ChangeView {
        path: path.clone(),
        effect: change.effect(),
        before: before.as_ref().map(value),
        after: after.as_ref().map(value),
        origin: match origin {
            Origin::Unknown => OriginWord::Unknown,
            Origin::Manifest => OriginWord::Manifest,
            Origin::Drift => OriginWord::Drift,
            Origin::Both => OriginWord::Both,
        },
    }
}

/// The messages of what drifted.
pub fn drifts(drifts: &[Drift]) -> Vec<Message> {
    let drifted = drifts.iter().map(|Drift { subject: about, changes, remark }| Message::Drifted {
        subject: subject(about),
        changes: changes.iter().map(change).collect(),
        remark: remark.clone(),
    });
    std::iter::once(Message::version()).chain(drifted).collect()
}

fn value(value: &Value) -> ValueView {
    match value {
        Value::Text(text) => ValueView::Text(text.clone()),
        Value::List(items) => ValueView::List(items.clone()),
        Value::Hidden => ValueView::Secret { secret: true, number: None, checked: None },
        Value::Secret(number) => ValueView::Secret { secret: true, number: Some(*number), checked: None },
        Value::Unchecked => ValueView::Secret { secret: true, number: None, checked: Some(false) },
    }
}

fn impact_word(impact: Impact) -> ImpactWord {
    match impact {
        Impact::Restart => ImpactWord::Restart,
        Impact::Downtime => ImpactWord::Downtime,
        Impact::NewAddress => ImpactWord::NewAddress,
        Impact::NameLost => ImpactWord::NameLost,
        Impact::LogsLost => ImpactWord::LogsLost,
        Impact::EndsTask { running: _ } => ImpactWord::EndsTask,
    }
}

fn of_note(note: &Note, flags: &Flags) -> RemarkView {
    let Note { subject: about, text, help } = note;
    RemarkView {
        subject: Some(subject(about)),
        text: text.clone(),
        help: help.as_ref().map(|help| flags.within(help)),
    }
}

fn of_conflict(conflict: &Conflict, flags: &Flags) -> RemarkView {
    let Conflict { subject: about, text, help } = conflict;
    RemarkView { subject: Some(subject(about)), text: text.clone(), help: Some(flags.within(help)) }
}

fn of_block(block: &Block, flags: &Flags) -> RemarkView {
    let Block { subject: about, text, help } = block;
    RemarkView { subject: about.as_ref().map(subject), text: text.clone(), help: Some(flags.within(help)) }
}
