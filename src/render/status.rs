//! What there is now of a stack: its groups with their states, its runs with their last outcome.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::model::name::Name;
use crate::model::observed::{Observed, SeenGroup};
use crate::model::record::{Ledger, Record};
use crate::model::stack::{RunKind, Stack};
use crate::render::style::{Label, Style};
use crate::render::text::{columns, harmless, padded};

/// Writes the state of everything that a stack declares.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, stack: &Stack, observed: &Observed, style: Style) -> io::Result<()> {
    let groups = stack.groups.values().map(|group| {
        let seen = observed.groups.get(&group.id);
        let mut row = vec![group.id.to_string()];
        row.extend(seen.map_or_else(|| vec!["absent".to_owned()], group_cells));
        row
    });
    grid(out, &["GROUP", "STATE", "RESTARTS", "ADDRESS"], groups, style)?;
    if stack.runs.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let records = records(observed);
    let runs = stack.runs.iter().map(|(name, run)| {
        let kind = match run.kind {
            RunKind::Strong(_) => "strong",
            RunKind::Persistent { .. } => "weak, persistent",
            RunKind::Ephemeral(_) => "weak, ephemeral",
        };
        let mut row = vec![name.to_string(), kind.to_owned()];
        row.extend(records.get(name).map_or_else(|| vec!["never ran".to_owned()], record_cells));
        row
    });
    grid(out, &["RUN", "KIND", "LAST", "EXIT", "WHEN", "ID"], runs, style)
}

fn records(observed: &Observed) -> BTreeMap<Name, Record> {
    observed.resource_groups.values().flat_map(|group| Ledger::read(&group.tags).records).collect()
}

fn group_cells(seen: &SeenGroup) -> Vec<String> {
    let state = match &seen.view {
        Some(view) if seen.provisioning.settled() && !view.state.is_empty() => view.state.clone(),
        Some(_) | None => seen.provisioning.to_string(),
    };
    let restarts: u32 = seen
        .view
        .iter()
        .flat_map(|view| view.containers.values())
        .map(|container| container.restart_count)
        .sum();
    let address = seen.fqdn.as_ref().or(seen.ip.as_ref()).cloned().unwrap_or_default();
    vec![state, restarts.to_string(), address]
}

fn record_cells(record: &Record) -> Vec<String> {
    let Record { id, state, input: _, exit, at, container_start: _ } = record;
    vec![
        state.to_string(),
        exit.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
        id.to_string(),
    ]
}

/// Columns as wide as their widest cell, under a line of titles.
fn grid(
    out: &mut dyn Write,
    titles: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    style: Style,
) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(|cell| harmless(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| columns(cell));
        cells.chain(titles.get(column).map(|title| columns(title))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    writeln!(out, "{}", style.paint(Label::Aside, &line(&titles)))?;
    rows.iter().try_for_each(|row| writeln!(out, "{}", line(row)))
}
