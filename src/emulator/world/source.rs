//! Where the images of a group come from, and what their registries want to be shown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::Object;
use crate::contract::{Credential, ImageSource};

/// The images of all containers, each once, in the order in which they are needed.
pub(crate) fn sources(properties: &Object, secrets: &BTreeMap<String, String>) -> Vec<ImageSource> {
    let mut sources: Vec<ImageSource> = Vec::new();
    for list in ["initContainers", "containers"] {
        for container in properties.get(list).and_then(Value::as_array).into_iter().flatten() {
            let image = container["properties"]["image"].as_str().unwrap_or_default();
            let source = source(properties, secrets, image);
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
    }
    sources
}

/// An image with the group's credential for its registry.
pub(crate) fn source(properties: &Object, secrets: &BTreeMap<String, String>, image: &str) -> ImageSource {
    let registry = registry(image);
    let credentials = properties.get("imageRegistryCredentials").and_then(Value::as_array);
    let credential = credentials.into_iter().flatten().find_map(|credential| {
        let server = credential["server"].as_str()?;
        (host(server) == registry).then(|| {
            let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
            let referred = credential["passwordReference"].as_str().and_then(|name| secrets.get(name));
            let password = referred.cloned().unwrap_or_else(|| text("password"));
            Credential { server: server.to_owned(), username: text("username"), password }
        })
    });
    ImageSource { image: image.to_owned(), credential }
}

/// The registry of an image: the first part of its name where that has a dot or a colon or is `localhost`.
fn registry(image: &str) -> String {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => host(first),
        _ => "docker.io".to_owned(),
    }
}

/// A server as credentials name it, in one form: Docker Hub has several names.
fn host(server: &str) -> String {
    let server = server.trim_start_matches("https://").trim_start_matches("http://");
    let host = server.split('/').next().unwrap_or_default().to_lowercase();
    match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" | "hub.docker.com" => {
            "docker.io".to_owned()
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_gets_the_credential_of_its_registry() {
        let properties = json!({"imageRegistryCredentials": [
            {"server": "index.docker.io", "username": "hub", "password": "a"},
            {"server": "https://Own.azurecr.io/", "username": "own", "passwordReference": "ref"},
            {"server": "by.identity.example", "identity": "id"},
        ]});
        let properties = properties.as_object().cloned().unwrap_or_default();
        let secrets = BTreeMap::from([("ref".to_owned(), "b".to_owned())]);
        let rows = [
            ("nginx", Some(("hub", "a"))),
            ("docker.io/library/nginx", Some(("hub", "a"))),
            ("own.azurecr.io/x:1", Some(("own", "b"))),
            ("by.identity.example/x", Some(("", ""))),
            ("localhost/x", None),
            ("other.azurecr.io/x", None),
        ];
        for (image, expected) in rows {
            let source = source(&properties, &secrets, image);
            let got = source.credential.as_ref().map(|it| (it.username.as_str(), it.password.as_str()));
            assert_eq!(got, expected, "{image}");
        }
    }
}
