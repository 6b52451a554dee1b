//! `acitask emulator status`: whether it runs, how, and what is in it.

use clap::Args;
use serde_json::json;

use super::NONE_RAN;
use super::control::{Control, Health, Runtime};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::style::{Label, Style};
use crate::render::text::{harmless, table};

/// Say whether it runs, how, and what is in it.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  acitask emulator status\n  acitask emulator status --json")]
pub(crate) struct Status {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Says it.
pub(super) async fn status(desk: &Desk, arguments: &Status) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else {
        let said = if arguments.json { json!({"running": false}).to_string() } else { NONE_RAN.to_owned() };
        desk.screen.result(|out| writeln!(out, "{said}"))?;
        return Ok(Code::DONE);
    };
    let control = Control::of(&home)?;
    let state = home.path().display().to_string();
    if arguments.json {
        let health = control.read("/_emulator/health").await.ok();
        let url = health.as_ref().map(|_| control.url());
        let running = health.is_some();
        let body = json!({"running": running, "url": url, "state": state, "health": health});
        desk.screen.result(|out| writeln!(out, "{body}"))?;
        return Ok(Code::DONE);
    }
    let health = control.health().await;
    let style = desk.screen.out;
    desk.screen.result(|out| match &health {
        Some(health) => page(style, health, control.url(), &state)
            .into_iter()
            .try_for_each(|line| writeln!(out, "{line}")),
        None => writeln!(out, "No local emulator runs. State: {state}"),
    })?;
    Ok(Code::DONE)
}

fn page(style: Style, health: &Health, url: &str, state: &str) -> Vec<String> {
    let Health { build, pid, ports, runtime: Runtime { name, why }, time, time_mode } = health;
    let row = |name: &str, value: String| (name.to_owned(), harmless(&value));
    let shown = time.strftime("%Y-%m-%d %H:%M:%S UTC");
    let time = match time_mode.as_str() {
        "explicit" => format!("explicit; it stands at {shown} until `acitask emulator advance`"),
        mode => mode.to_owned(),
    };
    let https =
        ports.https.map(|port| format!("https://127.0.0.1:{port}, for other tools (`acitask emulator env`)"));
    let rows = [
        ("Https", https),
        ("Runtime", Some(format!("{name} ({why})"))),
        ("Time", Some(time)),
        ("State", Some(state.to_owned())),
    ];
    let rows: Vec<_> = rows.into_iter().filter_map(|(name, value)| Some(row(name, value?))).collect();
    let headline = format!("The local emulator runs at {url} (process {pid}, build {build}).");
    let mut lines = vec![style.paint(Label::Title, &harmless(&headline))];
    lines.extend(table(&rows, style.width));
    lines
}
