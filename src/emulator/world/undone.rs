//! What the emulator does not run yet: it is refused by name instead of being taken and ignored.
//!
//! The lists name what is done, so that a property nobody thought of is refused too.

use serde_json::Value;

use super::body::Object;
use super::refusal::Refusal;

/// The properties that the emulator carries out, or that say what it does anyway.
const DONE: [&str; 6] = ["containers", "osType", "restartPolicy", "ipAddress", "sku", "priority"];
/// The properties of a container that the emulator carries out.
const DONE_IN_CONTAINER: [&str; 5] = ["image", "command", "ports", "environmentVariables", "resources"];

/// Refuses by name what the emulator would have to ignore.
///
/// # Errors
/// The first property that says something and is not done.
pub(crate) fn refuse(body: &Object, properties: &Object, containers: &[Value]) -> Result<(), Refusal> {
    let undone = |what: String| Err(Refusal::NotImplemented(what));
    for name in ["identity", "zones", "extendedLocation"] {
        let value = body.get(name).unwrap_or(&Value::Null);
        if is_meant(value) && value["type"] != "None" {
            return undone(name.to_owned());
        }
    }
    for (name, value) in properties {
        if !DONE.contains(&name.as_str()) && is_meant(value) {
            return undone(format!("properties.{name}"));
        }
    }
    let done = [("osType", "Linux"), ("sku", "Standard"), ("priority", "Regular")];
    for (name, done) in done {
        if properties.get(name).is_some_and(|value| value != done) {
            return undone(format!("properties.{name} other than {done}"));
        }
    }
    if properties.get("ipAddress").is_some_and(|address| address["type"] == "Private") {
        return undone("properties.ipAddress.type Private".to_owned());
    }
    if containers.len() > 1 {
        return undone("more than one container in a group".to_owned());
    }
    for properties in containers.iter().filter_map(|c| c["properties"].as_object()) {
        for (name, value) in properties {
            if !DONE_IN_CONTAINER.contains(&name.as_str()) && is_meant(value) {
                return undone(format!("properties.containers[].properties.{name}"));
            }
        }
        let resources = properties.get("resources").unwrap_or(&Value::Null);
        for amounts in ["requests", "limits"] {
            if is_meant(&resources[amounts]["gpu"]) {
                return undone(format!("properties.containers[].properties.resources.{amounts}.gpu"));
            }
        }
        let variables = properties.get("environmentVariables").and_then(Value::as_array);
        for variable in variables.into_iter().flatten() {
            if is_meant(&variable["secureValueReference"]) {
                return undone("environmentVariables[].secureValueReference".to_owned());
            }
        }
    }
    Ok(())
}

/// Whether a value says anything: not null, empty, or made of nothing but that.
fn is_meant(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(is_meant),
        _ => true,
    }
}
