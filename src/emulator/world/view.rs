//! What is shown of a container group: its wish with the additions and drops of the service, and its instance view.
//!
//! Additions depend on the version that the request names, as recorded with versions of 2018 to 2024 (azure-cli,
//! azure-powershell, azure-libraries-for-java). What is a secret never leaves here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::body::Object;
use super::container_group::{Container, ContainerGroup, Provisioning, State};
use super::path::CONTAINER_GROUPS;

/// The container group as GET, PUT and DELETE show it.
pub(crate) fn full(group: &ContainerGroup, version: &str) -> Value {
    let (state, containers) = instance_views(group);
    let (state, containers) = match &group.stale {
        Some(stale) if stale.reads > 0 => (stale.group.clone(), stale.containers.clone()),
        _ => (state, containers),
    };
    let mut view = listed(group, version);
    view["properties"]["instanceView"] = state;
    for shown in view["properties"]["containers"].as_array_mut().into_iter().flatten() {
        let instance = shown["name"].as_str().and_then(|name| containers.get(name));
        if let Some(instance) = instance {
            shown["properties"]["instanceView"] = instance.clone();
        }
    }
    view
}

/// The container group as lists show it: without instance views (azure-cli, test_container_create).
pub(crate) fn listed(group: &ContainerGroup, version: &str) -> Value {
    let mut properties = echo(&group.properties, version);
    properties.insert("provisioningState".into(), json!(group.provisioning));
    if let Some(address) = properties.get_mut("ipAddress").and_then(Value::as_object_mut) {
        if let Some(label) = group.dns_label() {
            let name = format!("{label}.{}.azurecontainer.io", group.location);
            address.insert("fqdn".into(), json!(name));
        }
        // The address was in the first answer in 2018, since 2021 it comes with the end of the provisioning.
        let provisioned = !matches!(group.provisioning, Provisioning::Pending | Provisioning::Creating);
        if let Some(ip) = group.address.as_ref().filter(|_| provisioned || version < "2021") {
            address.insert("ip".into(), json!(ip));
        }
    }
    let mut view = json!({
        "id": group.id,
        "name": group.name,
        "type": CONTAINER_GROUPS,
        "location": group.location,
        "properties": properties,
    });
    if let Some(tags) = &group.tags {
        view["tags"] = json!(tags);
    }
    view
}

/// The kept properties without their secrets and with what the service adds.
pub(crate) fn echo(properties: &Object, version: &str) -> Object {
    let mut shown = properties.clone();
    let since = |first: &str| version >= first;
    if since("2021-03-01") {
        shown.entry("sku").or_insert_with(|| json!("Standard"));
        shown.entry("initContainers").or_insert_with(|| json!([]));
    }
    if since("2023-05-01") {
        shown.insert("provisioningTimeoutInSeconds".into(), json!(1800));
        shown.insert("isCustomProvisioningTimeout".into(), json!(false));
    }
    if since("2024-05-01") {
        shown.insert("isCreatedFromStandbyPool".into(), json!(false));
    }
    for name in ["containers", "initContainers"] {
        for container in items(&mut shown, name) {
            let Some(container) = container.get_mut("properties").and_then(Value::as_object_mut) else {
                continue;
            };
            for variable in items(container, "environmentVariables") {
                drop_field(variable, "secureValue");
            }
            if name == "containers" && since("2024-05-01") {
                container.entry("configMap").or_insert_with(|| json!({"keyValuePairs": {}}));
            }
        }
    }
    for volume in items(&mut shown, "volumes") {
        if let Some(secret) = volume.get_mut("secret") {
            *secret = json!({});
        }
        if let Some(share) = volume.get_mut("azureFile") {
            drop_field(share, "storageAccountKey");
        }
    }
    for credential in items(&mut shown, "imageRegistryCredentials") {
        drop_field(credential, "password");
    }
    for extension in items(&mut shown, "extensions") {
        if let Some(properties) = extension.get_mut("properties") {
            drop_field(properties, "protectedSettings");
        }
    }
    if let Some(analytics) = shown.get_mut("diagnostics").and_then(|d| d.get_mut("logAnalytics")) {
        drop_field(analytics, "workspaceKey");
    }
    shown
}

/// The instance views of the group and of the containers that have one.
pub(crate) fn instance_views(group: &ContainerGroup) -> (Value, BTreeMap<String, Value>) {
    let containers = group
        .containers
        .iter()
        .filter_map(|(name, container)| Some((name.clone(), container_view(container)?)))
        .collect();
    (json!({"events": [], "state": group.state()}), containers)
}

fn container_view(container: &Container) -> Option<Value> {
    if container.current.is_none() && container.events.is_empty() {
        return None;
    }
    let current = match &container.current {
        Some(current) => state_view(current),
        None => json!({"state": "Waiting", "detailStatus": ""}),
    };
    let mut view = json!({
        "restartCount": container.restarts,
        "currentState": current,
        "events": events(container),
    });
    if let Some(previous) = &container.previous {
        view["previousState"] = state_view(previous);
    }
    Some(view)
}

/// The events of a container as the instance view shows them.
pub(crate) fn events(container: &Container) -> Vec<Value> {
    container.events.iter().map(super::happening::Happening::view).collect()
}

fn state_view(state: &State) -> Value {
    match state {
        State::Waiting { detail } => json!({"state": "Waiting", "detailStatus": detail}),
        State::Running { start } => {
            json!({"state": "Running", "startTime": start, "detailStatus": ""})
        }
        State::Terminated { start, finish, code, detail } => {
            let mut view = json!({"state": "Terminated", "finishTime": finish, "detailStatus": detail});
            if let Some(start) = start {
                view["startTime"] = json!(start);
            }
            if let Some(code) = code {
                view["exitCode"] = json!(code);
            }
            view
        }
    }
}

fn items<'a>(owner: &'a mut Object, name: &str) -> impl Iterator<Item = &'a mut Value> {
    owner.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn drop_field(value: &mut Value, name: &str) {
    if let Some(object) = value.as_object_mut() {
        object.remove(name);
    }
}
