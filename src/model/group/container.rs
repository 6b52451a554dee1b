//! Containers and init containers: what they run, with what they are given.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::each;
use super::network::Port;
use super::probe::Probe;
use super::security::SecurityContext;
use super::volume::VolumeMount;
use super::word::GpuSku;
use crate::model::quantity::{Cpu, Memory};

/// A container of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "Container", deny_unknown_fields)]
pub struct Container<S> {
    /// The container's name, unique in its group: lower-case letters, digits and inner hyphens, at most 63.
    pub name: String,
    /// The image, with registry and tag or digest.
    #[schemars(extend("examples" = ["mcr.microsoft.com/azuredocs/aci-helloworld:latest"]))]
    pub image: String,
    /// The command that replaces the image's entrypoint and arguments, in exec form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["/bin/sh", "-c", "echo hello"]]))]
    pub command: Vec<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_variables: Vec<EnvironmentVariable<S>>,
    /// Ports that the container listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// CPU and memory.
    pub resources: Resources,
    /// Volumes of the group in the container's file system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// A question whose failing restarts the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// A question whose failing keeps traffic away from the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// What the container may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
    /// Values that change without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMap>,
}

/// A container that runs and ends before the others start. It has no resources, ports or probes of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "InitContainer", deny_unknown_fields)]
pub struct InitContainer<S> {
    /// The container's name, unique in its group.
    pub name: String,
    /// The image, with registry and tag or digest.
    pub image: String,
    /// The command that replaces the image's entrypoint and arguments, in exec form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_variables: Vec<EnvironmentVariable<S>>,
    /// Volumes of the group in the container's file system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// What the container may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
}

/// An environment variable: a plain value, a secret one, or a reference to a Key Vault's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "EnvironmentVariable", deny_unknown_fields)]
pub struct EnvironmentVariable<S> {
    /// Its name: letters, digits and inner underscores, at most 63.
    pub name: String,
    /// Its plain value, which everybody who may read the group can see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its secret value, which Azure never shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_value: Option<S>,
    /// The name of one of the group's `secretReferences`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_value_reference: Option<String>,
}

/// Values that change without a restart.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ConfigMap {
    /// The values, by key; each is a file for the container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_value_pairs: BTreeMap<String, String>,
}

/// CPU and memory of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Resources {
    /// What the container is given.
    pub requests: ResourceRequests,
    /// What the container may use of the group at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceLimits>,
}

/// The CPU and memory that a container is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResourceRequests {
    /// Cores, in steps of 0.01.
    #[schemars(extend("examples" = [1, 0.5]))]
    pub cpu: Cpu,
    /// Gigabytes, in steps of 0.1.
    #[serde(rename = "memoryInGB")]
    #[schemars(extend("examples" = [1, 1.5]))]
    pub memory_in_gb: Memory,
    /// GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
}

/// The CPU and memory that a container may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResourceLimits {
    /// Cores, in steps of 0.01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// Gigabytes, in steps of 0.1.
    #[serde(default, rename = "memoryInGB", skip_serializing_if = "Option::is_none")]
    pub memory_in_gb: Option<Memory>,
    /// GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
}

/// GPUs of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Gpu {
    /// How many.
    pub count: u32,
    /// Of which kind.
    pub sku: GpuSku,
}

impl<S> Default for Container<S> {
    fn default() -> Self {
        Self {
            name: String::new(),
            image: String::new(),
            command: Vec::new(),
            environment_variables: Vec::new(),
            ports: Vec::new(),
            resources: Resources::default(),
            volume_mounts: Vec::new(),
            liveness_probe: None,
            readiness_probe: None,
            security_context: None,
            config_map: None,
        }
    }
}

impl<S> Container<S> {
    pub(super) fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Container<T>, E> {
        let Self {
            name,
            image,
            command,
            environment_variables,
            ports,
            resources,
            volume_mounts,
            liveness_probe,
            readiness_probe,
            security_context,
            config_map,
        } = self;
        Ok(Container {
            name,
            image,
            command,
            environment_variables: each(environment_variables, |one| one.map(stage))?,
            ports,
            resources,
            volume_mounts,
            liveness_probe,
            readiness_probe,
            security_context,
            config_map,
        })
    }
}

impl<S> InitContainer<S> {
    pub(super) fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<InitContainer<T>, E> {
        let Self { name, image, command, environment_variables, volume_mounts, security_context } = self;
        Ok(InitContainer {
            name,
            image,
            command,
            environment_variables: each(environment_variables, |one| one.map(stage))?,
            volume_mounts,
            security_context,
        })
    }
}

impl<S> EnvironmentVariable<S> {
    /// Takes the secret, if it is one, to another stage.
    ///
    /// # Errors
    /// The error of `stage`.
    pub fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<EnvironmentVariable<T>, E> {
        let Self { name, value, secure_value, secure_value_reference } = self;
        let secure_value = secure_value.map(stage).transpose()?;
        Ok(EnvironmentVariable { name, value, secure_value, secure_value_reference })
    }
}
