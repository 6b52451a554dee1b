//! `acitask emulator switches`: the open questions about the service, and how it answers them.

use clap::Args;
use serde_json::{Map, Value};

use super::local;
use crate::cli::assignment::{Assignment, assignment};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};

/// Show how it answers what is not known of the service, or change that.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask emulator switches\n  acitask emulator switches exec_splits=true"
)]
pub(crate) struct Switches {
    /// Switches to set.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<Assignment>,
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
    desk.screen.result(|out| {
        answer.as_object().into_iter().flatten().try_for_each(|(name, value)| {
            writeln!(out, "{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
    })?;
    Ok(Code::DONE)
}
