//! What the service shows of a group, nested as the model nests it: the `properties` levels lifted.

use serde_json::{Map, Value};

use crate::arm::levels;

/// The properties of a group as the model nests them: levels lifted, what stands beside `properties` taken in, nulls gone,
/// and a word in the place of each secret environment variable.
pub(super) fn group(mut item: Value) -> Value {
    let mut part = |key: &str| {
        let mut part = item.get_mut(key).map(Value::take).unwrap_or_default();
        drop_nulls(&mut part);
        part
    };
    let mut group = part("properties");
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
            // The service adds an empty one (recordings of azure-powershell, New-AzContainerGroup).
            let pairs = container.get("configMap").map(|map| &map["keyValuePairs"]);
            if pairs.and_then(Value::as_object).is_some_and(Map::is_empty) {
                container.remove("configMap");
            }
        }
    }
    if let Some(Value::Object(address)) = group.get_mut("ipAddress") {
        address.entry("ports").or_insert_with(|| Value::Array(Vec::new()));
    }
    if let Value::Object(group) = &mut group {
        for key in ["identity", "zones"] {
            let value = part(key);
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

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
