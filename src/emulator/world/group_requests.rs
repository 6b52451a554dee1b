//! Requests on container groups that are there: GET, PATCH, DELETE and the lists.
//!
//! Statuses and bodies as recorded (azure-powershell, ContainerInstance). What makes and changes them is the PUT's.

use super::container_group::{ContainerGroup, Stale};
use super::path::{GroupName, ResourceName};
use super::rates::Kind;
use super::refusal::Refusal;
use super::resource::not_found;
use super::shelf::{Shown, Slot};
use super::{World, body, page, reply, tags, view};
use crate::contract::{Body, Command, Page, Reply, Request};

impl World {
    /// The container group, where it exists.
    pub(crate) fn container_group(&self, name: &ResourceName) -> Result<&ContainerGroup, Refusal> {
        self.container_group_slot(name).map(Slot::entry)
    }

    fn container_group_slot(&self, name: &ResourceName) -> Result<&Slot<ContainerGroup>, Refusal> {
        self.resource_group(&name.group)?;
        self.container_groups.slot(&name.key()).ok_or_else(|| not_found(name))
    }

    pub(crate) fn get_container_group(
        &mut self,
        name: &ResourceName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let slot = self.container_group_slot(name)?;
        let version = version(request);
        // Clients ask again and again while they wait.
        let text = slot.text(Shown::Whole, &version, |group| view::full(group, &version));
        let answer = reply::of(200, Body::Text(text));
        if slot.entry().stale.is_some()
            && let Some(group) = self.container_groups.get_mut(&name.key())
        {
            group.stale = group.stale.take().and_then(|mut stale| {
                stale.reads = stale.reads.saturating_sub(1);
                (stale.reads > 0).then_some(stale)
            });
        }
        Ok(answer)
    }

    /// `PATCH`: replaces the whole tag map where it sends one (azure-powershell, Update-AzContainerGroup).
    pub(crate) fn patch_container_group(
        &mut self,
        name: &ResourceName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let group = self.container_group(name)?;
        self.open_group(&name.group)?;
        if group.is_transitioning() {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        let body = body::object(&request.body)?;
        let tags = tags::read(body.get("tags"))?;
        if body.get("zones").is_some_and(|zones| !zones.is_null()) {
            return Err(Refusal::NotImplemented("zones".to_owned()));
        }
        let group = self.container_groups.get_mut(&name.key()).ok_or_else(|| not_found(name))?;
        if tags.is_some() {
            group.tags = tags;
        }
        Ok(reply::json(200, view::full(group, &version(request))))
    }

    /// `DELETE`: 200 with the last body, 204 where there is none (azure-powershell, Remove-AzContainerGroup).
    pub(crate) fn delete_container_group(
        &mut self,
        name: &ResourceName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.open_group(&name.group)?;
        let key = name.key();
        let Some(group) = self.container_groups.get(&key) else {
            let location = self.resource_group(&name.group)?.location.clone();
            return Ok(self.counted(reply::empty(204), &name.group.subscription, &location, Kind::Delete));
        };
        if group.is_transitioning() {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        let (last, location) = (view::full(group, &version(request)), group.location.clone());
        self.affordable(&name.group.subscription, &location, Kind::Delete)?;
        self.drop_container_group(&key);
        Ok(self.counted(reply::json(200, last), &name.group.subscription, &location, Kind::Delete))
    }

    /// Removes a container group with its containers, gently.
    pub(crate) fn drop_container_group(&mut self, key: &str) {
        let Some(group) = self.container_groups.remove(key) else {
            return;
        };
        self.release_label(&group);
        if !group.alive.is_empty() {
            self.commands.push(Command::Stop { sandbox: group.sandbox });
        }
        self.commands.push(Command::Discard { sandbox: group.sandbox });
        self.settle(key);
    }

    pub(crate) fn list_container_groups(
        &self,
        name: &GroupName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.resource_group(name)?;
        self.list_groups_within(&format!("{}/", name.key()), request)
    }

    pub(crate) fn list_all_container_groups(
        &self,
        subscription: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.list_groups_within(&format!("/subscriptions/{}/", subscription.to_lowercase()), request)
    }

    fn list_groups_within(&self, prefix: &str, request: &Request) -> Result<Reply, Refusal> {
        let version = version(request);
        let after = page::after(request)?;
        let groups = self.container_groups.slots(prefix, &after);
        let show = |group: &ContainerGroup| view::listed(group, &version);
        let show = |slot: &Slot<ContainerGroup>| slot.text(Shown::Listed, &version, show);
        let (items, next_link) = page::picked(request, page::PAGE, groups, show)?;
        Ok(reply::of(200, Body::Page(Page { items, next_link })))
    }
}

/// The version whose words a stale view has.
const NEWEST: &str = "2025-09-01";

/// The view that some more GETs will show; none where the switch says so.
pub(crate) fn stale(group: &ContainerGroup, reads: u32) -> Option<Stale> {
    let (view, containers) = view::instance_views(group, NEWEST);
    (reads > 0).then_some(Stale { reads, group: view, containers })
}

/// The version that a request names.
pub(crate) fn version(request: &Request) -> String {
    request.query.get("api-version").cloned().unwrap_or_default()
}

/// The URL of an operation; its version is always 2018-06-01.
pub(crate) fn operation_url(
    origin: &str,
    subscription: &str,
    location: &str,
    what: &str,
    operation: &str,
) -> String {
    format!(
        "{origin}/subscriptions/{subscription}/providers/Microsoft.ContainerInstance/locations/{location}/{what}/{operation}?api-version=2018-06-01"
    )
}
