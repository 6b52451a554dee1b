//! What an entry of a plan does, as rows of a key and a text: what is made, what a run executes or starts, what comes after it.

use crate::plan::{Action, Begin, Fan, Finish, Run, naming};
use crate::render::entry::Entry;
use crate::render::holdings::{self, Row, tag_row};
use crate::render::text::command_line;
use crate::render::title::Mark;

/// What an entry does, apart from removing differences.
pub fn rows(entry: &Entry<'_>) -> Vec<Row> {
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
        Begin::Adopt(record) => {
            let group = naming::attempt(group, record.attempt);
            row("follows", format!("run {} in group {group}", record.id));
        }
        Begin::Fan(fan) => row("items", items(fan)),
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
    if let Begin::Exec(exec) = &run.begin
        && let Some(timeout) = exec.idle_timeout
    {
        row("idle timeout", timeout.to_string());
    }
    if run.retries.limit > 0 {
        row("retries", run.retries.limit.to_string());
    }
    match &run.begin {
        Begin::Create(deployment) => rows.extend(holdings::deployment(deployment)),
        Begin::Fan(fan) => rows.extend(holdings::deployment(&fan.body)),
        Begin::Exec(_) | Begin::Replace(_) | Begin::Start { .. } | Begin::Adopt(_) => {}
    }
    rows
}

/// How many items are named.
const NAMED: usize = 8;

/// `3 of 10, 2 at once: a, b, c`.
fn items(fan: &Fan) -> String {
    let named: Vec<&str> = fan.items.iter().take(NAMED).map(|item| item.text.as_str()).collect();
    let more = if fan.items.len() > NAMED { ", …" } else { "" };
    let width = fan.parallelism.map_or_else(String::new, |width| format!(", {width} at once"));
    format!("{} of {}{width}: {}{more}", fan.items.len(), fan.done.count(), named.join(", "))
}

fn deletion(keep_on_success: bool, keep_on_failure: bool) -> &'static str {
    match (keep_on_success, keep_on_failure) {
        (false, false) => "deletes the group",
        (false, true) => "deletes the group; keeps it if the run fails",
        (true, false) => "keeps the group; deletes it if the run fails",
        (true, true) => "keeps the group",
    }
}
