//! A stack: all manifests of a project, parsed, resolved and valid. What we want.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;

use serde::Serialize;

use crate::model::digests::Digests;
use crate::model::group::{EnvironmentVariable, Group};
use crate::model::name::{GroupId, Name, Owner};
use crate::model::quantity::Period;
use crate::model::secret::{Secret, SecretSource};
use crate::model::tag::Tags;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The project.
    pub project: Project,
    /// Its resource groups, by `metadata.name`.
    pub resource_groups: BTreeMap<Name, ResourceGroup>,
    /// Its container groups, by `metadata.name`.
    pub groups: BTreeMap<Name, ContainerGroup>,
    /// Its task runs, by `metadata.name`.
    pub runs: BTreeMap<Name, TaskRun>,
    /// Whether these are all manifests of the project; only then is what they do not name deleted.
    pub whole: bool,
    /// How its secrets are compared with those that were applied.
    pub digests: Digests,
}

/// The stable version of Azure's API for Container Instances that acitask is written for: the one place where it is pinned.
pub const AZURE_API_VERSION: &str = "2025-09-01";

/// Whose stack it is and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The owner of all that the stack makes.
    pub owner: Owner,
    /// Where the plan goes, if the manifest says it.
    pub target: Option<Target>,
    /// The subscription's id.
    pub subscription: Option<String>,
    /// The tenant's id, where it is pinned.
    pub tenant: Option<String>,
    /// The cloud of Azure.
    pub cloud: Cloud,
    /// The version of Azure's API for Container Instances, where another than [`AZURE_API_VERSION`] is wanted.
    pub azure_api_version: Option<String>,
    /// The region of resource groups that name none.
    pub location: Option<String>,
    /// Tags on all that the project owns.
    pub tags: Tags,
    /// How much one plan may destroy.
    pub limits: Limits,
    /// What is remembered of secrets where no key for their digests is given.
    pub secret_digests: SecretDigests,
}

/// What is remembered of secrets where no key for their digests is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SecretDigests {
    /// Nothing.
    #[default]
    None,
    /// Salted digests, against which whoever reads the tags can try values.
    Salted,
}

/// How much one plan may destroy; absent: any amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many container groups may be deleted and created again.
    pub max_replace: Option<usize>,
    /// How many container groups and resource groups may be deleted.
    pub max_delete: Option<usize>,
}

/// A cloud of Azure: one set of addresses, accounts and subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Public,
    /// Azure Government, of the United States.
    UsGov,
    /// Azure in China, which 21Vianet runs.
    China,
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Azure",
            Self::UsGov => "Azure Government",
            Self::China => "Azure in China",
        })
    }
}

/// Where a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Azure.
    Azure,
    /// The local emulator.
    Local,
}

/// A resource group that is wanted, or somebody else's that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Azure's name for it.
    pub name: Name,
    /// The name that its manifest had before: what was made in it is remembered by that.
    pub moved_from: Option<Name>,
    /// Its region, lower case without spaces; absent only where it exists already.
    pub location: Option<String>,
    /// Its tags, the project's included.
    pub tags: Tags,
    /// Whether it is somebody else's: used, never created, changed or deleted.
    pub existing: bool,
    /// Whether the records of runs may be tagged on it though it is somebody else's.
    pub records: bool,
    /// Whether it must not be deleted.
    pub protect: bool,
}

/// A container group that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerGroup {
    /// Where it stands.
    pub id: GroupId,
    /// Its region, lower case without spaces; absent: the resource group's.
    pub location: Option<String>,
    /// Its tags, the project's included.
    pub tags: Tags,
    /// Its properties.
    pub group: Group<SecretSource>,
    /// Whether it is kept running or stopped.
    pub power: Power,
    /// Whether it must not be deleted or replaced.
    pub protect: bool,
    /// Tags whose live value is left alone.
    pub ignored_tags: BTreeSet<String>,
    /// Paths of properties whose live value is left alone, such as `containers[job].image`.
    pub ignored: BTreeSet<String>,
    /// Groups and runs that come first.
    pub depends_on: BTreeSet<Name>,
}

/// What is wanted of a group's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Power {
    /// Not looked at.
    #[default]
    Unmanaged,
    /// Started where it is stopped.
    Running,
    /// Stopped where it runs.
    Stopped,
}

/// A task run that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRun {
    /// How it runs.
    pub kind: RunKind,
    /// How its manifest says that it runs, where a person says otherwise for one run: that is what is remembered of it,
    /// so that the next apply does not take it for a change.
    pub declared: Option<RunKind>,
    /// When it is due.
    pub trigger: Trigger,
    /// The name that it had before, under which it may still be recorded.
    pub moved_from: Option<Name>,
    /// Groups and runs that come first.
    pub depends_on: BTreeSet<Name>,
    /// How long it may take.
    pub timeout: Option<Period>,
    /// Whether one that failed is due again.
    pub rerun_failed: bool,
    /// The container whose exit decides; absent: the first.
    pub container: Option<Name>,
    /// How often it is tried again within one run.
    pub retries: Retries,
}

