//! The identity of a container group, with the ids that the service gives it.
//!
//! Nobody can log in with it: the emulator has no Entra ID. The principal of a system identity lives as long as the
//! identity does; a user identity is a resource of its own, so that its ids follow from its own id
//! (azure-libraries-for-net session records show them in the answer to the PUT already).

use serde_json::{Value, json};

use super::container_group::ContainerGroup;
use super::ids::guid_for;
use crate::contract::TENANT;

/// Whether the service makes an identity for this group.
pub(crate) fn is_system(group: &ContainerGroup) -> bool {
    group
        .identity
        .as_ref()
        .is_some_and(|it| it["type"].as_str().unwrap_or_default().contains("SystemAssigned"))
}

/// The identity as answers show it.
pub(crate) fn shown(group: &ContainerGroup) -> Option<Value> {
    let mut identity = group.identity.clone()?;
    // Of user identities the tenant is shown too (azure-cli, test_container_export_with_identity).
    identity["tenantId"] = json!(TENANT);
    if let Some(principal) = &group.principal {
        identity["principalId"] = json!(principal);
    }
    if let Some(users) = identity.get_mut("userAssignedIdentities").and_then(Value::as_object_mut) {
        for (id, user) in users {
            let id = id.to_lowercase();
            *user = json!({
                "principalId": guid_for(&format!("principal {id}")),
                "clientId": guid_for(&format!("client {id}")),
            });
        }
    }
    Some(identity)
}
