//! `acitask emulator requests`: its journal.

use std::time::Duration;

use acitask_emulator::journal::Entry;
use clap::Args;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::control::Control;
use super::none_ran;
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::signals::Signals;
use crate::cli::{Desk, project};
use crate::render::style::{Label, Style};
use crate::render::text::harmless;

/// Show the requests that it was sent since it started.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask emulator requests --since 100\n  acitask emulator requests --follow --status 4xx,5xx\n  acitask emulator requests --method put --json"
)]
pub(crate) struct Requests {
    /// Only those after this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    since: u64,
    /// Only those with one of these methods.
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    method: Vec<String>,
    /// Only those with one of these statuses: 404, or 4xx for all of a kind.
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status)]
    status: Vec<Statuses>,
    /// Go on with those to come, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// A status, or all of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Statuses {
    least: u16,
    most: u16,
}

fn status(text: &str) -> Result<Statuses, String> {
    let bad = || "a status is like 404 or 4xx".to_owned();
    if let Some(kind) = text.to_ascii_lowercase().strip_suffix("xx") {
        let kind: u16 = kind.parse().ok().filter(|kind| (1..=5).contains(kind)).ok_or_else(bad)?;
        return Ok(Statuses { least: kind * 100, most: kind * 100 + 99 });
    }
    let status = text.parse().ok().filter(|status| (100..=599).contains(status)).ok_or_else(bad)?;
    Ok(Statuses { least: status, most: status })
}

#[derive(Deserialize)]
struct Journal {
    requests: Vec<Entry>,
}

/// How long a look at the journal is from the next.
const LOOK: Duration = Duration::from_millis(300);

/// How long a request may be without an answer before it is shown without one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Shows the journal, oldest first.
pub(crate) async fn requests(desk: &Desk, arguments: &Requests) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let control = Control::of(&home)?;
    if control.health().await.is_none() {
        desk.screen.say("No local emulator runs, and none remembers what another was sent.");
        return Ok(Code::DONE);
    }
    if !arguments.follow {
        let requests = read(&control, arguments.since).await?;
        show(desk, arguments, &requests)?;
        return Ok(Code::DONE);
    }
    let mut signals = Signals::listen().map_err(|source| Failure::Runtime { source })?;
    tokio::select! {
        failed = follow(desk, arguments, &control) => failed,
        () = signals.next() => Ok(Code::DONE),
    }
}

/// Shows what comes, each request once, with its answer where that does not take too long.
async fn follow(desk: &Desk, arguments: &Requests, control: &Control) -> Result<Code, Failure> {
    let mut since = arguments.since;
    let mut waits = Instant::now();
    loop {
        let requests = read(control, since).await?;
        let open = requests.iter().position(|entry| entry.status.is_none() && entry.faults.is_empty());
        let is_late = waits.elapsed() > PATIENCE;
        let ready = match open {
            Some(open) if !is_late => requests.get(..open).unwrap_or_default(),
            Some(_) | None => &requests,
        };
        show(desk, arguments, ready)?;
        if let Some(last) = ready.last() {
            since = last.number;
            waits = Instant::now();
        } else if open.is_none() {
            waits = Instant::now();
        }
        sleep(LOOK).await;
    }
}

async fn read(control: &Control, since: u64) -> Result<Vec<Entry>, Failure> {
    let answer = control.read(&format!("/_emulator/requests?since={since}")).await?;
    match serde_json::from_value(answer) {
        Ok(Journal { requests }) => Ok(requests),
        Err(_) => Err(Failure::EmulatorRefuses("its answer is no journal".to_owned())),
    }
}

fn show(desk: &Desk, arguments: &Requests, requests: &[Entry]) -> Result<(), Failure> {
    let style = desk.screen.out;
    desk.screen.result(|out| {
        requests.iter().filter(|entry| is_wanted(arguments, entry)).try_for_each(|entry| {
            let text = if arguments.json { serde_json::to_string(entry)? } else { line(style, entry) };
            writeln!(out, "{text}")
        })
    })
}

fn is_wanted(arguments: &Requests, entry: &Entry) -> bool {
    let Requests { since: _, method, status, follow: _, json: _ } = arguments;
    let fits = |wanted: &Statuses| entry.status.is_some_and(|is| (wanted.least..=wanted.most).contains(&is));
    (method.is_empty() || method.iter().any(|method| method.eq_ignore_ascii_case(&entry.method)))
        && (status.is_empty() || status.iter().any(fits))
}

fn line(style: Style, entry: &Entry) -> String {
    let Entry { number, at, method, target, status, milliseconds, faults } = entry;
    let or_dash = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let took = or_dash(*milliseconds);
    let label = match status {
        Some(200..=399) | Some(101) => Label::Add,
        Some(400..=499) => Label::Replace,
        Some(_) => Label::Delete,
        None => Label::Aside,
    };
    let status = style.paint(label, &format!("{:>3}", or_dash(status.map(u64::from))));
    let time = style.paint(Label::Aside, &at.strftime("%H:%M:%S%.3f").to_string());
    let met = match faults.as_slice() {
        [] => String::new(),
        faults => style.paint(Label::Delete, &harmless(&format!("  [{}]", faults.join(", ")))),
    };
    format!("{number:>5}  {time}  {status}  {took:>5} ms  {method:<6} {}{met}", harmless(target))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        requests: Requests,
    }

    #[test]
    fn methods_and_statuses_choose() {
        let entry = |method: &str, status: Option<u16>| Entry {
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            method: method.to_owned(),
            target: "/x".to_owned(),
            status,
            milliseconds: Some(3),
            faults: vec!["busy".to_owned()],
        };
        let all =
            [entry("GET", Some(200)), entry("PUT", Some(404)), entry("PUT", None), entry("PUT", Some(503))];
        for (arguments, wanted) in [
            (vec![], [true, true, true, true]),
            (vec!["--method", "put"], [false, true, true, true]),
            (vec!["--status", "4xx,200"], [true, true, false, false]),
            (vec!["--status=5xx", "--method=get,put"], [false, false, false, true]),
        ] {
            let line = Line::try_parse_from([&["x"], &arguments[..]].concat());
            let chosen = line.ok().map(|line| all.each_ref().map(|entry| is_wanted(&line.requests, entry)));
            assert_eq!(chosen, Some(wanted), "{arguments:?}");
        }
        for wrong in ["6xx", "99", "x", "4x"] {
            assert!(Line::try_parse_from(["x", "--status", wrong]).is_err(), "{wrong}");
        }
        let shown = "    1  00:00:00.000  200      3 ms  GET    /x  [busy]";
        assert_eq!(line(Style::PLAIN, &all[0]), shown);
    }
}
