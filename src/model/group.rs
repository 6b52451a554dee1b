//! The tree of a container group: the one place where the properties of the API stand.
//!
//! It is generic over the stage of its secrets: `Group<SecretRef>` is the manifest, `Group<SecretSource>` a stack's,
//! `Group<Mark>` what is compared. [`Group::map`] takes it from stage to stage and destructures every struct,
//! so that a new property does not compile until someone has decided about it.
//! Names and nesting are those of API 2025-09-01, without the `properties` levels.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::model::quantity::{Cpu, Memory};

/// Makes an enumeration of the API: written as the API writes it, read without regard to case.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The word of the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $(if text.eq_ignore_ascii_case($text) { return Ok(Self::$variant); })+
                Err(de::Error::unknown_variant(&text, &[$($text),+]))
            }
        }
    };
}

enumeration! {
    /// The operating system of a group.
    OsType {
        /// Linux.
        #[default]
        Linux = "Linux",
        /// Windows.
        Windows = "Windows",
    }
}

enumeration! {
    /// What happens when a container of the group ends.
    RestartPolicy {
        /// It is started again, whatever its exit code.
        #[default]
        Always = "Always",
        /// It is started again unless it ended with 0.
        OnFailure = "OnFailure",
        /// It stays ended.
        Never = "Never",
    }
}

enumeration! {
    /// Whether the group's address is reachable from the internet.
    IpAddressType {
        /// A public address.
        #[default]
        Public = "Public",
        /// An address in a virtual network.
        Private = "Private",
    }
}

enumeration! {
    /// The protocol of a port.
    Protocol {
        /// TCP.
        #[default]
        Tcp = "TCP",
        /// UDP.
        Udp = "UDP",
    }
}

/// The properties of a container group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
pub struct Group<S> {
    /// The operating system.
    #[serde(default)]
    pub os_type: OsType,
    /// What happens when a container ends.
    #[serde(default)]
    pub restart_policy: RestartPolicy,
    /// The containers, which share the group's address and life.
    pub containers: Vec<Container<S>>,
    /// The group's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<IpAddress>,
}

/// A container of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "Container", deny_unknown_fields)]
pub struct Container<S> {
    /// The container's name, unique in its group: lower-case letters, digits and inner hyphens, at most 63.
    pub name: String,
    /// The image, with registry and tag or digest.
    pub image: String,
    /// The command that replaces the image's entrypoint and arguments, in exec form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_variables: Vec<EnvironmentVariable<S>>,
    /// Ports that the container listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// CPU and memory.
    pub resources: Resources,
}

/// An environment variable: a plain value or a secret one.
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
}

/// A port with its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Port {
    /// The number, 1 to 65535.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// CPU and memory of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Resources {
    /// What the container is given.
    pub requests: ResourceRequests,
}

/// The CPU and memory that a container is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResourceRequests {
    /// Cores, in steps of 0.01.
    pub cpu: Cpu,
    /// Gigabytes, in steps of 0.1.
    #[serde(rename = "memoryInGB")]
    pub memory_in_gb: Memory,
}

/// The address of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct IpAddress {
    /// Public or private.
    #[serde(rename = "type")]
    pub kind: IpAddressType,
    /// The ports that are reachable, at most five.
    pub ports: Vec<Port>,
    /// The first label of the group's DNS name: 5 to 63 lower-case letters, digits and hyphens, a letter first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name_label: Option<String>,
}

impl<S> Group<S> {
    /// Takes every secret to another stage.
    ///
    /// # Errors
    /// The first error of `stage`.
    pub fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Group<T>, E> {
        let Self { os_type, restart_policy, containers, ip_address } = self;
        let containers =
            containers.into_iter().map(|container| container.map(stage)).collect::<Result<_, E>>()?;
        Ok(Group { os_type, restart_policy, containers, ip_address })
    }
}

impl<S> Container<S> {
    fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Container<T>, E> {
        let Self { name, image, command, environment_variables, ports, resources } = self;
        let environment_variables = environment_variables
            .into_iter()
            .map(|variable| variable.map(stage))
            .collect::<Result<_, E>>()?;
        Ok(Container { name, image, command, environment_variables, ports, resources })
    }
}

impl<S> EnvironmentVariable<S> {
    /// Takes the secret, if it is one, to another stage.
    ///
    /// # Errors
    /// The error of `stage`.
    pub fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<EnvironmentVariable<T>, E> {
        let Self { name, value, secure_value } = self;
        Ok(EnvironmentVariable { name, value, secure_value: secure_value.map(stage).transpose()? })
    }
}
