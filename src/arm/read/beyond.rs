//! What the service shows of a group beyond what the model has a place for, which is how we learn of new properties.
//!
//! Invariant: it is named, and no value with it.

use serde_ignored::Path;
use serde_json::Value;

/// What the service adds for reading only, or shows in its own place.
const SHOWN: [&str; 13] = [
    "provisioningState",
    "instanceView",
    "isCreatedFromStandbyPool",
    // Said by the model in its own way.
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

/// The name of what stands at this place, if it is new and says something: nulls and what is empty say nothing.
pub(super) fn name(place: &Path<'_>, shown: &Value) -> Option<String> {
    let (name, value) = at(place, shown)?;
    (says_something(value) && !SHOWN.contains(&name.as_str())).then_some(name)
}

/// The name of a place, without the places in lists, and what stands there.
fn at<'v>(place: &Path<'_>, shown: &'v Value) -> Option<(String, &'v Value)> {
    match place {
        Path::Root => Some((String::new(), shown)),
        Path::Seq { parent, index } => {
            let (name, list) = at(parent, shown)?;
            Some((name, list.get(*index)?))
        }
        Path::Map { parent, key } => {
            let (parent, map) = at(parent, shown)?;
            let name = match parent.as_str() {
                "" => key.clone(),
                // The keys of this one mapping are ids.
                "identity.userAssignedIdentities" => parent,
                _ => format!("{parent}.{key}"),
            };
            Some((name, map.get(key)?))
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            at(parent, shown)
        }
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => map.values().any(says_something),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
