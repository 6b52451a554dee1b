//! `TaskRun`: a task to run, in a live group (strong) or as a group that works and dies (weak).

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::{ApiVersion, Metadata, Moved, TaskRunKind, is_default, is_false};
use crate::model::group::{Group, RestartPolicy};
use crate::model::quantity::Period;
use crate::model::secret::SecretRef;

/// A task to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaskRun", deny_unknown_fields)]
pub struct TaskRunManifest {
    /// The version of the manifest language.
    pub api_version: ApiVersion,
    /// What this manifest is.
    pub kind: TaskRunKind,
    /// The name of the run, under which it is recorded.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: TaskRunSpec,
}

/// How and when a task runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct TaskRunSpec {
    /// Whether it runs in a live group or is a group of its own.
    #[serde(rename = "type")]
    pub kind: RunType,
    /// The name that the manifest had before: its record goes on under the new one, so that nothing runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// strong, and weak with lifetime persistent: the ContainerGroup, by its `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_group: Option<String>,
    /// strong: the program and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// strong: environment beside the container's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_variables: Vec<RunVariable>,
    /// strong: the folder the program runs in; the container's where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// When the run is due.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: TriggerWord,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// strong: how long it may print nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Period>,
    /// Whether a run that failed is due again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rerun_failed: bool,
    /// strong: what to do with a run whose end cannot be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<InterruptedWord>,
    /// The ContainerGroups and TaskRuns that come before it, by their `metadata.name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The container that the program runs in, or whose exit decides; the first where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// weak: whether the group is made for each run, or kept and started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Lifetime>,
    /// weak with lifetime ephemeral: the group that is made for each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// weak with lifetime ephemeral: what becomes of the group after the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// How often a run that did not end well is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// weak with lifetime persistent: what to do where somebody else has started the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<ConcurrencyWord>,
    /// weak with lifetime ephemeral: what the run is fanned out over, a group each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<Array>,
}

/// How often a run that did not end well is tried again, each time after twice the pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Retries {
    /// How often it is tried again at most.
    #[schemars(range(min = 1, max = 20))]
    pub limit: u32,
    /// The pause before it is tried again; 10s where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Period>,
}

/// What a run is fanned out over: `items` or `count`. Each item is told what it is by ACITASK_INDEX and ACITASK_ITEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RunArray", deny_unknown_fields)]
pub struct Array {
    /// The items, each with its own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub items: Option<Vec<String>>,
    /// How many items there are, numbered from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub count: Option<u32>,
    /// How many items run at once; as many as `--parallelism` says where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub parallelism: Option<u32>,
}

/// What to do where somebody else has started a persistent run's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Concurrency")]
pub enum ConcurrencyWord {
    /// Nothing is done before somebody has settled it.
    #[default]
    Refuse,
    /// The run waits until the group has ended.
    Wait,
    /// The group is stopped, and the run begins.
    Replace,
}

/// How a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunType {
    /// A program in a live container of a declared group.
    Strong,
    /// A group that starts, works and dies.
    Weak,
}

/// How long a weak run's group lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lifetime {
    /// It is made for each run.
    #[default]
    Ephemeral,
    /// It is declared, kept, and started again for each run.
    Persistent,
}

/// When a run is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Trigger")]
pub enum TriggerWord {
    /// When command, image, environment or template differ from the recorded run's.
    #[default]
    OnChange,
    /// Until it ended well once.
    Once,
    /// At every apply.
    Always,
    /// Only with `acitask run`.
    Manual,
}

/// What to do with a strong run whose end cannot be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Interrupted")]
pub enum InterruptedWord {
    /// It failed.
    #[default]
    Fail,
    /// It is run again.
    Rerun,
}

/// The group that is made for each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, transform = never_by_default)]
pub struct Template {
    /// The ResourceGroup that it stands in, by its `metadata.name`.
    pub resource_group: String,
    /// Its region; the resource group's where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its tags, beside those of the project.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What happens when a container ends; Never where nothing is said, and not Always.
    #[serde(default = "never")]
    pub restart_policy: RestartPolicy,
    /// Its properties.
    #[serde(flatten)]
    pub properties: Group<SecretRef>,
}

fn never() -> RestartPolicy {
    RestartPolicy::Never
}

/// A template's own restart policy stands over the one of the properties, which has another default.
fn never_by_default(schema: &mut Schema) {
    let policy = schema.pointer_mut("/properties/restartPolicy").and_then(serde_json::Value::as_object_mut);
    if let Some(policy) = policy {
        policy.insert("default".into(), RestartPolicy::Never.as_str().into());
        policy.insert("description".into(), "What happens when a container ends; not Always.".into());
    }
}

/// An environment variable of a strong run: a plain value or a secret one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct RunVariable {
    /// Its name: letters, digits and inner underscores, at most 63.
    pub name: String,
    /// Its plain value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its secret value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_value: Option<SecretRef>,
}

/// What becomes of an ephemeral group after its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Keep {
    /// After a run that ended well; delete where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<KeepWord>,
    /// After a run that failed; keep where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<KeepWord>,
    /// How long a group that is kept stays before `acitask gc` deletes it; for ever where nothing is said.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

/// What becomes of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeepWord {
    /// It is deleted.
    Delete,
    /// It is kept, to be looked at.
    Keep,
}
