//! Reads: resource groups, what is in them, container groups and logs.

use azure_mgmt_containerinstance::package_preview_2024_05::models::Logs;
use serde_json::Value;

use super::Arm;
use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::path::segment;
use super::wire::Answer;
use super::{list, read};
use crate::model::name::{GroupId, Name};
use crate::model::observed::{SeenGroup, SeenResource, SeenResourceGroup};

impl Arm {
    /// Every resource group of the subscription.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn resource_groups(&self) -> Result<Vec<SeenResourceGroup>, Fault> {
        let call = Call::for_list(self);
        let pages = call.resources().resource_groups_client().list(self.subscription()).into_stream();
        list::items(&call, pages, read::listed_resource_group).await
    }

    /// One resource group; absent where it is not there.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn resource_group(&self, name: &Name) -> Result<Option<SeenResourceGroup>, Fault> {
        let call = Call::new(self);
        let client = call.resources().resource_groups_client();
        let outcome = client.get(segment(name.as_str())?, self.subscription()).send().await;
        let Some(answer) = found(call.answer(outcome))? else { return Ok(None) };
        let seen = read::resource_group(&json(&answer)?);
        seen.map(Some).ok_or_else(|| Fault::own(FaultKind::Protocol, "a resource group without a name"))
    }

    /// Everything that is in a resource group.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn resources_in(&self, resource_group: &Name) -> Result<Vec<SeenResource>, Fault> {
        let call = Call::for_list(self);
        let client = call.resources().resources_client();
        let pages = client.list_by_resource_group(segment(resource_group.as_str())?, self.subscription());
        list::items(&call, pages.into_stream(), |item| Some(read::listed_resource(item))).await
    }

    /// Every container group of the subscription, without instance views.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn groups(&self) -> Result<Vec<SeenGroup>, Fault> {
        let call = Call::for_list(self);
        let pages = call.aci().container_groups_client().list(self.subscription()).into_stream();
        list::items(&call, pages, read::listed_group).await
    }

    /// Every container group of a resource group, without instance views.
    ///
    /// # Errors
    /// The service's fault; [`NotFound`](FaultKind::NotFound) where the resource group is not there.
    pub async fn groups_in(&self, resource_group: &Name) -> Result<Vec<SeenGroup>, Fault> {
        let call = Call::for_list(self);
        let client = call.aci().container_groups_client();
        let pages = client.list_by_resource_group(self.subscription(), segment(resource_group.as_str())?);
        list::items(&call, pages.into_stream(), read::listed_group).await
    }

    /// One container group with its instance view; absent where it, or its resource group, is not there.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn group(&self, id: &GroupId) -> Result<Option<SeenGroup>, Fault> {
        let (resource_group, name) = (segment(id.resource_group.as_str())?, segment(id.name.as_str())?);
        let call = Call::new(self);
        let client = call.aci().container_groups_client();
        let outcome = client.get(self.subscription(), resource_group, name).send().await;
        let Some(answer) = found(call.answer(outcome))? else { return Ok(None) };
        read::group(id.clone(), &answer.body).map(Some).ok_or_else(no_object)
    }

    /// The log of a container: its last `tail` lines or all that is kept, each with its time where that is asked for.
    ///
    /// # Errors
    /// The service's fault; [`Conflict`](FaultKind::Conflict) while the group is being created.
    pub async fn logs(
        &self,
        id: &GroupId,
        container: &str,
        tail: Option<u32>,
        timestamps: bool,
    ) -> Result<String, Fault> {
        let (resource_group, name) = (segment(id.resource_group.as_str())?, segment(id.name.as_str())?);
        let call = Call::new(self);
        let client = call.aci().containers_client();
        let mut request = client
            .list_logs(self.subscription(), resource_group, name, segment(container)?)
            .timestamps(timestamps);
        if let Some(tail) = tail {
            request = request.tail(i32::try_from(tail).unwrap_or(i32::MAX));
        }
        let outcome = request.send().await;
        let answer = call.answer(outcome)?;
        let logs: Logs = serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::own(FaultKind::Protocol, "the service's answer is no log"))?;
        Ok(logs.content.unwrap_or_default())
    }
}

/// A thing that is not there is an answer; a subscription that is not there is a fault.
fn found(answer: Result<Answer, Fault>) -> Result<Option<Answer>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.kind == FaultKind::NotFound && !fault.code.starts_with("Subscription") => {
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

fn json(answer: &Answer) -> Result<Value, Fault> {
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if value.is_object() { Ok(value) } else { Err(no_object()) }
}

fn no_object() -> Fault {
    Fault::own(FaultKind::Protocol, "the service's answer is no JSON object")
}
