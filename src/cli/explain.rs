//! `acitask explain`.

use std::io::{self, Write};

use clap::Args;

use super::Desk;
use super::code::Code;
use super::failure::Failure;
use super::name;
use crate::manifest::Rule;
use crate::render::effects;
use crate::render::text::wrapped;

/// Explain a rule of the manifest language or what changes do to a running group, or list all rules.
#[derive(Args)]
#[command(after_help = "Examples:\n  acitask explain ACI032\n  acitask explain effects")]
pub(crate) struct Explain {
    /// The rule's code, or `effects`.
    code: Option<String>,
}

/// The topic that is no rule.
const EFFECTS: &str = "effects";

/// Prints why there is a rule, what to write instead, and where it comes from.
pub(crate) fn explain(desk: &Desk, arguments: &Explain) -> Result<Code, Failure> {
    let width = desk.screen.out.width;
    let Some(code) = &arguments.code else {
        return desk.screen.result(|out| list(out, width)).map(|()| Code::DONE);
    };
    if code.eq_ignore_ascii_case(EFFECTS) {
        return desk.screen.result(|out| effects::write(out, width)).map(|()| Code::DONE);
    }
    let rule = Rule::of(code).ok_or_else(|| Failure::UnknownRule {
        code: code.clone(),
        help: name::help(&code.to_uppercase(), Rule::ALL.iter().map(|rule| rule.code()).chain([EFFECTS])),
    })?;
    desk.screen.result(|out| {
        let heading = format!("{rule}, {}: {}", rule.severity(), rule.summary());
        let allowed = if rule.can_be_allowed() {
            format!("Allowed by a comment on the line above: # acitask: allow {rule} REASON")
        } else {
            "No comment allows it: acitask itself needs it.".to_owned()
        };
        let text = rule.explanation();
        // The source comes last.
        let (text, source) = text.rsplit_once("\nSource: ").unwrap_or((text, ""));
        for paragraph in
            [&heading, "", text.trim_end(), "", &allowed, "", &format!("Source: {}", source.trim_end())]
        {
            flow(out, paragraph, width)?;
        }
        Ok(())
    })?;
    Ok(Code::DONE)
}

/// All rules, one a line where it fits.
fn list(out: &mut dyn Write, width: usize) -> io::Result<()> {
    const INDENT: usize = 17;
    for rule in Rule::ALL {
        let lines = wrapped(rule.summary(), width.saturating_sub(INDENT));
        for (place, line) in lines.iter().enumerate() {
            match place {
                0 => writeln!(out, "{rule}  {:<7}  {line}", rule.severity())?,
                _ => writeln!(out, "{:INDENT$}{line}", "")?,
            }
        }
    }
    Ok(())
}

/// Writes text in lines of a width; what is indented stays as it is.
fn flow(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    for (place, paragraph) in text.split("\n\n").enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        if paragraph.starts_with("    ") {
            writeln!(out, "{paragraph}")?;
            continue;
        }
        let joined = paragraph.lines().collect::<Vec<_>>().join(" ");
        wrapped(&joined, width).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        if joined.is_empty() {
            writeln!(out)?;
        }
    }
    Ok(())
}
