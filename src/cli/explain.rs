//! `acitask explain`.

use clap::Args;

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use super::name;
use crate::manifest::Rule;

/// Explain a rule of the manifest language, or list all of them.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask explain ACI032")]
pub(crate) struct Explain {
    /// The rule's code.
    code: Option<String>,
}

/// Prints why there is a rule, what to write instead, and where it comes from.
pub(crate) fn explain(desk: &Desk, arguments: &Explain) -> Result<Code, Failure> {
    let Some(code) = &arguments.code else {
        desk.screen.result(|out| {
            Rule::ALL
                .iter()
                .try_for_each(|rule| writeln!(out, "{rule}  {:<7}  {}", rule.severity(), rule.summary()))
        })?;
        return Ok(Code::DONE);
    };
    let rule = Rule::of(code).ok_or_else(|| Failure::UnknownRule {
        code: code.clone(),
        help: name::help(&code.to_uppercase(), Rule::ALL.iter().map(|rule| rule.code())),
    })?;
    desk.screen.result(|out| {
        writeln!(out, "{rule}, {}: {}\n\n{}", rule.severity(), rule.summary(), rule.explanation().trim_end())
    })?;
    Ok(Code::DONE)
}
