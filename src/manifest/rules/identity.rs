//! Managed identities, registries and secrets of a Key Vault: what one part of a group wants of another is there.

use std::collections::BTreeSet;

use super::{all_containers, containers};
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::near::advice;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

pub(super) fn judge(sheet: Sheet<'_>, group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(kind(group));
    diagnostics.extend(users(group));
    diagnostics.extend(secret_references(sheet, group));
    diagnostics.extend(more_logins_than_containers(sheet, group));
    diagnostics.extend(
        group
            .list(&["imageRegistryCredentials"])
            .filter_map(|credential| with_protocol(credential.get("server")?)),
    );
}

/// Whether the type of the identities and those that are named agree.
fn kind(group: Place<'_>) -> Option<Diagnostic> {
    let identity = group.get("identity")?;
    let kind = identity.get("type")?;
    let users = identity.get("userAssignedIdentities");
    match (kind.text()?.contains("UserAssigned"), users) {
        (true, None) => Some(
            kind.flaw(Rule::IdentityShape, "no user-assigned identity is named", "which ones?")
                .help("add userAssignedIdentities with the resource ids of the identities, each with {}"),
        ),
        (false, Some(_)) => Some(
            Diagnostic::new(Rule::IdentityShape, "identities are named that the type leaves out")
                .label(identity.file, identity.key("userAssignedIdentities"), "these")
                .label(kind.file, kind.head(), "this type")
                .help("write type: UserAssigned, or \"SystemAssigned, UserAssigned\""),
        ),
        _ => None,
    }
}

/// Those who use a user-assigned identity that the group does not have.
fn users(group: Place<'_>) -> Vec<Diagnostic> {
    let identities: BTreeSet<String> = group
        .entries(&["identity", "userAssignedIdentities"])
        .map(|(key, _)| key.text.to_lowercase())
        .collect();
    let registries = group.list(&["imageRegistryCredentials"]).filter_map(|each| each.get("identity"));
    let vaults = group.list(&["secretReferences"]).filter_map(|each| each.get("identity"));
    let lists = group.list(&["identityAcls", "acls"]).filter_map(|each| each.get("identity"));
    let missing = |place: Place<'_>| {
        let id = place.text()?;
        (!identities.contains(&id.to_lowercase())).then(|| {
            place
                .flaw(
                    Rule::IdentityMissing,
                    "the group does not have this identity",
                    "not among its identities",
                )
                .help("add it under identity.userAssignedIdentities of the group, with {}")
        })
    };
    registries.chain(vaults).chain(lists).filter_map(missing).collect()
}

/// Names of secret references that the group does not declare.
fn secret_references(sheet: Sheet<'_>, group: Place<'_>) -> Vec<Diagnostic> {
    let names: BTreeSet<_> =
        group.list(&["secretReferences"]).filter_map(|each| each.word(&["name"])).collect();
    let variables = all_containers(sheet)
        .flat_map(|each| each.list(&["environmentVariables"]))
        .filter_map(|variable| variable.get("secureValueReference"));
    let passwords =
        group.list(&["imageRegistryCredentials"]).filter_map(|each| each.get("passwordReference"));
    let keys =
        group.list(&["volumes"]).filter_map(|volume| volume.at(&["azureFile", "storageAccountKeyReference"]));
    let files = group
        .list(&["volumes"])
        .flat_map(|volume| volume.entries(&["secretReference"]))
        .map(|(_, place)| place);
    let unknown = |place: Place<'_>| {
        let name = place.text()?;
        if names.contains(name) {
            return None;
        }
        let message = format!("no secretReference of the group is called {name}");
        let diagnostic = place.flaw(Rule::Reference, message, "not declared");
        Some(diagnostic.help(advice(name, names.iter().copied())))
    };
    variables.chain(passwords).chain(keys).chain(files).filter_map(unknown).collect()
}

/// Azure refuses more logins than containers: `MoreImageRegistryCredentialsThanContainers`, seen in docker's compose-cli.
fn more_logins_than_containers(sheet: Sheet<'_>, group: Place<'_>) -> Option<Diagnostic> {
    let logins = group.list(&["imageRegistryCredentials"]).count();
    let most = containers(sheet).count() + group.list(&["initContainers"]).count();
    let first_too_many = group.list(&["imageRegistryCredentials"]).nth(most).filter(|_| most > 0)?;
    let containers = if most == 1 { "container" } else { "containers" };
    let message = format!("there are {logins} logins for {most} {containers}");
    Some(
        first_too_many
            .flaw(Rule::Registries, message, "one too many")
            .help("Azure takes at most one login a container: leave out those that no image needs"),
    )
}

fn with_protocol(server: Place<'_>) -> Option<Diagnostic> {
    let (protocol, rest) = server.text()?.split_once("://")?;
    let message = format!("the name of a registry has no {protocol}://");
    Some(server.flaw(Rule::RegistryName, message, "this name").help(format!("write {rest}")))
}
