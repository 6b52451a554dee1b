//! `acitask emulator advance`: time passes where it stands.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::control::Control;
use super::none_ran;
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};

/// Let time pass in it, where its time is explicit; everything due on the way happens, in order.
#[derive(Args)]
#[command(after_help = "Examples:\n  acitask emulator advance 90s\n  acitask emulator advance '1h 30m'")]
pub(crate) struct Advance {
    /// How much: 90s, 5m, '1h 30m', PT1H.
    #[arg(value_name = "TIME")]
    by: SignedDuration,
}

/// Moves the clock and says what it shows.
pub(super) async fn advance(desk: &Desk, arguments: &Advance) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let control = Control::of(&home)?;
    if control.health().await.is_none() {
        return Err(Failure::EmulatorRefuses("it does not run, and so has no time that passes".to_owned()));
    }
    let by = format!("{:#}", arguments.by);
    let answer = control.send("POST", "/_emulator/advance", Some(&json!({"by": by}))).await?;
    let time: Option<Timestamp> = serde_json::from_value(answer["time"].clone()).ok();
    let shown =
        time.map_or_else(|| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S%.f UTC").to_string());
    desk.screen.result(|out| writeln!(out, "{by} later it is {shown}."))?;
    Ok(Code::DONE)
}
