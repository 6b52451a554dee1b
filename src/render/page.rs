//! A whole plan on one page: its entries, what people should know beside them, and the count.

use std::io::{self, Write};
use std::time::Duration;

use crate::plan::reconcile::{Block, Conflict, Planned};
use crate::plan::{Impact, Note, Subject};
use crate::render::advice::advice;
use crate::render::changes;
use crate::render::entry::{Count, Entry, entries};
use crate::render::flags::Flags;
use crate::render::heading::Heading;
use crate::render::rows::rows;
use crate::render::style::{Label, Style};
use crate::render::text::{columns, counted, elapsed, harmless, padded, table, wrapped};

/// Subjects longer than this do not push the column of reasons to the right.
const SUBJECT_COLUMN: usize = 44;

/// How much of a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What forbids it, and the last line.
    Last,
    /// A line an entry, and the remarks.
    Lines,
    /// Everything.
    Whole,
}

/// Something said about a subject, or about the whole plan.
struct Remark<'p> {
    subject: Option<&'p Subject>,
    text: &'p str,
    help: Option<&'p str>,
}

/// Writes where the plan goes and then the plan; one line where nothing is to be done.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    heading: &Heading,
    planned: &Planned,
    flags: &Flags,
    style: Style,
    extent: Extent,
) -> io::Result<()> {
    let Planned { plan, notes, conflicts, blocks, unchanged } = planned;
    writeln!(out, "{}", style.paint(Label::Title, &heading.to_string()))?;
    let entries = entries(plan);
    let column = entries
        .iter()
        .map(|entry| columns(&entry.subject.to_string()))
        .filter(|width| *width <= SUBJECT_COLUMN)
        .max()
        .unwrap_or(0);
    if extent == Extent::Lines && !entries.is_empty() {
        writeln!(out)?;
    }
    for entry in entries.iter().filter(|_| extent > Extent::Last) {
        let mut lines = title_lines(entry, column, style);
        if extent == Extent::Whole {
            writeln!(out)?;
            lines.extend(detail_lines(entry, style));
        }
        lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))?;
    }
    let sections = [
        ("Note", Label::Aside, notes.iter().filter(|_| extent > Extent::Last).map(note).collect::<Vec<_>>()),
        ("Conflict", Label::Delete, conflicts.iter().map(conflict).collect()),
        ("Blocked", Label::Delete, blocks.iter().map(block).collect()),
    ];
    let quiet = sections.iter().all(|(.., remarks)| remarks.is_empty());
    for (word, label, remarks) in sections {
        if !remarks.is_empty() {
            writeln!(out)?;
        }
        for remark in &remarks {
            write_remark(out, word, label, remark, flags, style)?;
        }
    }
    if !(quiet && (entries.is_empty() || extent == Extent::Last)) {
        writeln!(out)?;
    }
    let last = if entries.is_empty() && !(conflicts.is_empty() && blocks.is_empty()) {
        "Nothing is done before this is settled.".to_owned()
    } else {
        total(&entries, *unchanged)
    };
    wrapped(&last, style.width)
        .iter()
        .try_for_each(|line| writeln!(out, "{}", style.paint(Label::Title, line)))
}

fn note(note: &Note) -> Remark<'_> {
    let Note { subject, text, help } = note;
    Remark { subject: Some(subject), text, help: help.as_deref() }
}

fn conflict(conflict: &Conflict) -> Remark<'_> {
    let Conflict { subject, text, help } = conflict;
    Remark { subject: Some(subject), text, help: Some(help) }
}

fn block(block: &Block) -> Remark<'_> {
    let Block { subject, text, help } = block;
    Remark { subject: subject.as_ref(), text, help: Some(help) }
}

/// The last line of a page.
fn total(entries: &[Entry<'_>], unchanged: usize) -> String {
    if entries.is_empty() && unchanged == 0 {
        return "No changes. Nothing of this project is there to be looked at.".to_owned();
    }
    if entries.is_empty() {
        let matching = if unchanged == 1 { "resource matches" } else { "resources match" };
        return format!("No changes. {unchanged} {matching}.");
    }
    let Count { add, change, replace, delete, run } = Count::of(entries);
    let runs = counted(run, "run", "runs");
    format!(
        "Plan: {add} to add, {change} to change, {replace} to replace, {delete} to delete · {runs} · {unchanged} unchanged"
    )
}

fn title_lines(entry: &Entry<'_>, column: usize, style: Style) -> Vec<String> {
    let subject = entry.subject.to_string();
    let title = style.paint(Label::Title, &subject);
    let mark = entry.mark.column(style);
    let reason = entry.reason.to_string();
    let pad = column.saturating_sub(columns(&subject));
    let inner = style.narrowed(6);
    let mut lines = Vec::new();
    if columns(&subject) + pad + columns(&reason) + 6 <= style.width {
        let reason = style.paint(Label::Aside, &reason);
        lines.push(format!("{mark} {title}{}  {reason}", " ".repeat(pad)));
    } else {
        lines.push(format!("{mark} {title}"));
        let parts = wrapped(&reason, inner.width);
        lines.extend(parts.iter().map(|part| format!("      {}", style.paint(Label::Aside, part))));
    }
    lines
}

fn detail_lines(entry: &Entry<'_>, style: Style) -> Vec<String> {
    let inner = style.narrowed(6);
    let mut details = table(&rows(entry), inner.width);
    details.extend(changes::lines(entry.changes, inner));
    if !entry.impacts.is_empty() {
        let impacts: Vec<String> = entry.impacts.iter().map(|impact| impact_text(*impact)).collect();
        let text = format!("! {}", impacts.join(" · "));
        details.extend(wrapped(&text, inner.width).iter().map(|line| style.paint(Label::Change, line)));
    }
    details.iter().map(|line| format!("      {line}")).collect()
}

/// What a step costs, for people.
pub(crate) fn impact_text(impact: Impact) -> String {
    match impact {
        Impact::Restart => "restarts all containers".to_owned(),
        Impact::Downtime => "is away between delete and create".to_owned(),
        Impact::NewAddress => "the address may change".to_owned(),
        Impact::NameLost => "the DNS name is lost for a while".to_owned(),
        Impact::LogsLost => "logs are lost".to_owned(),
        Impact::EndsTask { running: None } => "ends a running task".to_owned(),
        Impact::EndsTask { running: Some(seconds) } => {
            format!("ends a task that has run for {}", elapsed(Duration::from_secs(seconds)))
        }
    }
}

fn write_remark(
    out: &mut dyn Write,
    word: &str,
    label: Label,
    remark: &Remark<'_>,
    flags: &Flags,
    style: Style,
) -> io::Result<()> {
    let indent = columns(word) + 2;
    let subject = remark.subject.map(|subject| format!("{subject}: ")).unwrap_or_default();
    let text = format!("{subject}{}", harmless(remark.text));
    let mut start = style.paint(label, &format!("{word}:"));
    for line in wrapped(&text, style.width.saturating_sub(indent)) {
        writeln!(out, "{start} {line}")?;
        start = padded("", indent - 1);
    }
    if let Some(help) = remark.help {
        for line in advice(help, flags, style.narrowed(indent)) {
            writeln!(out, "{start} {line}")?;
        }
    }
    Ok(())
}
