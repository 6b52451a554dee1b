//! `acitask validate`.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::failure::Failure;
use super::{Desk, project};
use crate::render::text::counted;

/// Check the manifests; it calls nothing and needs no login.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask validate -f manifests/quickstart")]
pub(crate) struct Validate {
    #[command(flatten)]
    input: Input,
}

/// Opens the project; what is wrong with it is the failure.
pub(crate) fn validate(desk: &Desk, arguments: &Validate) -> Result<Code, Failure> {
    let stack = project::open(desk, &arguments.input)?.stack;
    let counts = [
        counted(stack.resource_groups.len(), "resource group", "resource groups"),
        counted(stack.groups.len(), "container group", "container groups"),
        counted(stack.runs.len(), "task run", "task runs"),
    ];
    desk.screen.result(|out| {
        writeln!(out, "The manifests of project {} are valid: {}.", stack.project.owner, counts.join(", "))
    })?;
    Ok(Code::DONE)
}
