//! Keys of which exactly one is there: the way in which Azure's API says "one of".

use super::{containers, group};
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::tree::Data;

/// The kinds of volumes.
const VOLUMES: [&str; 5] = ["azureFile", "emptyDir", "secret", "secretReference", "gitRepo"];
/// What opens a share of Azure Files.
const SHARE: [&str; 3] = ["storageAccountKey", "storageAccountKeyReference", "userAssignedIdentityClientId"];
/// What opens a registry.
const REGISTRY: [&str; 3] = ["password", "passwordReference", "identity"];

pub(super) fn judge(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(group) = group(sheet) else { return };
    for volume in group.list(&["volumes"]) {
        diagnostics.extend(exactly_one(volume, &VOLUMES));
        diagnostics.extend(volume.get("azureFile").and_then(|share| exactly_one(share, &SHARE)));
    }
    for credential in group.list(&["imageRegistryCredentials"]) {
        diagnostics.extend(exactly_one(credential, &REGISTRY));
        diagnostics.extend(password_without_user(credential));
    }
    for container in containers(sheet) {
        for probe in ["livenessProbe", "readinessProbe"].into_iter().filter_map(|key| container.get(key)) {
            diagnostics.extend(exactly_one(probe, &["exec", "httpGet"]));
        }
    }
}

/// Keys that may stand beside those of a choice.
const BESIDE: [&str; 12] = [
    "name",
    "server",
    "username",
    "identityUrl",
    "shareName",
    "storageAccountName",
    "readOnly",
    "initialDelaySeconds",
    "periodSeconds",
    "failureThreshold",
    "successThreshold",
    "timeoutSeconds",
];

/// Refuses a mapping that has none or several of some keys.
pub(super) fn exactly_one(place: Place<'_>, keys: &[&str]) -> Option<Diagnostic> {
    let there: Vec<_> = keys.iter().filter(|key| place.get(key).is_some()).collect();
    match there[..] {
        [_] => None,
        [first, second, ..] => Some(
            Diagnostic::new(Rule::OneOf, format!("{first} and {second} exclude each other"))
                .label(place.file, place.key(second), "either this")
                .label(place.file, place.key(first), "or this")
                .help("keep one of them"),
        ),
        // What is no mapping, and a misspelt key, is told by the schema; then nothing is known to be missing.
        [] if !matches!(place.node.data, Data::Mapping(_)) => None,
        [] if place.node.entries().iter().all(|(key, _)| BESIDE.contains(&key.text.as_str())) => {
            let (last, others) = keys.split_last()?;
            let all = format!("{} or {last}", others.join(", "));
            Some(
                place
                    .flaw(Rule::OneOf, format!("{all} is needed"), "none of them is here")
                    .help(format!("add one of {}", keys.join(", "))),
            )
        }
        [] => None,
    }
}

fn password_without_user(credential: Place<'_>) -> Option<Diagnostic> {
    let key = ["password", "passwordReference"].into_iter().find(|key| credential.get(key).is_some())?;
    credential.get("username").is_none().then(|| {
        Diagnostic::new(Rule::MissingKey, format!("a {key} needs a username"))
            .label(credential.file, credential.key(key), "of which user?")
            .help("add the key username")
    })
}
