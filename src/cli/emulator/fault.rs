//! `acitask emulator fault …`: what is to go wrong.

use std::path::PathBuf;

use acitask_emulator::fault::script::Times;
use acitask_emulator::fault::{Listed, Mistake};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::Value;

use super::control::Control;
use super::script::Script;
use super::{local, none_ran};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::style::{Label, Style};
use crate::render::text::{counted, harmless, padded};

/// What to do with faults.
#[derive(Subcommand)]
pub(crate) enum FaultCommand {
    /// Add the faults of a script; it is started where it does not run. They are gone when it stops.
    #[command(
        after_help = "Example:\n  acitask emulator fault add - <<'END'\n  - on: containerGroups/put\n    resource: nightly-*\n    nth: 3\n    effect: {answer: {status: 429, retryAfter: 5}}\n  - on: resourceGroups/delete\n    effect: {preset: ScopeLocked}\n  END\n\nEffects: answer, preset, cut, slow, stale, notFound, operation, pull, evict, restart, stream."
    )]
    Add {
        /// A YAML file, or - for standard input.
        #[arg(value_name = "FILE")]
        script: PathBuf,
    },
    /// Show all faults, and how often each has fired.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Take one fault away, or all.
    Clear {
        /// The fault's id, as `fault list` shows it.
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
}

#[derive(Deserialize)]
struct Faults {
    faults: Vec<Listed>,
}

/// Does it.
pub(super) async fn fault(desk: &Desk, command: FaultCommand) -> Result<Code, Failure> {
    match command {
        FaultCommand::Add { script } => add(desk, &Script::read(desk, &script)?).await,
        FaultCommand::List { json } => list(desk, json).await,
        FaultCommand::Clear { id } => clear(desk, id.as_deref()).await,
    }
}

async fn add(desk: &Desk, script: &Script) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let control = local::ensure(desk, &home).await?;
    // Ids that are taken are known to it alone, so that it looks too.
    script.faults()?;
    let answer = control.ask("POST", "/_emulator/faults", Some(&script.value)).await?;
    if let Some(details) = answer.pointer("/error/details").and_then(Value::as_array) {
        let mistake = |detail: &Value| {
            let number = detail["target"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default();
            Mistake { number, text: detail["message"].as_str().unwrap_or_default().to_owned() }
        };
        return Err(script.refused(&details.iter().map(mistake).collect::<Vec<_>>()));
    }
    let ids: Vec<String> = serde_json::from_value(answer["ids"].clone()).unwrap_or_default();
    let said = counted(ids.len(), "fault", "faults");
    let ids = harmless(&ids.join(", "));
    desk.screen.result(|out| writeln!(out, "Added {said}: {ids}."))?;
    Ok(Code::DONE)
}

async fn list(desk: &Desk, json: bool) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let control = Control::of(&home)?;
    if control.health().await.is_none() {
        desk.screen.say("No local emulator runs, and so nothing is to go wrong in it.");
        return Ok(Code::DONE);
    }
    let Ok(Faults { faults }) = serde_json::from_value(control.read("/_emulator/faults").await?) else {
        return Err(Failure::EmulatorRefuses("its answer is no list of faults".to_owned()));
    };
    let style = desk.screen.out;
    desk.screen.result(|out| {
        if json {
            return faults.iter().try_for_each(|fault| writeln!(out, "{}", serde_json::to_string(fault)?));
        }
        if faults.is_empty() {
            return writeln!(out, "No faults.");
        }
        page(style, &faults).into_iter().try_for_each(|line| writeln!(out, "{line}"))
    })?;
    Ok(Code::DONE)
}

/// One line a fault: its id, how often it fired of how often it will, and what it is.
fn page(style: Style, faults: &[Listed]) -> Vec<String> {
    let width = faults.iter().map(|fault| fault.id.len()).max().unwrap_or_default();
    let mut lines: Vec<String> = faults.iter().map(|fault| line(style, width, fault)).collect();
    let unused = faults.iter().filter(|fault| fault.fired == 0).count();
    if unused > 0 {
        let are = if unused == 1 { "has" } else { "have" };
        lines.push(
            style.paint(
                Label::Replace,
                &format!("{} {are} not fired yet.", counted(unused, "fault", "faults")),
            ),
        );
    }
    lines
}

fn line(style: Style, width: usize, listed: &Listed) -> String {
    let Listed { id, seen, fired, over, fault } = listed;
    let times = match fault.times {
        Times::Count(times) => times.to_string(),
        Times::Word(_) => "∞".to_owned(),
    };
    let label = match (fired, over) {
        (_, true) => Label::Aside,
        (0, false) => Label::Replace,
        (_, false) => Label::Add,
    };
    let effect = serde_json::to_value(&fault.effect).unwrap_or_default();
    let resource = fault.resource.as_ref().map(|resource| format!(" {resource}")).unwrap_or_default();
    let nth = if fault.nth == 1 { String::new() } else { format!(" from number {}", fault.nth) };
    let after = fault.after.as_ref().map(|after| format!(" after {after}")).unwrap_or_default();
    let state = style.paint(label, &format!("fired {fired}/{times}, seen {seen}"));
    let id = style.paint(Label::Title, &padded(&harmless(id), width));
    let what = harmless(&format!("{}{resource}{nth}{after}", fault.on));
    format!("{id}  {state}  {what}  {}", style.paint(Label::Aside, &harmless(&shown(&effect))))
}

/// An effect on one line, without the quotes of JSON where nothing needs them.
fn shown(effect: &Value) -> String {
    match effect {
        Value::String(word) => word.clone(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match value {
                Value::Object(inner) if inner.is_empty() => name.clone(),
                Value::Object(_) => format!("{name} {{{}}}", shown(value)),
                value => format!("{name} {}", shown(value)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

async fn clear(desk: &Desk, id: Option<&str>) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let control = Control::of(&home)?;
    if control.health().await.is_none() {
        desk.screen.say("No local emulator runs, and so it has no faults.");
        return Ok(Code::DONE);
    }
    let path = id.map_or_else(
        || "/_emulator/faults".to_owned(),
        |id| {
            let mut url = url::Url::parse("http://x/_emulator/faults").ok();
            if let Some(mut segments) = url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
                segments.push(id);
            }
            url.map(|url| url.path().to_owned()).unwrap_or_default()
        },
    );
    let answer = control.send("DELETE", &path, None).await?;
    let cleared =
        answer["cleared"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    desk.screen.result(|out| writeln!(out, "Cleared {}.", counted(cleared, "fault", "faults")))?;
    Ok(Code::DONE)
}

#[cfg(test)]
mod tests {
    use acitask_emulator::fault::{Board, Moment};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_tells_what_fired_and_what_did_not() {
        let mut board = Board::default();
        let script = json!([
            {"on": "containerGroups/put", "resource": "a*", "nth": 2, "effect": {"answer": {"status": 429, "retryAfter": 5}}},
            {"id": "x", "on": "containerGroups/*", "times": "always", "effect": "evict"},
        ]);
        assert!(board.add(script).is_ok());
        board.meet(&Moment::request(
            "PUT",
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerInstance/containerGroups/ab",
        ));
        let wanted = [
            "fault-1  fired 0/1, seen 1  containerGroups/put a* from number 2  answer {retryAfter 5, status 429}",
            "x        fired 1/∞, seen 1  containerGroups/*  evict",
            "1 fault has not fired yet.",
        ];
        assert_eq!(page(Style::PLAIN, &board.list()), wanted);
    }
}
