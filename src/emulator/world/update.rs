//! What a PUT may not change of a container group that exists.
//!
//! Azure's page "Update containers in Azure Container Instances" names OS type, CPU, memory, GPU, restart policy and
//! network; the words are those of azure-docs issue 31168. That sku, priority, zones, encryption, the policy of an
//! enclave, name servers, profiles and the type of the address belong to them is an assumption: each decides where a group is placed.

use serde_json::Value;

use super::body::{Object, Wish};
use super::refusal::Refusal;

/// Checks that a PUT keeps what cannot be changed in place.
///
/// # Errors
/// The first property that differs, with its old and new value.
pub(crate) fn check(name: &str, live: &Wish, sent: &Wish) -> Result<(), Refusal> {
    for (property, value) in FIXED {
        let (old, new) = (value(live), value(sent));
        if old != new {
            return Err(Refusal::InvalidUpdate { name: name.to_owned(), property, old, new });
        }
    }
    Ok(())
}

type Reading = fn(&Wish) -> String;

const FIXED: [(&str, Reading); 16] = [
    ("OsType", |wish| text(&wish.properties, "osType", "Linux")),
    ("RestartPolicy", |wish| text(&wish.properties, "restartPolicy", "Always")),
    ("Sku", |wish| text(&wish.properties, "sku", "Standard").replace("NotSpecified", "Standard")),
    ("Priority", |wish| text(&wish.properties, "priority", "Regular")),
    ("Cpu", |wish| total(&wish.properties, "cpu")),
    ("MemoryInGB", |wish| total(&wish.properties, "memoryInGB")),
    ("IPAddressType", |wish| within(&wish.properties, "ipAddress", "type", "None")),
    ("NetworkProfile", |wish| {
        let subnets = wish.properties.get("subnetIds").and_then(Value::as_array);
        let ids = subnets.into_iter().flatten().filter_map(|subnet| subnet["id"].as_str());
        ids.map(str::to_lowercase).collect::<Vec<_>>().join(",")
    }),
    ("DnsConfig", |wish| as_sent(&wish.properties, "dnsConfig")),
    ("CcePolicy", |wish| within(&wish.properties, "confidentialComputeProperties", "ccePolicy", "")),
    ("ContainerGroupProfile", |wish| as_sent(&wish.properties, "containerGroupProfile")),
    ("StandbyPoolProfile", |wish| as_sent(&wish.properties, "standbyPoolProfile")),
    ("Zones", |wish| {
        let zones = wish.zones.as_ref().and_then(Value::as_array);
        zones.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
    }),
    ("EncryptionKey", |wish| within(&wish.properties, "encryptionProperties", "keyName", "")),
    ("EncryptionKeyVersion", |wish| within(&wish.properties, "encryptionProperties", "keyVersion", "")),
    ("EncryptionVault", |wish| within(&wish.properties, "encryptionProperties", "vaultBaseUrl", "")),
];

fn as_sent(group: &Object, property: &str) -> String {
    group.get(property).map(Value::to_string).unwrap_or_default()
}

fn within(group: &Object, owner: &str, property: &str, default: &str) -> String {
    let value = group.get(owner).and_then(|owner| owner[property].as_str());
    value.unwrap_or(default).to_owned()
}

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
