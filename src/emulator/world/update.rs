//! What a PUT may not change of a container group that exists.
//!
//! Azure's page "Update containers in Azure Container Instances" names OS type, CPU, memory, GPU, restart policy and
//! network; the words are those of azure-docs issue 31168. That the type of the address belongs to them is an assumption.

use serde_json::Value;

use super::body::Object;
use super::refusal::Refusal;

/// Checks that the properties of a PUT keep what cannot be changed in place.
///
/// # Errors
/// The first property that differs, with its old and new value.
pub(crate) fn check(name: &str, live: &Object, sent: &Object) -> Result<(), Refusal> {
    for (property, value) in FIXED {
        let (old, new) = (value(live), value(sent));
        if old != new {
            return Err(Refusal::InvalidUpdate { name: name.to_owned(), property, old, new });
        }
    }
    Ok(())
}

type Reading = fn(&Object) -> String;

const FIXED: [(&str, Reading); 7] = [
    ("OsType", |group| text(group, "osType", "Linux")),
    ("RestartPolicy", |group| text(group, "restartPolicy", "Always")),
    ("Sku", |group| text(group, "sku", "Standard")),
    ("Priority", |group| text(group, "priority", "Regular")),
    ("Cpu", |group| total(group, "cpu")),
    ("MemoryInGB", |group| total(group, "memoryInGB")),
    ("IPAddressType", |group| {
        let address = group.get("ipAddress").and_then(|address| address["type"].as_str());
        address.unwrap_or("None").to_owned()
    }),
];

fn text(group: &Object, property: &str, default: &str) -> String {
    group.get(property).and_then(Value::as_str).unwrap_or(default).to_owned()
}

/// The requests and limits of all containers, since each is an allocation.
fn total(group: &Object, amount: &str) -> String {
    let containers = group.get("containers").and_then(Value::as_array);
    let sum = |kind: &str| -> f64 {
        containers
            .into_iter()
            .flatten()
            .filter_map(|c| c["properties"]["resources"][kind][amount].as_f64())
            .sum()
    };
    let (requests, limits) = (sum("requests"), sum("limits"));
    if limits > 0.0 { format!("{requests} (limit {limits})") } else { requests.to_string() }
}
