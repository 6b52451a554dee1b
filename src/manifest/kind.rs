//! The kinds of manifests: one plain struct a kind, which is its YAML, its schema and its documentation at once.
//!
//! Invariant: no enum here carries data and none is untagged, because serde_yaml would want tags for it; the properties
//! of a container group alone are flattened into what declares one, so that they stand once in the house;
//! keys that exclude each other are optional, and a rule counts them. Unknown keys are refused by the schema,
//! which runs before serde does.

pub mod container_group;
pub mod environment;
pub mod project;
pub mod resource_group;
pub mod task_run;

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The version of the manifest language.
pub const API_VERSION: &str = "acitask/v1";

/// The kinds of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Who owns everything and where it goes.
    Project,
    /// A resource group.
    ResourceGroup,
    /// A container group.
    ContainerGroup,
    /// A task to run.
    TaskRun,
    /// What is different in one environment.
    Environment,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Project, Self::ResourceGroup, Self::ContainerGroup, Self::TaskRun, Self::Environment];

    /// The word that stands under `kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::ResourceGroup => "ResourceGroup",
            Self::ContainerGroup => "ContainerGroup",
            Self::TaskRun => "TaskRun",
            Self::Environment => "Environment",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What every manifest says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Metadata {
    /// The name by which other manifests refer to this one, unique among those of its kind.
    pub name: String,
}

/// What a manifest was called before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Moved {
    /// Its `metadata.name` before.
    pub from: String,
}

/// Makes a type that is one word.
macro_rules! constant {
    ($(#[$doc:meta])* $name:ident = $word:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub struct $name;

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($word)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                if word == $word { Ok(Self) } else { Err(de::Error::custom(format_args!("{} was expected", $word))) }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "const": $word})
            }
        }
    };
}

constant! {
    /// `acitask/v1`
    ApiVersion = API_VERSION
}
constant! {
    /// `Project`
    ProjectKind = Kind::Project.as_str()
}
constant! {
    /// `ResourceGroup`
    ResourceGroupKind = Kind::ResourceGroup.as_str()
}
constant! {
    /// `ContainerGroup`
    ContainerGroupKind = Kind::ContainerGroup.as_str()
}
constant! {
    /// `Environment`
    EnvironmentKind = Kind::Environment.as_str()
}
constant! {
    /// `TaskRun`
    TaskRunKind = Kind::TaskRun.as_str()
}

/// Whether a flag is at its default, so that it is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Whether a value is at its default, so that it is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
