//! What is wrong with manifests, in the form that was asked for: for people, for programs, for GitHub's annotations.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::Desk;
use super::failure::Failure;
use crate::manifest::{Diagnostic, Severity};

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people, each with the lines that it is about.
    #[default]
    Text,
    /// One JSON object with a list, on standard output.
    Json,
    /// Workflow commands that GitHub shows beside the lines of a pull request.
    Github,
}

/// Tells findings.
///
/// # Errors
/// Standard output takes nothing more.
pub(crate) fn tell(desk: &Desk, format: Format, findings: Vec<Diagnostic>) -> Result<(), Failure> {
    match format {
        Format::Text => {
            findings.into_iter().for_each(|finding| desk.screen.diagnostic(finding.into()));
            Ok(())
        }
        Format::Json => {
            let list: Vec<Value> = findings.iter().map(object).collect();
            desk.screen.result(|out| writeln!(out, "{:#}", json!({"diagnostics": list})))
        }
        Format::Github => {
            desk.screen.result(|out| findings.iter().try_for_each(|each| annotation(out, each)))
        }
    }
}

fn object(finding: &Diagnostic) -> Value {
    let places = finding.spots().into_iter().map(|spot| {
        json!({
            "file": spot.file, "line": spot.line, "column": spot.column,
            "endLine": spot.end_line, "endColumn": spot.end_column, "label": spot.label,
        })
    });
    json!({
        "code": finding.rule().code(),
        "severity": finding.rule().severity().to_string(),
        "message": finding.message(),
        "help": finding.advice(),
        "places": places.collect::<Vec<_>>(),
    })
}

/// `::error file=…,line=…::message`, as GitHub's page "Workflow commands" says, with its escapes.
fn annotation(out: &mut dyn Write, finding: &Diagnostic) -> io::Result<()> {
    let command = match finding.rule().severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let message = match finding.advice() {
        Some(help) => format!("{}\n{help}", finding.message()),
        None => finding.message().to_owned(),
    };
    let title = format!("title={}", finding.rule());
    let place = finding.spots().into_iter().next().map(|spot| {
        let (file, line, column) = (property(&spot.file), spot.line, spot.column);
        let end =
            if spot.end_line == line { format!(",endColumn={}", spot.end_column) } else { String::new() };
        format!("file={file},line={line},col={column},endLine={}{end},", spot.end_line)
    });
    writeln!(out, "::{command} {}{title}::{}", place.unwrap_or_default(), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
