//! `acitask emulator switches`: the open questions about the service, and how it answers them.

use clap::Args;
use serde_json::{Map, Value};

use super::local;
use crate::cli::assignment::{Assignment, assignment};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::style::Style;
use crate::render::text::{harmless, table};

/// Show how it answers what is not known of the service, or change that.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask emulator switches\n  acitask emulator switches exec.split=false put.on-terminated=refuse"
)]
pub(crate) struct Switches {
    /// Switches to set.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<Assignment>,
    /// One JSON object of names and values.
    #[arg(long)]
    json: bool,
}

/// Sets switches and shows all of them.
pub(crate) async fn switches(desk: &Desk, arguments: &Switches) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let control = local::ensure(desk, &home).await?;
    let answer = if arguments.set.is_empty() {
        control.read("/_emulator/switches").await?
    } else {
        let text = |set: &Assignment| (set.name.clone(), Value::from(set.value.expose()));
        let body: Map<String, Value> = arguments.set.iter().map(text).collect();
        control.send("PATCH", "/_emulator/switches", Some(&Value::Object(body))).await?
    };
    if arguments.json {
        desk.screen.result(|out| writeln!(out, "{answer}"))?;
        return Ok(Code::DONE);
    }
    let style = desk.screen.out;
    desk.screen
        .result(|out| page(style, &answer).into_iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(Code::DONE)
}

/// Each switch as it is set, and what it decides.
fn page(style: Style, settings: &Value) -> Vec<String> {
    let set = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let meaning = acitask_emulator::world::Switches::MEANINGS
            .into_iter()
            .find(|(of, _)| of == name)
            .map_or("", |(_, meaning)| meaning);
        (harmless(&format!("{name}={value}")), meaning.to_owned())
    };
    let rows: Vec<_> = settings.as_object().into_iter().flatten().map(set).collect();
    table(&rows, style.width)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_setting_stands_beside_what_it_decides() {
        let settings = json!({"exec.split": "false", "view.stale-reads": "2", "of.another-build": "x"});
        let wanted = [
            "exec.split=false    an exec's command string is split on spaces; default true,",
            "                    as the newer clusters do",
            "of.another-build=x  ",
            "view.stale-reads=2  how many GETs after an action still show the old instance",
            "                    view; default 0",
        ];
        assert_eq!(page(Style::PLAIN, &settings), wanted);
    }
}
