//! `ContainerGroup`: a container group, in the words of Azure's API.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiVersion, ContainerGroupKind, Metadata, Moved, is_default, is_false};
use crate::model::group::Group;
use crate::model::secret::SecretRef;

/// A container group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ContainerGroup", deny_unknown_fields)]
pub struct ContainerGroupManifest {
    /// The version of the manifest language.
    pub api_version: ApiVersion,
    /// What this manifest is.
    pub kind: ContainerGroupKind,
    /// The name by which other manifests refer to it.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: ContainerGroupSpec,
}

/// What is wanted of a container group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ContainerGroupSpec {
    /// Azure's name for it, where it differs from `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that the manifest had before: Azure's name stays that one, so that nothing is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// The ResourceGroup that it stands in, by its `metadata.name`.
    pub resource_group: String,
    /// Its region; the resource group's where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Whether the group is kept running or stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub power: PowerWord,
    /// Its properties.
    #[serde(flatten)]
    pub properties: Group<SecretRef>,
    /// Its tags, beside those of the project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What changes may do to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
    /// The ContainerGroups and TaskRuns that come before it, by their `metadata.name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// What is wanted of a group's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Power")]
pub enum PowerWord {
    /// Not looked at.
    #[default]
    Unmanaged,
    /// Started where it is stopped.
    Running,
    /// Stopped where it runs.
    Stopped,
}

/// What changes may do to a group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Lifecycle {
    /// Whether it must not be deleted or replaced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub protect: bool,
    /// What is left as it is on Azure, such as `tags.owner`, `containers[job].image` or `containers[].image`. What Azure
    /// never shows, such as a `secureValue`, cannot be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_changes: Vec<String>,
}
