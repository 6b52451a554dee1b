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
use crate::render::recap;
use crate::render::rows::rows;
use crate::render::style::{Label, Style};
use crate::render::text::{SEPARATOR, columns, counted, elapsed, harmless, padded, parted, table, wrapped};
use crate::render::title;

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
    heading.write(out, style)?;
    let entries = entries(plan);
    let column = entries
        .iter()
        .map(|entry| columns(&entry.subject.to_string()))
        .filter(|width| *width <= SUBJECT_COLUMN.min(style.width / 2))
        .max()
        .unwrap_or(0);
    if extent == Extent::Lines && !entries.is_empty() {
        writeln!(out)?;
    }
    for entry in entries.iter().filter(|_| extent > Extent::Last) {
        let subject = entry.subject.to_string();
        let mark = entry.mark.column(style);
        let mut lines = title::lines(&mark, &subject, column, &entry.reason.to_string(), style);
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
    let recap = recap::lines(&entries, extent, style);
    recap.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    let settled = conflicts.is_empty() && blocks.is_empty();
    let total = (settled || !entries.is_empty()).then(|| total(&entries, *unchanged));
    let wait = (!settled).then(|| "Nothing is done before this is settled.".to_owned());
    for last in total.into_iter().chain(wait) {
        for line in parted(&last.split(SEPARATOR).collect::<Vec<_>>(), style.width) {
            writeln!(out, "{}", style.paint(Label::Title, &line))?;
        }
    }
    Ok(())
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

fn detail_lines(entry: &Entry<'_>, style: Style) -> Vec<String> {
    let inner = style.narrowed(6);
    let mut details = table(&rows(entry), inner.width);
    details.extend(changes::lines(entry.changes, inner));
    if !entry.impacts.is_empty() {
        let impacts: Vec<String> = entry.impacts.iter().map(|impact| impact_text(*impact)).collect();
        let impacts = parted(&impacts, inner.width.saturating_sub(2));
        let marked = |(number, line): (usize, &String)| {
            let mark = if number == 0 { "!" } else { " " };
            style.paint(Label::Change, &format!("{mark} {line}"))
        };
        details.extend(impacts.iter().enumerate().map(marked));
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
