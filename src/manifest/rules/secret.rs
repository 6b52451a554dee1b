//! Secrets: where they are referred to and where they come from.

use std::collections::BTreeMap;

use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::rules::one_of::exactly_one;
use crate::manifest::variable::{Offer, Variables};
use crate::model::secret::{Secret, SecretRef};

/// The secrets of all references; nothing where no value was given.
pub(in crate::manifest) type Secrets = BTreeMap<SecretRef, Option<Secret>>;

/// The lists of environment variables of a document.
pub(super) fn environments<'d>(sheet: Sheet<'d>) -> Vec<Place<'d>> {
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

/// Looks up every secret that is referred to.
pub(in crate::manifest) fn resolve(
    book: &Book<'_>,
    variables: &mut Variables<'_>,
    files: &dyn Fn(&str) -> Result<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Secrets {
    let mut secrets = Secrets::new();
    for variable in book.sheets.iter().copied().flat_map(environments) {
        diagnostics.extend(exactly_one(variable, &["value", "secureValue", "secureValueReference"]));
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
            diagnostics.push(
                place
                    .flaw(Rule::SecretFile, message, "this file")
                    .help("name a file in the folder of the manifests, by its path from there"),
            );
            None
        }
    }
}
