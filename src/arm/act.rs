//! Changes: each takes a [`Warrant`], each is one request.

use std::collections::BTreeSet;

use azure_mgmt_resources::package_resources_2021_04::models::{
    GenericResource, ResourceGroup, Tags as TagValues, TagsPatchResource, tags_patch_resource::Operation,
};
use serde_json::{Map, Value};

use super::Arm;
use super::body;
use super::call::Call;
use super::fault::Fault;
use super::operation::Accepted;
use super::path::{self, segment};
use crate::model::name::{GroupId, Name};
use crate::model::tag::Tags;
use crate::plan::{Deployment, Warrant};

/// What tags are on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A resource group.
    ResourceGroup(Name),
    /// A container group.
    Group(GroupId),
}

impl Arm {
    /// Creates a resource group, or replaces the tags of one that is there.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn put_resource_group(
        &self,
        _: &Warrant<'_>,
        name: &Name,
        location: &str,
        tags: &Tags,
    ) -> Result<(), Fault> {
        let mut wanted = ResourceGroup::new(location.to_owned());
        wanted.tags = Some(object(tags));
        let call = Call::new(self);
        let client = call.resources().resource_groups_client();
        let outcome =
            client.create_or_update(segment(name.as_str())?, wanted, self.subscription()).send().await;
        call.answer(outcome).map(drop)
    }

    /// Deletes a resource group with everything in it.
    ///
    /// # Errors
    /// The service's fault; [`NotFound`](super::fault::FaultKind::NotFound) where it is not there.
    pub async fn delete_resource_group(&self, _: &Warrant<'_>, name: &Name) -> Result<Accepted, Fault> {
        let call = Call::new(self);
        let client = call.resources().resource_groups_client();
        let outcome = client.delete(segment(name.as_str())?, self.subscription()).send().await;
        call.answer(outcome).map(|answer| Accepted::read(&answer))
    }

    /// Creates a container group, or replaces all properties of one that is there; either starts its containers.
    ///
    /// # Errors
    /// A fault with the code `SecretNotAvailable` before anything is sent, else the service's fault.
    pub async fn put_group(
        &self,
        _: &Warrant<'_>,
        id: &GroupId,
        deployment: &Deployment,
    ) -> Result<Accepted, Fault> {
        let path = path::group(self.subscription(), id)?;
        let call = Call::with_body(self, body::write(deployment)?);
        let outcome = call.generic().create_or_update_by_id(path, GenericResource::new()).send().await;
        call.answer(outcome).map(|answer| Accepted::read(&answer))
    }

    /// Checks that [`put_group`](Self::put_group) could send a deployment now, before what it replaces is deleted.
    ///
    /// # Errors
    /// A fault with the code `SecretNotAvailable`, or one of a name that cannot be in a path.
    pub fn check_group(&self, id: &GroupId, deployment: &Deployment) -> Result<(), Fault> {
        path::group(self.subscription(), id)?;
        body::check(deployment)
    }

    /// Deletes a container group; one that is not there counts as deleted.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn delete_group(&self, _: &Warrant<'_>, id: &GroupId) -> Result<Accepted, Fault> {
        let (resource_group, name) = names(id)?;
        let call = Call::new(self);
        let client = call.aci().container_groups_client();
        let outcome = client.delete(self.subscription(), resource_group, name).send().await;
        call.answer(outcome).map(|answer| Accepted::read(&answer))
    }

    /// Starts a container group that is stopped or has ended; on one that runs it does nothing.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn start_group(&self, _: &Warrant<'_>, id: &GroupId) -> Result<Accepted, Fault> {
        let (resource_group, name) = names(id)?;
        let call = Call::new(self);
        let client = call.aci().container_groups_client();
        let outcome = client.start(self.subscription(), resource_group, name).send().await;
        call.answer(outcome).map(|answer| Accepted::read(&answer))
    }

    /// Stops a container group, which ends billing. Source: azure-powershell recording Stop-AzContainerGroup.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn stop_group(&self, _: &Warrant<'_>, id: &GroupId) -> Result<Accepted, Fault> {
        let (resource_group, name) = names(id)?;
        let call = Call::new(self);
        let client = call.aci().container_groups_client();
        let outcome = client.stop(self.subscription(), resource_group, name).send().await;
        call.answer(outcome).map(|answer| Accepted::read(&answer))
    }

    /// Sets tags and leaves all others alone.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn merge_tags(&self, _: &Warrant<'_>, scope: &Scope, tags: &Tags) -> Result<(), Fault> {
        self.patch_tags(scope, Operation::Merge, object(tags)).await
    }

    /// Removes tags by their names, whatever their values, and leaves all others alone.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn delete_tags(
        &self,
        _: &Warrant<'_>,
        scope: &Scope,
        names: &BTreeSet<String>,
    ) -> Result<(), Fault> {
        // A name with an empty value means the name alone, as `az tag update --operation delete` sends it.
        let nameless = names.iter().map(|name| (name.clone(), String::new())).collect();
        self.patch_tags(scope, Operation::Delete, object(&nameless)).await
    }

    async fn patch_tags(&self, scope: &Scope, operation: Operation, tags: Value) -> Result<(), Fault> {
        let path = match scope {
            Scope::ResourceGroup(name) => path::resource_group(self.subscription(), name.as_str())?,
            Scope::Group(id) => path::group(self.subscription(), id)?,
        };
        let patch = TagsPatchResource {
            operation: Some(operation),
            properties: Some(TagValues { tags: Some(tags) }),
        };
        let call = Call::new(self);
        let outcome = call.resources().tags_client().update_at_scope(path, patch).send().await;
        call.answer(outcome).map(drop)
    }
}

fn names(id: &GroupId) -> Result<(&str, &str), Fault> {
    Ok((segment(id.resource_group.as_str())?, segment(id.name.as_str())?))
}

fn object(tags: &Tags) -> Value {
    Value::Object(
        tags.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>(),
    )
}
