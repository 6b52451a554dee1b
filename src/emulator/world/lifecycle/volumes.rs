//! What the containers of a group share and mount, in the words of a runtime.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::contract::{ConfigMap, Content, Mount, Volume};
use crate::world::container_group::ContainerGroup;

/// The volumes of a group.
pub(super) fn volumes(group: &ContainerGroup) -> Vec<Volume> {
    let volumes = group.properties.get("volumes").and_then(Value::as_array).into_iter().flatten();
    volumes.map(|volume| Volume { name: text(&volume["name"]), content: content(group, volume) }).collect()
}

fn content(group: &ContainerGroup, volume: &Value) -> Content {
    let flag = |value: &Value| value.as_bool().unwrap_or_default();
    let some = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let files = |name: &str, read: &dyn Fn(&str) -> Bytes| -> Option<Content> {
        let files = volume.get(name)?.as_object()?;
        let files =
            files.iter().map(|(file, value)| (file.clone(), read(value.as_str().unwrap_or_default())));
        Some(Content::Files(files.collect()))
    };
    // What is not base64 was refused by the checks.
    let decoded = |value: &str| Bytes::from(BASE64_STANDARD.decode(value).unwrap_or_default());
    let referred = |name: &str| Bytes::from(group.secrets.get(name).cloned().unwrap_or_default());
    if let Some(files) = files("secret", &decoded).or_else(|| files("secretReference", &referred)) {
        return files;
    }
    if let Some(share) = volume.get("azureFile") {
        return Content::Share {
            account: text(&share["storageAccountName"]),
            share: text(&share["shareName"]),
            read_only: flag(&share["readOnly"]),
        };
    }
    match volume.get("gitRepo") {
        Some(git) => Content::Repository {
            url: text(&git["repository"]),
            directory: some(&git["directory"]),
            revision: some(&git["revision"]),
        },
        None => Content::Empty,
    }
}

/// The mounts of a container.
pub(super) fn mounts(wish: &Value) -> Vec<Mount> {
    let mounts = wish["volumeMounts"].as_array().into_iter().flatten();
    mounts
        .map(|mount| Mount {
            volume: text(&mount["name"]),
            path: format!("/{}", text(&mount["mountPath"]).trim_start_matches('/')),
            read_only: mount["readOnly"].as_bool().unwrap_or_default(),
        })
        .collect()
}

/// The config map of a container.
pub(super) fn config(wish: &Value) -> ConfigMap {
    let pairs = wish["configMap"]["keyValuePairs"].as_object().into_iter().flatten();
    ConfigMap(pairs.map(|(key, value)| (key.clone(), text(value))).collect::<BTreeMap<_, _>>())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
