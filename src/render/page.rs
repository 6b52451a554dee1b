//! A whole plan on one page: its entries, what people should know beside them, and the count.

use std::io::{self, Write};

use crate::plan::{Action, Begin, Finish, Impact, Plan, Run, Subject};
use crate::render::changes;
use crate::render::entry::{Entry, entries};
use crate::render::heading::Heading;
use crate::render::holdings::{self, Row, tag_row};
use crate::render::style::{Label, Style};
use crate::render::text::{columns, command_line, counted, padded, table, wrapped};
use crate::render::title::Mark;

/// What a page shows.
#[derive(Clone, Debug)]
pub struct Page<'p> {
    /// The steps.
    pub plan: &'p Plan,
    /// What no step does and people should know.
    pub notes: Vec<Remark<'p>>,
    /// What forbids the plan because something is somebody else's or cannot be so.
    pub conflicts: Vec<Remark<'p>>,
    /// What forbids the plan because the manifests say so.
    pub blocks: Vec<Remark<'p>>,
    /// How many declared things need no step.
    pub unchanged: usize,
}

/// Something said about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remark<'p> {
    /// What it is about.
    pub subject: &'p Subject,
    /// What there is to know.
    pub text: &'p str,
    /// What to do about it.
    pub help: Option<&'p str>,
}

/// Subjects longer than this do not push the column of reasons to the right.
const SUBJECT_COLUMN: usize = 44;

/// Writes where the plan goes and then the plan; one line where nothing is to be done.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, heading: &Heading, page: &Page<'_>, style: Style) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Label::Title, &heading.to_string()))?;
    let entries = entries(page.plan);
    let column = entries
        .iter()
        .map(|entry| columns(&entry.subject.to_string()))
        .filter(|width| *width <= SUBJECT_COLUMN)
        .max()
        .unwrap_or(0);
    for entry in &entries {
        writeln!(out)?;
        for line in entry_lines(entry, column, style) {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    let sections = [
        ("Note", Label::Aside, &page.notes),
        ("Conflict", Label::Delete, &page.conflicts),
        ("Blocked", Label::Delete, &page.blocks),
    ];
    for (word, label, remarks) in sections {
        if !remarks.is_empty() {
            writeln!(out)?;
        }
        for remark in remarks {
            write_remark(out, word, label, remark, style)?;
        }
    }
    let quiet = page.notes.is_empty() && page.conflicts.is_empty() && page.blocks.is_empty();
    if !(entries.is_empty() && quiet) {
        writeln!(out)?;
    }
    writeln!(out, "{}", style.paint(Label::Title, &total(&entries, page.unchanged)))
}

/// The last line of a page.
fn total(entries: &[Entry<'_>], unchanged: usize) -> String {
    if entries.is_empty() {
        let matching = if unchanged == 1 { "resource matches" } else { "resources match" };
        return format!("No changes. {unchanged} {matching}.");
    }
    let count = |mark: Mark| entries.iter().filter(|entry| entry.mark == mark).count();
    format!(
        "Plan: {} to add, {} to change, {} to replace, {} to delete · {} · {unchanged} unchanged",
        count(Mark::Create),
        count(Mark::Change),
        count(Mark::Replace),
        count(Mark::Delete),
        counted(count(Mark::Run), "run", "runs"),
    )
}

fn entry_lines(entry: &Entry<'_>, column: usize, style: Style) -> Vec<String> {
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
    let mut details = table(&rows(entry), inner.width);
    details.extend(changes::lines(entry.changes, inner));
    if !entry.impacts.is_empty() {
        let impacts: Vec<&str> = entry.impacts.iter().map(|impact| impact_text(*impact)).collect();
        let text = format!("! {}", impacts.join(" · "));
        details.extend(wrapped(&text, inner.width).iter().map(|line| style.paint(Label::Change, line)));
    }
    lines.extend(details.iter().map(|line| format!("      {line}")));
    lines
}

/// What an entry does, apart from removing differences.
fn rows(entry: &Entry<'_>) -> Vec<Row> {
    match (entry.mark, entry.action) {
        (_, Action::CreateResourceGroup { location, tags }) => {
            let mut rows = vec![("location".to_owned(), location.clone())];
            rows.extend(tag_row(tags));
            rows
        }
        (Mark::Create, Action::CreateGroup(deployment)) => holdings::deployment(deployment),
        (_, Action::Run(run)) => run_rows(run),
        (_, Action::StartGroup) => vec![("power".to_owned(), "starts it".to_owned())],
        (_, Action::StopGroup) => vec![("power".to_owned(), "stops it".to_owned())],
        (
            _,
            Action::TagResourceGroup(_)
            | Action::DeleteResourceGroup
            | Action::CreateGroup(_)
            | Action::UpdateGroup(..)
            | Action::TagGroup(_)
            | Action::DeleteGroup { .. },
        ) => Vec::new(),
    }
}

fn run_rows(run: &Run) -> Vec<Row> {
    let group = &run.group;
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |key: &str, text: String| rows.push((key.to_owned(), text));
    match &run.begin {
        Begin::Exec(exec) => {
            row("exec", command_line(&exec.command));
            row("in", format!("group {group}, container {}", run.container));
        }
        Begin::Create(_) => row("creates", format!("group {group}, which starts the run")),
        Begin::Replace(_) => row("replaces", format!("group {group}, which starts the run")),
        Begin::Start { resume: None } => row("starts", format!("group {group}")),
        Begin::Start { resume: Some(record) } => {
            row("starts", format!("group {group}, or follows run {} if that has started it", record.id));
        }
        Begin::Adopt(record) => row("follows", format!("run {} in group {group}", record.id)),
    }
    match run.finish {
        Finish::Leave => {}
        Finish::Stop => row("then", "stops the group".to_owned()),
        Finish::Delete { keep_on_success, keep_on_failure } => {
            row("then", deletion(keep_on_success, keep_on_failure).to_owned());
        }
    }
    if let Some(timeout) = run.timeout {
        row("timeout", timeout.to_string());
    }
    match &run.begin {
        Begin::Create(deployment) => rows.extend(holdings::deployment(deployment)),
        Begin::Exec(_) | Begin::Replace(_) | Begin::Start { .. } | Begin::Adopt(_) => {}
    }
    rows
}

fn deletion(keep_on_success: bool, keep_on_failure: bool) -> &'static str {
    match (keep_on_success, keep_on_failure) {
        (false, false) => "deletes the group",
        (false, true) => "deletes the group; keeps it if the run fails",
        (true, false) => "keeps the group; deletes it if the run fails",
        (true, true) => "keeps the group",
    }
}

fn impact_text(impact: Impact) -> &'static str {
    match impact {
        Impact::Restart => "restarts all containers",
        Impact::Downtime => "is away between delete and create",
        Impact::NewAddress => "the address may change",
        Impact::LogsLost => "logs are lost",
    }
}

fn write_remark(
    out: &mut dyn Write,
    word: &str,
    label: Label,
    remark: &Remark<'_>,
    style: Style,
) -> io::Result<()> {
    let indent = columns(word) + 2;
    let text = format!("{}: {}", remark.subject, remark.text);
    let mut start = style.paint(label, &format!("{word}:"));
    for line in wrapped(&text, style.width.saturating_sub(indent)) {
        writeln!(out, "{start} {line}")?;
        start = padded("", indent - 1);
    }
    if let Some(help) = remark.help {
        for line in wrapped(&format!("→ {help}"), style.width.saturating_sub(indent)) {
            writeln!(out, "{start} {}", style.paint(Label::Run, &line))?;
        }
    }
    Ok(())
}
