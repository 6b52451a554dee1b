//! `acitask emulator requests`: its journal.

use acitask_emulator::journal::Entry;
use clap::Args;
use serde::Deserialize;

use super::control::Control;
use super::none_ran;
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::text::harmless;

/// Show the requests that it was sent since it started.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask emulator requests --since 100\n  acitask emulator requests --json"
)]
pub(crate) struct Requests {
    /// Only those after this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    since: u64,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Journal {
    requests: Vec<Entry>,
}

/// Shows the journal, oldest first.
pub(crate) async fn requests(desk: &Desk, arguments: &Requests) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let control = Control::of(&home)?;
    if control.health().await.is_none() {
        desk.screen.say("No local emulator runs, and none remembers what another was sent.");
        return Ok(Code::DONE);
    }
    let answer = control.read(&format!("/_emulator/requests?since={}", arguments.since)).await?;
    let Ok(Journal { requests }) = serde_json::from_value(answer) else {
        return Err(Failure::EmulatorRefuses("its answer is no journal".to_owned()));
    };
    desk.screen.result(|out| {
        requests.iter().try_for_each(|entry| {
            if arguments.json {
                return writeln!(out, "{}", serde_json::to_string(entry)?);
            }
            let Entry { number, at, method, target, status, milliseconds } = entry;
            let or_dash =
                |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
            let (status, took) = (or_dash(status.map(u64::from)), or_dash(*milliseconds));
            let time = at.strftime("%H:%M:%S%.3f");
            writeln!(out, "{number:>5}  {time}  {status:>3}  {took:>5} ms  {method:<6} {}", harmless(target))
        })
    })?;
    Ok(Code::DONE)
}
