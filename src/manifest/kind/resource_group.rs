//! `ResourceGroup`: a resource group that the project owns, or somebody else's that it uses.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiVersion, Metadata, Moved, ResourceGroupKind, is_default, is_false};

/// A resource group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ResourceGroup", deny_unknown_fields)]
pub struct ResourceGroupManifest {
    /// The version of the manifest language.
    pub api_version: ApiVersion,
    /// What this manifest is.
    pub kind: ResourceGroupKind,
    /// The name by which other manifests refer to it.
    pub metadata: Metadata,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: ResourceGroupSpec,
}

/// What is wanted of a resource group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResourceGroupSpec {
    /// Azure's name for it, where it differs from `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that the manifest had before: Azure's name stays that one, so that nothing is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// Its region; the project's where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its tags, beside those of the project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether it is somebody else's: used, never created, changed or deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub existing: bool,
    /// Whether the records of task runs may be tagged on it though it is somebody else's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub records: bool,
    /// Whether it must not be deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub protect: bool,
}
