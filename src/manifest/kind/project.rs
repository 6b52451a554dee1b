//! `Project`: who owns everything, where it goes, and the variables that manifests may use.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiVersion, Metadata, ProjectKind, is_default, is_false};

/// The owner of all manifests beside it: exactly one stands among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Project", deny_unknown_fields)]
pub struct ProjectManifest {
    /// The version of the manifest language.
    pub api_version: ApiVersion,
    /// What this manifest is.
    pub kind: ProjectKind,
    /// The project's name, which stands in the tag `acitask-owner` of all that it owns.
    pub metadata: Metadata,
    /// Where it goes, and what all that it owns has in common.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: ProjectSpec,
}

/// Where a project goes, and what all that it owns has in common.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ProjectSpec {
    /// Where the plan goes: Azure or the local emulator. `--local` overrides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetWord>,
    /// The id of the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// The id of the tenant; said where the subscription must not be looked for in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The cloud of Azure that it goes to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cloud: CloudWord,
    /// The version of Azure's API for Container Instances, where one later than acitask's own is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-07-01"]))]
    pub azure_api_version: Option<String>,
    /// The region of resource groups that name none, such as westeurope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Tags on all that the project owns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How much one plan may destroy; more is refused until a person says that it is meant.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: LimitsManifest,
    /// What is remembered of the values of secrets, so that a changed one is seen, where no key for their digests is
    /// given (`ACITASK_DIGEST_KEY`). `salted`: a salted digest made with Argon2id stands in the tags of the group, and
    /// whoever can read these (the Reader role) can try values against it, some tens a second and core: right for long
    /// random tokens, wrong for passwords that people think up. `none`: nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_digests: SecretDigestsWord,
    /// The variables that manifests may use as `${NAME}`; no others exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Variable>,
}

/// How much one plan may destroy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Limits", deny_unknown_fields)]
pub struct LimitsManifest {
    /// How many container groups may be deleted and created again. Any number where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_replace: Option<u32>,
    /// How many container groups and resource groups may be deleted. Any number where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<u32>,
}

/// A variable that manifests may use.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Variable {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its value is never shown; then only `secureValue.fromVariable` may use it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    /// Its value where nothing else gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What stands in for it on the local target where nothing else gives a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalWord>,
}

/// Where a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Target")]
pub enum TargetWord {
    /// Azure.
    Azure,
    /// The local emulator.
    Local,
}

/// A cloud of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Cloud")]
pub enum CloudWord {
    /// The public cloud.
    #[default]
    Public,
    /// Azure Government, of the United States.
    UsGov,
    /// Azure in China, which 21Vianet runs.
    China,
}

/// What is remembered of the values of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "SecretDigests")]
pub enum SecretDigestsWord {
    /// Nothing.
    #[default]
    None,
    /// A salted digest, made with Argon2id.
    Salted,
}

/// What stands in for a variable on the local target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Local")]
pub enum LocalWord {
    /// The URL of the emulator's sink, which shows what is posted to it.
    Sink,
}
