//! What passes through as it is said: encryption, confidential computing, extensions, profiles and standby pools.
//! No rule of the manifest language speaks of them; Azure does.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Json, each_value};

/// A key of a Key Vault that what the group stores is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Encryption {
    /// The vault's URL.
    pub vault_base_url: String,
    /// The key's name.
    pub key_name: String,
    /// The key's version.
    pub key_version: String,
    /// The resource id of the identity that may use the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
}

/// What a confidential group may do.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ConfidentialCompute {
    /// The policy that the enclave holds the group to, as base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cce_policy: Option<String>,
}

/// An extension of the platform. (Azure's API has all but the name below `properties`.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "Extension", deny_unknown_fields)]
pub struct Extension<S> {
    /// Its name.
    pub name: String,
    /// Its type.
    pub extension_type: String,
    /// Its version.
    pub version: String,
    /// Its settings, which everybody who may read the group can see.
    #[serde(default, skip_serializing_if = "Json::is_empty")]
    pub settings: Json,
    /// Its secret settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protected_settings: BTreeMap<String, S>,
}

/// The container group profile that a group is made from.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProfileReference {
    /// The profile's resource id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The profile's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

/// The standby pool that a group is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct StandbyPoolProfile {
    /// The pool's resource id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether the creation fails where the pool has no group left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_container_group_create_on_reuse_failure: Option<bool>,
}

impl<S> Extension<S> {
    pub(super) fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Extension<T>, E> {
        let Self { name, extension_type, version, settings, protected_settings } = self;
        let protected_settings = each_value(protected_settings, stage)?;
        Ok(Extension { name, extension_type, version, settings, protected_settings })
    }
}
