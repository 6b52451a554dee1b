//! `acitask emulator status`: whether it runs, how, and what is in it.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::NONE_RAN;
use super::control::{Control, FaultCount, Health, Runtime};
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
    let Health { build, pid, runtime, time, time_mode, ports, container_groups, faults, requests, recovered } =
        health;
    let Runtime { name, why } = runtime;
    let row = |name: &str, value: String| (name.to_owned(), harmless(&value));
    let shown = time.strftime("%Y-%m-%d %H:%M:%S UTC");
    let time = match time_mode.as_str() {
        "explicit" => format!("explicit; it stands at {shown} until `acitask emulator advance`"),
        mode => mode.to_owned(),
    };
    let https =
        ports.https.map(|port| format!("https://127.0.0.1:{port}, for other tools (`acitask emulator env`)"));
    let mut rows: Vec<_> = https.map(|https| row("Https", https)).into_iter().collect();
    rows.extend([
        row("Runtime", format!("{name} ({why})")),
        row("Time", time),
        row("Container groups", groups(container_groups)),
        row("Requests", requests.to_string()),
    ]);
    let FaultCount { standing, fired } = *faults;
    if standing > 0 || fired > 0 {
        rows.push(row(
            "Faults",
            format!("{standing} to come, {fired} so far (`acitask emulator fault list`)"),
        ));
    }
    rows.extend(recovered.told().map(|told| row("Start", told)));
    rows.push(row("State", state.to_owned()));
    let headline = format!("The local emulator runs at {url} (process {pid}, build {build}).");
    let mut lines = vec![style.paint(Label::Title, &harmless(&headline))];
    lines.extend(table(&rows, style.width));
    lines
}

fn groups(census: &BTreeMap<String, usize>) -> String {
    if census.is_empty() {
        return "none".to_owned();
    }
    census.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_everything_that_is_there() -> Result<(), serde_json::Error> {
        let health = serde_json::from_value(json!({
            "build": "1.0", "pid": 7, "runtime": {"name": "native", "why": "it can"},
            "time": "2026-03-01T00:00:00Z", "timeMode": "explicit", "ports": {"http": 1, "https": 2},
            "containerGroups": {"Running": 2, "Stopped": 1}, "faults": {"standing": 1, "fired": 3}, "requests": 12,
            "recovered": {"killed": true, "records": 4, "tornBytes": 0, "restarted": 2},
        }))?;
        let wanted = [
            "The local emulator runs at http://127.0.0.1:1 (process 7, build 1.0).",
            "Https             https://127.0.0.1:2, for other tools (`acitask emulator env`)",
            "Runtime           native (it can)",
            "Time              explicit; it stands at 2026-03-01 00:00:00 UTC until",
            "                  `acitask emulator advance`",
            "Container groups  2 Running, 1 Stopped",
            "Requests          12",
            "Faults            1 to come, 3 so far (`acitask emulator fault list`)",
            "Start             Recovered after it was killed: 4 records read, 2 container",
            "                  groups started again.",
            "State             /s",
        ];
        assert_eq!(page(Style::PLAIN, &health, "http://127.0.0.1:1", "/s"), wanted);
        Ok(())
    }
}
