//! Managed identities, who may use them, and the secrets of a Key Vault that they open.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::word::{IdentityAccess, IdentityType};

/// The managed identities of a group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Identity {
    /// Which the group has.
    #[serde(rename = "type")]
    pub kind: IdentityType,
    /// The user-assigned ones: by resource id, each with `{}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_assigned_identities: BTreeMap<String, UserAssigned>,
}

/// A user-assigned identity of a group. There is nothing to say about it: `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UserAssigned {}

/// Which containers may use which identity.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct IdentityAcls {
    /// What holds for identities that are not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_access: Option<IdentityAccess>,
    /// What holds for those that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acls: Vec<IdentityAcl>,
}

/// Which containers may use an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct IdentityAcl {
    /// The resource id of the identity.
    pub identity: String,
    /// Which containers.
    pub access: IdentityAccess,
}

/// A secret of a Key Vault, under a name that the `…Reference` fields use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct SecretReference {
    /// The name.
    pub name: String,
    /// The resource id of the user-assigned identity that may read it.
    pub identity: String,
    /// The URI of the secret.
    #[schemars(extend("examples" = ["https://example.vault.azure.net/secrets/token"]))]
    pub secret_reference_uri: String,
}
