//! The tree of a container group: the one place where the properties of the API stand.
//!
//! It is generic over the stage of its secrets: `Group<SecretRef>` is the manifest, `Group<SecretSource>` a stack's,
//! `Group<Mark>` what is compared. [`Group::map`] takes it from stage to stage and destructures every struct,
//! so that a new property does not compile until someone has decided about it.
//! Names and nesting are those of API 2025-09-01 (and `userAssignedIdentityClientId` of 2026-07-01), without the
//! `properties` levels. What stands beside `properties` in the API (identity, zones) is here too.

mod container;
mod diagnostics;
mod identity;
mod network;
mod pass;
mod probe;
mod registry;
mod security;
mod volume;
mod word;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::container::{
    ConfigMap, Container, EnvironmentVariable, Gpu, InitContainer, ResourceLimits, ResourceRequests,
    Resources,
};
pub use self::diagnostics::{Diagnostics, LogAnalytics};
pub use self::identity::{Identity, IdentityAcl, IdentityAcls, SecretReference, UserAssigned};
pub use self::network::{DnsConfig, IpAddress, Port, SubnetId};
pub use self::pass::{ConfidentialCompute, Encryption, Extension, ProfileReference, StandbyPoolProfile};
pub use self::probe::{HttpGet, HttpHeader, Probe, ProbeExec};
pub use self::registry::RegistryCredential;
pub use self::security::{Capabilities, SecurityContext};
pub use self::volume::{AzureFile, EmptyDir, GitRepo, Volume, VolumeMount};
pub use self::word::{
    DnsScope, GpuSku, IdentityAccess, IdentityType, IpAddressType, LogType, OsType, Priority, Protocol,
    RestartPolicy, Scheme, Sku,
};

/// What the API gains before it is modelled here: JSON of a resource's body.
pub type Json = BTreeMap<String, serde_json::Value>;

/// The properties of a container group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(rename = "ContainerGroupProperties")]
pub struct Group<S> {
    /// The operating system.
    #[serde(default)]
    pub os_type: OsType,
    /// What happens when a container ends.
    #[serde(default)]
    pub restart_policy: RestartPolicy,
    /// The containers, which share the group's address and life; at most 60.
    #[schemars(length(min = 1, max = 60))]
    pub containers: Vec<Container<S>>,
    /// Containers that run one after another before the others start; at most 59.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 59))]
    pub init_containers: Vec<InitContainer<S>>,
    /// Volumes that containers mount by name; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub volumes: Vec<Volume<S>>,
    /// The group's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<IpAddress>,
    /// The subnet that the group stands in, delegated to Microsoft.ContainerInstance/containerGroups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_ids: Vec<SubnetId>,
    /// Name servers in place of Azure's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<DnsConfig>,
    /// Logins for the registries of private images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_registry_credentials: Vec<RegistryCredential<S>>,
    /// Managed identities of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Which containers may use which identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_acls: Option<IdentityAcls>,
    /// Secrets of a Key Vault that the `…Reference` fields name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_references: Vec<SecretReference>,
    /// Where logs go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics<S>>,
    /// The offer that the group is bought under.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sku: Sku,
    /// Whether the group may be evicted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: Priority,
    /// The availability zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// A key of a Key Vault that what the group stores is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_properties: Option<Encryption>,
    /// What a confidential group may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidential_compute_properties: Option<ConfidentialCompute>,
    /// Extensions of the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension<S>>,
    /// The container group profile that the group is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_group_profile: Option<ProfileReference>,
    /// The standby pool that the group is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby_pool_profile: Option<StandbyPoolProfile>,
    /// What Azure's API has and acitask does not know yet: merged into the request's body as it stands, `properties`
    /// levels included; lists of things with names are merged by name.
    #[serde(default, skip_serializing_if = "Json::is_empty")]
    pub arm: Json,
}

impl<S> Default for Group<S> {
    fn default() -> Self {
        Self {
            os_type: OsType::default(),
            restart_policy: RestartPolicy::default(),
            containers: Vec::new(),
            init_containers: Vec::new(),
            volumes: Vec::new(),
            ip_address: None,
            subnet_ids: Vec::new(),
            dns_config: None,
            image_registry_credentials: Vec::new(),
            identity: None,
            identity_acls: None,
            secret_references: Vec::new(),
            diagnostics: None,
            sku: Sku::default(),
            priority: Priority::default(),
            zones: Vec::new(),
            encryption_properties: None,
            confidential_compute_properties: None,
            extensions: Vec::new(),
            container_group_profile: None,
            standby_pool_profile: None,
            arm: Json::new(),
        }
    }
}

impl<S> Group<S> {
    /// Takes every secret to another stage.
    ///
    /// # Errors
    /// The first error of `stage`.
    pub fn map<T, E>(self, stage: &mut impl FnMut(S) -> Result<T, E>) -> Result<Group<T>, E> {
        let Self {
            os_type,
            restart_policy,
            containers,
            init_containers,
            volumes,
            ip_address,
            subnet_ids,
            dns_config,
            image_registry_credentials,
            identity,
            identity_acls,
            secret_references,
            diagnostics,
            sku,
            priority,
            zones,
            encryption_properties,
            confidential_compute_properties,
            extensions,
            container_group_profile,
            standby_pool_profile,
            arm,
        } = self;
        Ok(Group {
            os_type,
            restart_policy,
            containers: each(containers, |one| one.map(stage))?,
            init_containers: each(init_containers, |one| one.map(stage))?,
            volumes: each(volumes, |one| one.map(stage))?,
            ip_address,
            subnet_ids,
            dns_config,
            image_registry_credentials: each(image_registry_credentials, |one| one.map(stage))?,
            identity,
            identity_acls,
            secret_references,
            diagnostics: diagnostics.map(|one| one.map(stage)).transpose()?,
            sku,
            priority,
            zones,
            encryption_properties,
            confidential_compute_properties,
            extensions: each(extensions, |one| one.map(stage))?,
            container_group_profile,
            standby_pool_profile,
            arm,
        })
    }
}

/// Takes each item of a list to another stage.
fn each<A, B, E>(list: Vec<A>, map: impl FnMut(A) -> Result<B, E>) -> Result<Vec<B>, E> {
    list.into_iter().map(map).collect()
}

/// Takes each value of a map to another stage.
fn each_value<A, B, E>(
    map: BTreeMap<String, A>,
    mut stage: impl FnMut(A) -> Result<B, E>,
) -> Result<BTreeMap<String, B>, E> {
    map.into_iter().map(|(key, value)| Ok((key, stage(value)?))).collect()
}

/// Whether a value is at its default, so that it is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
