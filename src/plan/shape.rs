//! The one comparable form of a container group.
//!
//! Two groups that Azure Container Instances treats alike have equal shapes: lists whose order means nothing are
//! sorted, what stands twice stands once, what is not said stands as Azure's default, resource ids are in lower case,
//! secrets are marks, and what Azure never shows is left out. Which container is the first is therefore not told by a
//! shape but by the stack.

pub(in crate::plan) mod parts;

use std::convert::Infallible;

use crate::model::group::{Diagnostics, Group, Json, LogAnalytics};
use crate::model::secret::{Mark, SecretSource};

/// A container group with lists in a told order and secrets as marks; made only by [`normalise`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Group<Mark>);

impl Shape {
    /// The group.
    pub fn group(&self) -> &Group<Mark> {
        &self.0
    }

    /// The group.
    pub fn into_group(self) -> Group<Mark> {
        self.0
    }

    /// The group without what the service may or may not show: `arm`, and all of a workspace but its id.
    pub fn into_sure(self) -> Group<Mark> {
        let mut group = self.0;
        group.arm = Json::new();
        if let Some(Diagnostics { log_analytics: Some(workspace) }) = &mut group.diagnostics {
            let LogAnalytics { workspace_id: _, workspace_key: _, workspace_resource_id, log_type, metadata } =
                workspace;
            *workspace_resource_id = None;
            *log_type = None;
            metadata.clear();
        }
        group
    }
}

/// Brings a group into its comparable form.
///
/// Some absent properties have become Azure's defaults when the tree was read (`osType`, `restartPolicy`, `sku`,
/// `priority`, protocols, empty lists); the server echoes none, some or all of them, as the recordings of
/// azure-libraries-for-java show.
pub fn normalise(group: Group<Mark>) -> Shape {
    let Group {
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
    } = group;
    Shape(Group {
        os_type,
        restart_policy,
        containers: parts::sorted(containers, parts::container, |one| one.name.clone()),
        // These run in the order that is said.
        init_containers: init_containers.into_iter().map(parts::init_container).collect(),
        volumes: parts::sorted(volumes, parts::volume, |one| one.name.clone()),
        ip_address: ip_address.map(parts::address),
        subnet_ids: parts::sorted(subnet_ids, parts::subnet, |one| one.id.clone()),
        dns_config: dns_config.map(parts::dns_config),
        image_registry_credentials: parts::sorted(image_registry_credentials, parts::credential, |one| {
            one.server.clone()
        }),
        identity: identity.and_then(parts::identity),
        identity_acls: identity_acls.and_then(parts::identity_acls),
        secret_references: parts::sorted(secret_references, parts::secret_reference, |one| one.name.clone()),
        diagnostics: diagnostics.and_then(parts::diagnostics),
        sku: parts::sku(sku),
        priority,
        zones: parts::sorted(zones, |zone| zone, Clone::clone),
        encryption_properties: encryption_properties.map(parts::encryption),
        confidential_compute_properties: confidential_compute_properties.and_then(parts::confidential),
        extensions: parts::sorted(extensions, parts::extension, |one| one.name.clone()),
        container_group_profile: container_group_profile.and_then(parts::profile),
        standby_pool_profile: standby_pool_profile.and_then(parts::standby_pool),
        arm,
    })
}

/// The comparable form of a group that is wanted.
pub fn wanted(group: &Group<SecretSource>) -> Shape {
    normalise(marked(group))
}

/// A group that is wanted with marks for its secrets, as one that is seen has them.
pub fn marked(group: &Group<SecretSource>) -> Group<Mark> {
    let Ok(group) = group.clone().map(&mut |_: SecretSource| Ok::<_, Infallible>(Mark));
    group
}
