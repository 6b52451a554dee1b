//! Secrets: where they are referred to, where they come from, and where they stand in plain sight.

use std::collections::BTreeMap;

use crate::manifest::book::{Book, Document, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::tree::Span;
use crate::manifest::variable::{Offer, Variables};
use crate::model::secret::{Secret, SecretRef};

/// The secrets of all references; nothing where no value was given.
pub(in crate::manifest) type Secrets = BTreeMap<SecretRef, Option<Secret>>;

/// Words that the names of secrets hold.
const TELLTALE: [&str; 4] = ["PASSWORD", "SECRET", "TOKEN", "KEY"];

/// The lists of environment variables of a document.
fn environments<'d>(sheet: Sheet<'d>) -> Vec<Place<'d>> {
    let Some(spec) = sheet.spec() else { return vec![] };
    let of = |containers: Place<'d>| containers.list(&["environmentVariables"]);
    let own = spec.list(&["containers"]).flat_map(of);
    let template = spec.list(&["template", "containers"]).flat_map(of);
    own.chain(template).chain(spec.list(&["environmentVariables"])).collect()
}

/// Looks up every secret that is referred to, and judges the values of environment variables.
pub(in crate::manifest) fn resolve(
    book: &Book<'_>,
    variables: &mut Variables<'_>,
    files: &dyn Fn(&str) -> Result<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Secrets {
    let mut secrets = Secrets::new();
    for variable in book.sheets.iter().copied().flat_map(environments) {
        let (plain, secure) = (variable.get("value"), variable.get("secureValue"));
        diagnostics.extend(exactly_one(variable, ["value", "secureValue"]));
        if plain.is_some() && is_literal_secret(variable) {
            diagnostics.push(literal(variable));
        }
        let Some(secure) = secure else { continue };
        diagnostics.extend(exactly_one(secure, ["fromVariable", "fromFile"]));
        let (from_variable, from_file) = (secure.get("fromVariable"), secure.get("fromFile"));
        let value = match (from_variable, from_file) {
            (Some(place), None) => from_a_variable(place, variables),
            (None, Some(place)) => from_a_file(place, files, diagnostics),
            (Some(_), Some(_)) | (None, None) => None,
        };
        let text = |place: Option<Place<'_>>| place.and_then(Place::text).map(str::to_owned);
        let reference = SecretRef { from_variable: text(from_variable), from_file: text(from_file) };
        secrets.insert(reference, value);
    }
    secrets
}

fn from_a_variable(place: Place<'_>, variables: &mut Variables<'_>) -> Option<Secret> {
    let name = place.text()?;
    match variables.offer(name) {
        Offer::Plain(text) => Some(Secret::new(text)),
        Offer::Secret(secret) => Some(secret),
        Offer::Nothing => None,
        Offer::Unknown => {
            variables.undeclared(place.file, place.head(), name, "");
            None
        }
    }
}

fn from_a_file(
    place: Place<'_>,
    files: &dyn Fn(&str) -> Result<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Secret> {
    match files(place.text()?) {
        Ok(text) => Some(Secret::new(text)),
        Err(reason) => {
            let message = format!("the file of this secret cannot be read: {reason}");
            diagnostics.push(place.flaw(Rule::SecretFile, message, "this file"));
            None
        }
    }
}

/// Refuses a mapping that has none or both of two keys.
fn exactly_one(place: Place<'_>, keys: [&str; 2]) -> Option<Diagnostic> {
    let [first, second] = keys;
    match (place.get(first), place.get(second)) {
        (Some(_), Some(_)) => Some(
            Diagnostic::new(Rule::OneOf, format!("{first} and {second} exclude each other"))
                .label(place.file, place.key(second), "either this")
                .label(place.file, place.key(first), "or this")
                .help("keep one of them"),
        ),
        // A misspelt key is told by the schema; then nothing is known to be missing.
        (None, None) if place.node.entries().iter().all(|(key, _)| key.text == "name") => Some(
            place
                .flaw(Rule::OneOf, format!("{first} or {second} is needed"), "neither is here")
                .help(format!("add one of {first} and {second}")),
        ),
        _ => None,
    }
}

/// Whether a variable that sounds secret has its value in the manifest itself.
fn is_literal_secret(variable: Place<'_>) -> bool {
    let name = variable.word(&["name"]).unwrap_or_default().to_uppercase();
    let written = variable.get("value").filter(|value| !value.node.filled);
    TELLTALE.iter().any(|word| name.contains(word))
        && written.and_then(Place::text).is_some_and(|text| !text.is_empty() && !text.contains("${"))
}

fn literal(variable: Place<'_>) -> Diagnostic {
    let name = variable.word(&["name"]).unwrap_or_default();
    Diagnostic::new(
        Rule::SecretLiteral,
        format!("{name} sounds like a secret, and everybody can read it here"),
    )
    .label(variable.file, variable.key("value"), "in plain sight")
    .help("declare a variable with secret: true and write secureValue: {fromVariable: …}")
}

/// The text of a file as it is shown: values that sound secret are covered.
pub(in crate::manifest) fn masked(text: &str, documents: &[Document]) -> String {
    // The kind does not matter here: every place where environment variables can stand is looked at.
    let mut spans: Vec<Span> = documents
        .iter()
        .flat_map(|document| environments(Sheet { kind: Kind::TaskRun, root: document.place() }))
        .filter(|variable| is_literal_secret(*variable))
        .filter_map(|variable| Some(variable.get("value")?.node.span))
        .collect();
    spans.sort();
    spans.dedup();
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans {
        shown.push_str(text.get(end..span.start).unwrap_or_default());
        let covered = text.get(span.start..span.end).unwrap_or_default().chars();
        // As many bytes as before, so that every place stays where it is.
        shown.extend(covered.map(|letter| match letter {
            '\n' => "\n".to_owned(),
            letter => "*".repeat(letter.len_utf8()),
        }));
        end = span.end;
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    shown
}
