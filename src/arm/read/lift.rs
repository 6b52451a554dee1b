//! The `properties` levels that the model leaves out, lifted; and what the service shows beyond the model.

use serde_json::{Map, Value};

use crate::arm::levels;

/// What the service adds for reading only, or shows in its own place.
const SHOWN: [&str; 15] = [
    "provisioningState",
    "instanceView",
    "isCreatedFromStandbyPool",
    // Known, and not written where they are at their defaults.
    "sku",
    "priority",
    "provisioningTimeoutInSeconds",
    "isCustomProvisioningTimeout",
    "ipAddress.ip",
    "ipAddress.fqdn",
    "containers.instanceView",
    "initContainers.instanceView",
    "identity.principalId",
    "identity.tenantId",
    "identity.userAssignedIdentities.principalId",
    "identity.userAssignedIdentities.clientId",
];

/// The properties of a group as the model nests them: levels lifted, what stands beside `properties` taken in, nulls gone,
/// and a word in the place of each secret environment variable.
pub(super) fn group(item: &Value) -> Value {
    let mut group = without_nulls(&item["properties"]);
    levels::lift(&mut group);
    for list in ["containers", "initContainers"] {
        for container in items(&mut group, list) {
            let variables = container.get_mut("environmentVariables").and_then(Value::as_array_mut);
            for variable in variables.into_iter().flatten().filter_map(Value::as_object_mut) {
                // The service keeps the item of a secret and drops its value. Source: facts in the recorded exchanges of
                // azure-libraries-for-net; `@secret` in the service's API description.
                if !variable.contains_key("value") && !variable.contains_key("secureValueReference") {
                    variable.insert("secureValue".into(), Value::Bool(true));
                }
            }
        }
    }
    if let Some(Value::Object(address)) = group.get_mut("ipAddress") {
        address.entry("ports").or_insert_with(|| Value::Array(Vec::new()));
    }
    if let Value::Object(group) = &mut group {
        for key in ["identity", "zones"] {
            let value = without_nulls(&item[key]);
            if !value.is_null() {
                group.insert(key.into(), value);
            }
        }
    }
    if let Some(Value::String(kind)) = group.get_mut("identity").and_then(|identity| identity.get_mut("type"))
    {
        // The service has been seen with and without the space.
        *kind = kind.replace(' ', "").replace(',', ", ");
    }
    group
}

fn items<'v>(group: &'v mut Value, list: &str) -> impl Iterator<Item = &'v mut Map<String, Value>> {
    let items = group.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        plain => plain.clone(),
    }
}

/// Whether something stands in `shown` and not in `known`, `false` included; nulls and what is empty say nothing.
pub(super) fn says_more(shown: &Value, known: &Value) -> bool {
    more(shown, Some(known), &mut Vec::new())
}

fn more<'v>(shown: &'v Value, known: Option<&Value>, path: &mut Vec<&'v str>) -> bool {
    match (shown, known) {
        (Value::Object(map), Some(Value::Object(known))) => {
            // The keys of this one mapping are ids.
            let ids = path[..] == ["identity", "userAssignedIdentities"];
            map.iter().any(|(key, value)| {
                if ids {
                    return more(value, known.get(key), path);
                }
                path.push(key);
                let says_more = more(value, known.get(key), path);
                path.pop();
                says_more
            })
        }
        (Value::Array(list), Some(Value::Array(known))) => {
            list.iter().enumerate().any(|(place, item)| more(item, known.get(place), path))
        }
        (shown, None) => {
            (shown == &Value::Bool(false) || !empty(shown)) && !SHOWN.contains(&path.join(".").as_str())
        }
        (_, Some(_)) => false,
    }
}

/// The names of what stands in `shown` and not in `known`, empty values left out; names only, never values.
pub(super) fn beyond(shown: &Value, known: &Value) -> Vec<String> {
    let mut names = Vec::new();
    walk(shown, Some(known), "", &mut names);
    names.sort();
    names.dedup();
    names
}

fn walk(shown: &Value, known: Option<&Value>, path: &str, names: &mut Vec<String>) {
    match (shown, known) {
        (Value::Object(map), Some(Value::Object(known))) => {
            for (key, value) in map {
                // The keys of this one mapping are ids.
                if path == "identity.userAssignedIdentities" {
                    walk(value, known.get(key), path, names);
                    continue;
                }
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(value, known.get(key), &path, names);
            }
        }
        (Value::Array(list), Some(Value::Array(known))) => {
            for (place, item) in list.iter().enumerate() {
                walk(item, known.get(place), path, names);
            }
        }
        (shown, None) if !empty(shown) && !SHOWN.contains(&path) => names.push(path.to_owned()),
        _ => {}
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(empty),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}