/// How often a run that did not end well is tried again, and after which pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Retries {
    /// How often at most.
    pub limit: u32,
    /// The pause before the first further try; each next one is twice as long. Absent: 10 seconds.
    pub backoff: Option<Period>,
}

/// How a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// Exec in a live container of a declared group.
    Strong(StrongRun),
    /// A declared group that starts, works and dies, and is kept.
    Persistent {
        /// The group's `metadata.name`.
        group: Name,
        /// What to do where somebody else has started the group.
        concurrency: Concurrency,
    },
    /// A group made for the run.
    Ephemeral(Box<EphemeralRun>),
}

/// Exec in a live container of a declared group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrongRun {
    /// The group's `metadata.name`.
    pub group: Name,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Environment beside the container's own.
    pub environment: Vec<(String, RunValue)>,
    /// The folder it runs in; absent: the container's.
    pub working_directory: Option<String>,
    /// How long it may print nothing.
    pub idle_timeout: Option<Period>,
    /// What to do with a run whose end cannot be found out.
    pub interrupted: Interrupted,
}

/// A plain or secret value of a run's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunValue {
    /// Shown.
    Plain(String),
    /// Never shown.
    Secret(SecretSource),
}

impl RunValue {
    /// The value as a secret, so that it travels like one; absent where it is not available.
    pub fn secret(&self) -> Option<Secret> {
        match self {
            Self::Plain(text) => Some(Secret::new(text.clone())),
            Self::Secret(source) => source.value.clone(),
        }
    }
}

/// A group made for one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EphemeralRun {
    /// The resource group's `metadata.name`.
    pub resource_group: Name,
    /// Its region; absent: the resource group's.
    pub location: Option<String>,
    /// Its tags, the project's included.
    pub tags: Tags,
    /// Its properties.
    pub group: Group<SecretSource>,
    /// Whether the group is kept after a run that ended well.
    pub keep_on_success: bool,
    /// Whether the group is kept after a run that failed.
    pub keep_on_failure: bool,
    /// How long a group that is kept stays before it is cleaned up; absent: until somebody asks for it.
    pub keep_for: Option<Period>,
    /// The items that it is run for; absent: it is run once.
    pub array: Option<Array>,
}

/// The items that a run is fanned out over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// What tells the items apart, as each is given its own.
    pub items: Vec<String>,
    /// How many of them run at once; absent: as many as steps may be under way.
    pub parallelism: Option<u32>,
}

/// What to do where a persistent run's group runs, though no run of it is recorded as begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub enum Concurrency {
    /// Nothing is done before somebody has settled it.
    #[default]
    Refuse,
    /// The run waits until the group has ended.
    Wait,
    /// The group is stopped, and the run begins.
    Replace,
}

/// When a run is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Trigger {
    /// When its input differs from that of the recorded run.
    #[default]
    OnChange,
    /// Until it ended well once.
    Once,
    /// At every apply.
    Always,
    /// Only when a person says so.
    Manual,
}

/// What to do with a strong run whose end cannot be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Interrupted {
    /// It failed.
    #[default]
    Fail,
    /// It is run again.
    Rerun,
}

/// Something cannot be set for one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Override {
    /// The run starts a declared group as it is.
    #[error("the run starts a declared group as it is")]
    Kept,
}

impl Stack {
    /// The values of the secrets of its groups, as far as they are available.
    pub fn secret_values(&self) -> Vec<Secret> {
        let mut values = Vec::new();
        for declared in self.groups.values() {
            let Ok(_) = declared.group.clone().map(&mut |source: SecretSource| {
                values.extend(source.value);
                Ok::<_, Infallible>(())
            });
        }
        values
    }

    /// Gives a variable of the environment of one run another value.
    ///
    /// # Errors
    /// The run starts a declared group as it is.
    pub fn set_environment(&mut self, run: &Name, variable: &str, value: &str) -> Result<(), Override> {
        let Some(task) = self.runs.get_mut(run) else { return Ok(()) };
        task.declared.get_or_insert_with(|| task.kind.clone());
        match &mut task.kind {
            RunKind::Persistent { .. } => return Err(Override::Kept),
            RunKind::Strong(strong) => {
                strong.environment.retain(|(name, _)| name != variable);
                strong.environment.push((variable.to_owned(), RunValue::Plain(value.to_owned())));
            }
            RunKind::Ephemeral(ephemeral) => {
                for container in &mut ephemeral.group.containers {
                    container.environment_variables.retain(|other| other.name != variable);
                    container.environment_variables.push(EnvironmentVariable {
                        name: variable.to_owned(),
                        value: Some(value.to_owned()),
                        secure_value: None,
                        secure_value_reference: None,
                    });
                }
            }
        }
        Ok(())
    }
}

impl TaskRun {
    /// The container whose exit decides.
    pub fn deciding_container<'a>(&'a self, group: &'a Group<SecretSource>) -> Option<&'a str> {
        match &self.container {
            Some(name) => Some(name.as_str()),
            None => group.containers.first().map(|container| container.name.as_str()),
        }
    }
}
