//! Tests of the whole way from text to stack, and of what is said on the way.

mod accepted;
mod agree;
mod environments;
mod examples;
mod fuzzed;
mod golden;
mod hostile;
mod law;
mod refused;
mod samples;

use super::{Given, Origin, Rejected, Resolved, Source, Values, read};
use crate::model::secret::Secret;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A value as the command line gives it.
fn given(text: &str) -> Given {
    Given { text: Secret::new(text), secret: false, origin: Origin::File(".env".into()) }
}

/// Reads texts as files of these names and resolves them with these values.
fn resolve(sources: &[(&str, &str)], values: &Values) -> Result<Resolved, Rejected> {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
    let files = |path: &str| match path {
        "cert.pem" => Ok("canary-file".to_owned()),
        _ => Err(format!("there is no {path} in the project folder")),
    };
    read(sources.iter().map(source).collect()).resolve(values, &files, true)
}

/// What a person sees of a refusal, without colours.
fn rendered(diagnostic: &dyn miette::Diagnostic) -> Result<String, std::fmt::Error> {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    handler.render_report(&mut text, diagnostic)?;
    // Trailing blanks are no part of what is seen.
    Ok(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
}

/// The codes of a refusal, in order.
fn codes(outcome: &Result<Resolved, Rejected>) -> Vec<&'static str> {
    match outcome {
        Ok(_) => vec![],
        Err(rejected) => rejected.diagnostics.iter().map(|each| each.rule().code()).collect(),
    }
}
