//! `Environment`: what is different where the same manifests are applied for another purpose, such as test or production.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiVersion, EnvironmentKind, Metadata, is_default};

/// What is different in one environment. As soon as there is one, every command says with `-e` which is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Environment", deny_unknown_fields)]
pub struct EnvironmentManifest {
    /// The version of the manifest language.
    pub api_version: ApiVersion,
    /// What this manifest is.
    pub kind: EnvironmentKind,
    /// The environment's name, which `-e` takes, and which stands behind the project's in the tag `acitask-owner`.
    pub metadata: Metadata,
    /// What is different.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: EnvironmentSpec,
}

/// What is different in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// Values of variables that the Project declares; weaker than `.env` and stronger than their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Changes of other manifests, one after another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
}

/// A change of one manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Patch {
    /// The manifest.
    pub target: PatchTarget,
    /// What is laid over its spec, as kustomize merges: mappings by key, lists of things with names by name, other values
    /// in place of what was there. `null` takes a key away, and `$patch: delete` the item of a list.
    pub spec: BTreeMap<String, serde_json::Value>,
}

/// The manifest that a patch changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PatchTarget {
    /// Its kind.
    pub kind: PatchedKind,
    /// Its `metadata.name`.
    pub name: String,
}

/// The kinds that can be patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PatchedKind {
    /// The project.
    Project,
    /// A resource group.
    ResourceGroup,
    /// A container group.
    ContainerGroup,
    /// A task run.
    TaskRun,
}
