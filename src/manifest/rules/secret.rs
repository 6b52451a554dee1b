//! Secrets: where they are referred to, where they come from, and where they stand in plain sight.

use std::collections::BTreeMap;

use crate::manifest::book::{Book, Document, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::rules::one_of::exactly_one;
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
    let groups = [Some(spec), spec.get("template")].into_iter().flatten();
    let containers =
        groups.flat_map(|group| group.list(&["containers"]).chain(group.list(&["initContainers"])));
    containers.flat_map(of).chain(spec.list(&["environmentVariables"])).collect()
}

/// Where references to secrets stand: all places of a document whose schema is that of a reference.
fn references<'d>(sheet: Sheet<'d>) -> Vec<Place<'d>> {
    let Some(spec) = sheet.spec() else { return vec![] };
    let mut places: Vec<_> =
        environments(sheet).into_iter().filter_map(|variable| variable.get("secureValue")).collect();
    for group in [Some(spec), spec.get("template")].into_iter().flatten() {
        for volume in group.list(&["volumes"]) {
            places.extend(volume.at(&["azureFile", "storageAccountKey"]));
            places.extend(volume.entries(&["secret"]).map(|(_, place)| place));
        }
        places.extend(group.list(&["imageRegistryCredentials"]).filter_map(|each| each.get("password")));
        places.extend(group.at(&["diagnostics", "logAnalytics", "workspaceKey"]));
        for extension in group.list(&["extensions"]) {
            places.extend(extension.entries(&["protectedSettings"]).map(|(_, place)| place));
        }
    }
    places
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
        diagnostics.extend(exactly_one(variable, &["value", "secureValue", "secureValueReference"]));
        if variable.get("value").is_some() && is_literal_secret(variable) {
            diagnostics.push(literal(variable));
        }
    }
    for secure in book.sheets.iter().copied().flat_map(references) {
        diagnostics.extend(exactly_one(secure, &["fromVariable", "fromFile"]));
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
pub(in crate::manifest) fn masked(base: usize, text: &str, documents: &[Document]) -> String {
    // The kind does not matter here: every place where environment variables can stand is looked at.
    let mut spans: Vec<Span> = documents
        .iter()
        .flat_map(|document| environments(Sheet { kind: Kind::TaskRun, root: document.place() }))
        .filter(|variable| is_literal_secret(*variable))
        .filter_map(|variable| Some(variable.get("value")?.node.span))
        .map(|span| Span { start: span.start - base, end: span.end - base })
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
