//! The rules of volumes, mounts, registry credentials and references to secrets.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::words::Words;
use super::{is_name, items, list, text};
use crate::world::body::Object;
use crate::world::refusal::Refusal;

const KINDS: [&str; 5] = ["emptyDir", "secret", "secretReference", "azureFile", "gitRepo"];

/// Checks what the containers share, and that they name nothing else.
pub(super) fn check(words: Words<'_>, properties: &Object) -> Result<(), Refusal> {
    let references = references(words, properties)?;
    let volumes = volumes(words, properties, &references)?;
    let containers = || items(properties, "containers").iter().chain(items(properties, "initContainers"));
    for container in containers() {
        let properties = &container["properties"];
        let mut places = BTreeSet::new();
        for mount in list(&properties["volumeMounts"]) {
            let (name, path) = (text(&mount["name"]), text(&mount["mountPath"]));
            if !volumes.contains(name) {
                return Err(words.invalid("volume mount", name, "There is no volume of this name."));
            }
            // A path from the root on without its slash is taken (azure-sdk-for-js, containerGroups create test).
            if path.is_empty() || path.contains(':') {
                const RULE: &str = "It must be a path without a colon.";
                return Err(words.invalid("mount path", path, RULE));
            }
            if !places.insert(path.trim_start_matches('/')) {
                return Err(words.duplicate("mount path", path));
            }
        }
        for key in properties["configMap"]["keyValuePairs"].as_object().into_iter().flat_map(|map| map.keys())
        {
            check_file(words, "config map", text(&container["name"]), key)?;
        }
        for variable in list(&properties["environmentVariables"]) {
            known(words, &references, &variable["secureValueReference"])?;
        }
    }
    let credentials = items(properties, "imageRegistryCredentials");
    if credentials.len() > containers().count() {
        return Err(words.more_credentials());
    }
    credentials.iter().try_for_each(|credential| check_credential(words, &references, credential))
}

/// The names that references can be made to.
fn references<'a>(words: Words<'_>, properties: &'a Object) -> Result<BTreeSet<&'a str>, Refusal> {
    let mut names = BTreeSet::new();
    for reference in items(properties, "secretReferences") {
        let name = text(&reference["name"]);
        if name.is_empty() || !names.insert(name) {
            return Err(words.duplicate("secret reference", name));
        }
        let uri = text(&reference["secretReferenceUri"]);
        if !uri.starts_with("https://") {
            return Err(words.invalid("secretReferenceUri", uri, "It must be the https URI of a secret."));
        }
    }
    Ok(names)
}

fn known(words: Words<'_>, references: &BTreeSet<&str>, name: &Value) -> Result<(), Refusal> {
    match name.as_str() {
        Some(name) if !references.contains(name) => {
            Err(words.invalid("secret reference", name, "It is not among the secretReferences."))
        }
        _ => Ok(()),
    }
}

/// The names of the volumes.
fn volumes<'a>(
    words: Words<'_>,
    properties: &'a Object,
    references: &BTreeSet<&str>,
) -> Result<BTreeSet<&'a str>, Refusal> {
    let volumes = items(properties, "volumes");
    if volumes.len() > 20 {
        return Err(words.too_many("volumes", volumes.len(), 20));
    }
    let mut names = BTreeSet::new();
    for volume in volumes {
        let name = text(&volume["name"]);
        if !is_name(name, 5) || name.contains("--") {
            return Err(words.volume_name(name));
        }
        if !names.insert(name) {
            return Err(words.duplicate("volume name", name));
        }
        if KINDS.iter().filter(|kind| volume.get(**kind).is_some()).count() != 1 {
            const RULE: &str = "It must be one of emptyDir, secret, secretReference, azureFile and gitRepo.";
            return Err(words.invalid("volume", name, RULE));
        }
        for (file, content) in volume["secret"].as_object().into_iter().flatten() {
            check_file(words, "secret volume", name, file)?;
            if BASE64_STANDARD.decode(text(content)).is_err() {
                let rule = format!("The value of '{file}' is not base64.");
                return Err(words.invalid("secret volume", name, &rule));
            }
        }
        for (file, reference) in volume["secretReference"].as_object().into_iter().flatten() {
            check_file(words, "secret volume", name, file)?;
            known(words, references, reference)?;
        }
        if let Some(share) = volume.get("azureFile") {
            known(words, references, &share["storageAccountKeyReference"])?;
            let keys = ["storageAccountKey", "storageAccountKeyReference", "userAssignedIdentityClientId"];
            if !keys.iter().any(|key| share.get(*key).is_some()) {
                // terraform-provider-azurerm: "API doesn't return the value of StorageAccountKey … Otherwise, the
                // Update API call would fail".
                const RULE: &str = "The storage account key is required.";
                return Err(words.invalid("azureFile volume", name, RULE));
            }
            for part in ["shareName", "storageAccountName"] {
                let value = text(&share[part]);
                if !is_name(value, 3) {
                    const RULE: &str = "It must have 3 to 63 lowercase letters, numbers and hyphens.";
                    return Err(words.invalid(part, value, RULE));
                }
            }
        }
    }
    Ok(names)
}

/// A file of a secret volume or a config map stays in its folder.
fn check_file(words: Words<'_>, what: &str, owner: &str, file: &str) -> Result<(), Refusal> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if file.is_empty() || file.len() > 253 || file == "." || file == ".." || !file.chars().all(known) {
        let rule = format!("'{file}' is not the name of a file: letters, numbers, '-', '_' and '.'.");
        return Err(words.invalid(what, owner, &rule));
    }
    Ok(())
}

fn check_credential(
    words: Words<'_>,
    references: &BTreeSet<&str>,
    credential: &Value,
) -> Result<(), Refusal> {
    let server = text(&credential["server"]);
    known(words, references, &credential["passwordReference"])?;
    let has = |field: &str| !text(&credential[field]).is_empty();
    let login = has("username") && (has("password") || has("passwordReference"));
    if server.is_empty() || !(login || has("identity")) {
        const RULE: &str = "A user name with a password, or an identity, is required.";
        return Err(words.invalid("image registry credential", server, RULE));
    }
    Ok(())
}
