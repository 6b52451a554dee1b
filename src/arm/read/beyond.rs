//! What the service shows of a group beyond what the model has a place for, which is how we learn of new properties.
//!
//! Invariant: it is named, and no value with it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_ignored::Path;
use serde_json::Value;

use super::Present;
use crate::model::group::Group;

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

/// Whether the model has no place for what stands here, and the service did not show it before.
pub(super) fn is_new(place: &Path<'_>) -> bool {
    !SHOWN.contains(&name(place).as_ref())
}

/// The names of what is new in a group and says something, sorted: nulls and what is empty say nothing.
pub(super) fn names(shown: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    // What cannot be understood is named as far as it was read.
    let _: Result<Group<Present>, _> = serde_ignored::deserialize(shown, |place| {
        if is_new(&place) && value(&place, shown).is_some_and(says_something) {
            names.insert(name(&place).into_owned());
        }
    });
    names.into_iter().collect()
}

/// The name of a place, without the places in lists.
fn name<'p>(place: &'p Path<'_>) -> Cow<'p, str> {
    match place {
        Path::Root => Cow::Borrowed(""),
        Path::Map { parent, key } => match name(parent) {
            parent if parent.is_empty() => Cow::Borrowed(key),
            // The keys of this one mapping are ids.
            parent if parent == "identity.userAssignedIdentities" => parent,
            parent => Cow::Owned(format!("{parent}.{key}")),
        },
        Path::Seq { parent, index: _ }
        | Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => name(parent),
    }
}

/// What stands at a place.
fn value<'v>(place: &Path<'_>, shown: &'v Value) -> Option<&'v Value> {
    match place {
        Path::Root => Some(shown),
        Path::Seq { parent, index } => value(parent, shown)?.get(*index),
        Path::Map { parent, key } => value(parent, shown)?.get(key),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            value(parent, shown)
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
