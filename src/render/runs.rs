//! The history of task runs, as a table and as JSON.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use crate::engine::archive::{Account, Kept};
use crate::model::name::Name;
use crate::model::observed::Observed;
use crate::model::record::{Ledger, Record, RunState};
use crate::model::stack::Stack;
use crate::render::grid::grid;
use crate::render::style::Style;
use crate::render::text::elapsed;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The TaskRun.
    pub run: String,
    /// Which run of it.
    pub id: String,
    /// How far it came.
    pub state: String,
    /// Its exit code, where there is one.
    pub exit: Option<i32>,
    /// When it began; where only its record is known, when that was written.
    pub at: Option<String>,
    /// How long it took, in seconds.
    pub seconds: Option<u64>,
    /// How many attempts it came to.
    pub attempts: u32,
    /// Of a run that is fanned out: how many items there are, and how many have succeeded.
    pub items: Option<(u32, u32)>,
    /// Why it ran.
    pub reason: Option<String>,
    /// What happened.
    pub why: Option<String>,
    /// Where its logs are: files here, or the address of where it was run from.
    pub logs: Vec<String>,
    /// Where it was run from.
    pub source: Option<String>,
}

/// The runs that are kept, and those of which only the record is known.
pub fn rows(kept: &[Kept], observed: &Observed, stack: &Stack, asked: Option<&Name>) -> Vec<Row> {
    let mut rows: Vec<Row> = kept.iter().map(of_kept).collect();
    let known: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
    let wanted = |name: &Name| asked.is_none_or(|asked| asked == name) && stack.runs.contains_key(name);
    for group in observed.resource_groups.values() {
        for (name, record) in Ledger::read(&group.tags).records.iter().filter(|(name, _)| wanted(name)) {
            match rows.iter_mut().find(|row| row.id == record.id.as_str()) {
                // Whoever was killed has not kept the end that the record tells.
                Some(row) if record.state != RunState::Open => {
                    row.state = record.state.to_string();
                    row.exit = record.exit;
                }
                Some(_) => {}
                None if !known.contains(record.id.as_str()) => rows.push(of_record(name, record)),
                None => {}
            }
        }
    }
    rows.sort_by(|a, b| (&a.at, &a.id).cmp(&(&b.at, &b.id)));
    rows
}

fn of_kept(kept: &Kept) -> Row {
    let Account {
        version: _,
        owner: _,
        run,
        id,
        state,
        exit,
        why,
        reason,
        began,
        ended: _,
        seconds,
        attempts,
        items,
        group: _,
        container: _,
        source,
    } = kept.account.clone();
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    Row {
        run,
        id,
        state,
        exit,
        at: Some(began),
        seconds,
        attempts,
        items,
        reason: said(reason),
        why: said(why),
        logs: kept.logs.iter().map(|path| path.display().to_string()).collect(),
        source,
    }
}

fn of_record(name: &Name, record: &Record) -> Row {
    let Record { id, state, input: _, exit, at, container_start: _, attempt, item: _, done, source } = record;
    Row {
        run: name.to_string(),
        id: id.to_string(),
        state: state.to_string(),
        exit: *exit,
        at: at.map(|at| at.to_string()),
        seconds: None,
        attempts: *attempt,
        items: done.as_ref().map(|done| (done.count(), done.succeeded())),
        reason: None,
        why: None,
        logs: Vec::new(),
        source: source.clone(),
    }
}

/// Writes the table.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, rows: &[Row], style: Style) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "No runs: none is kept here, and none is recorded.");
    }
    let cells = rows.iter().map(|row| {
        let items = row.items.map_or_else(String::new, |(count, well)| format!(" ({well} of {count} items)"));
        let logs = match (row.logs.as_slice(), &row.source) {
            ([], source) => source.clone().unwrap_or_default(),
            ([one], _) => one.clone(),
            ([one, ..], _) => {
                let folder = std::path::Path::new(one).parent();
                folder.map_or_else(String::new, |folder| folder.display().to_string())
            }
        };
        vec![
            row.run.clone(),
            row.id.clone(),
            format!("{}{items}", row.state),
            row.exit.map_or_else(|| "-".to_owned(), |exit| exit.to_string()),
            row.at.as_deref().map_or_else(|| "-".to_owned(), short),
            row.seconds
                .map_or_else(|| "-".to_owned(), |seconds| elapsed(std::time::Duration::from_secs(seconds))),
            row.attempts.to_string(),
            row.reason.clone().unwrap_or_default(),
            logs,
        ]
    });
    let titles = ["RUN", "ID", "STATE", "EXIT", "BEGAN", "TOOK", "ATTEMPTS", "REASON", "LOG"];
    grid(out, &titles, cells.collect(), style)
}

/// Writes one JSON object a line.
///
/// # Errors
/// Those of `out`.
pub fn json(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    for row in rows {
        writeln!(out, "{}", serde_json::to_string(row).map_err(io::Error::other)?)?;
    }
    Ok(())
}

/// A time without its fractions.
fn short(at: &str) -> String {
    at.parse::<jiff::Timestamp>()
        .map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_in_a_table() -> Result<(), Box<dyn std::error::Error>> {
        let row = Row {
            run: "post-cat".into(),
            id: "r-1".into(),
            state: "failed".into(),
            exit: Some(3),
            at: Some("2026-01-02T03:04:05.123Z".into()),
            seconds: Some(72),
            attempts: 2,
            items: Some((3, 2)),
            reason: Some("never ran".into()),
            why: None,
            logs: vec!["runs/post-cat/r-1/attempt-01.log".into()],
            source: None,
        };
        let mut out = Vec::new();
        write(&mut out, &[row], Style { width: 200, ..Style::PLAIN })?;
        insta::assert_snapshot!(String::from_utf8(out)?, @r"
        RUN       ID   STATE                  EXIT  BEGAN                 TOOK   ATTEMPTS  REASON     LOG
        post-cat  r-1  failed (2 of 3 items)  3     2026-01-02 03:04:05Z  1m12s  2         never ran  runs/post-cat/r-1/attempt-01.log
        ");
        Ok(())
    }
}
