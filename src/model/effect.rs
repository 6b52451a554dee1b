//! What changing a field of a container group does to it: the one table that diff, docs, schema and tests share.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The field of a container group that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// `tags`
    Tags,
    /// `location`
    Location,
    /// `osType`
    OsType,
    /// `restartPolicy`
    RestartPolicy,
    /// `ipAddress`, all of it, and `ipAddress.type`
    IpAddress,
    /// `ipAddress.ports`
    IpPorts,
    /// `ipAddress.dnsNameLabel`
    DnsNameLabel,
    /// `containers`: one was added or removed
    Containers,
    /// `containers[].image`
    Image,
    /// `containers[].command`
    Command,
    /// `containers[].environmentVariables`
    Environment,
    /// `containers[].ports`
    Ports,
    /// `containers[].resources.requests.cpu`
    Cpu,
    /// `containers[].resources.requests.memoryInGB`
    Memory,
}

/// What a change costs, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The tags are merged; nothing else happens.
    Tags,
    /// A PUT that restarts nothing.
    Live,
    /// A PUT that restarts every container of the group.
    Update,
    /// The service refuses the change: the group is deleted and created.
    Replace,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 14] = [
        Self::Tags,
        Self::Location,
        Self::OsType,
        Self::RestartPolicy,
        Self::IpAddress,
        Self::IpPorts,
        Self::DnsNameLabel,
        Self::Containers,
        Self::Image,
        Self::Command,
        Self::Environment,
        Self::Ports,
        Self::Cpu,
        Self::Memory,
    ];

    /// What changing the field does to a running group, as Microsoft's page "Update containers in Azure Container Instances" says.
    pub const fn effect(self) -> Effect {
        match self {
            Self::Tags => Effect::Tags,
            Self::Image
            | Self::Command
            | Self::Environment
            | Self::Ports
            | Self::IpPorts
            | Self::DnsNameLabel => Effect::Update,
            // The page names CPU, memory, restart policy, OS type and network. A container more or less changes
            // the CPU and memory of the group, and a location cannot be changed on any resource.
            Self::Location
            | Self::OsType
            | Self::RestartPolicy
            | Self::IpAddress
            | Self::Containers
            | Self::Cpu
            | Self::Memory => Effect::Replace,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tags => "tags",
            Self::Live => "live",
            Self::Update => "update",
            Self::Replace => "replace",
        })
    }
}
