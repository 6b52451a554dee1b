//! `acitask validate`.

use clap::{Args, ValueEnum};

use super::arguments::Input;
use super::code::Code;
use super::failure::Failure;
use super::findings::{self, Format};
use super::{Desk, project};
use crate::manifest::{Rejected, Resolved, Severity};
use crate::render::text::counted;

/// Check the manifests; it calls nothing and needs no login.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask validate -f manifests/quickstart --deny warnings")]
pub(crate) struct Validate {
    #[command(flatten)]
    input: Input,
    /// How to write what is wrong.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Fail for warnings too, or for warnings and notes.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

/// What else than errors fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings.
    Warnings,
    /// Warnings and notes.
    Notes,
}

/// Judges the manifests and tells all that is wrong with them.
pub(crate) fn validate(desk: &Desk, arguments: &Validate) -> Result<Code, Failure> {
    let outcome = match project::judge(desk, &arguments.input) {
        Ok(judged) => judged.outcome,
        Err(Failure::Rejected(rejected)) => Err(rejected),
        Err(failure) => return Err(failure),
    };
    let Resolved { stack, warnings } = match outcome {
        Ok(resolved) => resolved,
        Err(rejected) if arguments.format == Format::Text => return Err(rejected.into()),
        Err(Rejected { diagnostics, warnings }) => {
            let all = diagnostics.into_iter().chain(warnings).collect();
            findings::tell(desk, arguments.format, all)?;
            return Ok(Code::ERROR);
        }
    };
    let denied = warnings.iter().any(|each| match (arguments.deny, each.rule().severity()) {
        (None, _) | (Some(Deny::Warnings), Severity::Note) => false,
        (Some(_), _) => true,
    });
    findings::tell(desk, arguments.format, warnings)?;
    if denied {
        return if arguments.format == Format::Text { Err(Failure::Denied) } else { Ok(Code::ERROR) };
    }
    if arguments.format != Format::Text {
        return Ok(Code::DONE);
    }
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
