//! Resource groups: what lives in one dies with it.
//!
//! A deletion takes a moment of the world's time; meanwhile everything in the group refuses writes. The headers are
//! those of a recorded deletion (azure-libraries-for-net session records): 202, `Location`, `Retry-After: 15`.

use std::convert::Infallible;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::filter::{Filter, Subject};
use super::group_requests::version;
use super::path::GroupName;
use super::refusal::Refusal;
use super::shelf::Shelved;
use super::tags::{self, Tags};
use super::{body, page, region, reply};
use crate::contract::{Reply, Request};

/// How long a deletion takes.
const DELETION: SignedDuration = SignedDuration::from_secs(1);

/// How many resource groups a page of a list has.
const PAGE: usize = 1000;

/// A resource group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceGroup {
    /// Its id in the case of its creation.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Tags>,
    pub(crate) managed_by: Option<String>,
    /// When its deletion ends, where one is under way.
    pub(crate) gone_at: Option<Timestamp>,
}

impl ResourceGroup {
    /// The type is shown since 2018-05-01 (azure-libraries-for-java session records have none with 2017-05-10).
    fn view(&self, version: &str) -> Value {
        let Self { id, name, location, tags, managed_by, gone_at } = self;
        let state = if gone_at.is_some() { "Deleting" } else { "Succeeded" };
        let mut view = json!({
            "id": id,
            "name": name,
            "location": location,
            "properties": {"provisioningState": state},
        });
        if version >= "2018-05-01" {
            view["type"] = json!("Microsoft.Resources/resourceGroups");
        }
        if let Some(tags) = tags {
            view["tags"] = json!(tags);
        }
        if let Some(managed_by) = managed_by {
            view["managedBy"] = json!(managed_by);
        }
        view
    }
}

/// It is due when its deletion ends.
impl Shelved for ResourceGroup {
    type Mark = Infallible;

    fn due(&self) -> Option<Timestamp> {
        self.gone_at
    }
}

impl World {
    /// The resource group, where it exists.
    pub(crate) fn resource_group(&self, name: &GroupName) -> Result<&ResourceGroup, Refusal> {
        self.resource_groups.get(&name.key()).ok_or_else(|| Refusal::ResourceGroupNotFound(name.name.clone()))
    }

    /// The resource group, where it exists and may be written in.
    pub(crate) fn open_group(&self, name: &GroupName) -> Result<&ResourceGroup, Refusal> {
        let group = self.resource_group(name)?;
        match group.gone_at {
            Some(_) => Err(Refusal::ResourceGroupBeingDeleted(group.name.clone())),
            None => Ok(group),
        }
    }

    pub(crate) fn put_resource_group(
        &mut self,
        name: &GroupName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        check_name(&name.name)?;
        let sent = body::object(&request.body)?;
        let location = body::location(&sent)?;
        let tags = tags::read(sent.get("tags"))?;
        let managed_by = sent.get("managedBy").and_then(Value::as_str).map(str::to_owned);
        let (status, mut group) = match self.resource_groups.get(&name.key()) {
            None => {
                if !region::is_known(&location) {
                    let regions = region::names().join(",");
                    return Err(Refusal::LocationNotForResourceGroup { location, regions });
                }
                let (id, name) = (name.to_string(), name.name.clone());
                let location = location.clone();
                let (tags, managed_by, gone_at) = (None, None, None);
                (201, ResourceGroup { id, name, location, tags, managed_by, gone_at })
            }
            Some(live) if live.gone_at.is_some() => {
                return Err(Refusal::ResourceGroupBeingDeleted(live.name.clone()));
            }
            Some(live) if live.location != location => {
                let live = live.location.clone();
                return Err(Refusal::InvalidResourceGroupLocation { sent: location, live });
            }
            Some(live) => (200, live.clone()),
        };
        group.tags = tags;
        group.managed_by = managed_by;
        let view = group.view(&version(request));
        self.resource_groups.insert(name.key(), group);
        Ok(reply::json(status, view))
    }

    pub(crate) fn get_resource_group(&self, name: &GroupName, request: &Request) -> Result<Reply, Refusal> {
        Ok(reply::json(200, self.resource_group(name)?.view(&version(request))))
    }

    /// `HEAD`: 204, or the refusal of a GET, of which only the headers are sent (azure-sdk-for-net,
    /// ContainerGroupsStartRestartStopTest).
    pub(crate) fn head_resource_group(&self, name: &GroupName) -> Result<Reply, Refusal> {
        self.resource_group(name).map(|_| reply::empty(204))
    }

    /// `PATCH`: replaces the tags where it sends any.
    pub(crate) fn patch_resource_group(
        &mut self,
        name: &GroupName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.open_group(name)?;
        let sent = body::object(&request.body)?;
        let tags = tags::read(sent.get("tags"))?;
        match self.resource_groups.get_mut(&name.key()) {
            None => Err(Refusal::ResourceGroupNotFound(name.name.clone())),
            Some(group) => {
                if tags.is_some() {
                    group.tags = tags;
                }
                Ok(reply::json(200, group.view(&version(request))))
            }
        }
    }

    pub(crate) fn list_resource_groups(
        &self,
        subscription: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let prefix = format!("/subscriptions/{}/", subscription.to_lowercase());
        let (filter, version) = (Filter::of(request)?, version(request));
        let wanted = |group: &ResourceGroup| {
            filter.wants(&Subject {
                name: &group.name,
                kind: "Microsoft.Resources/resourceGroups",
                resource_group: &group.name,
                location: &group.location,
                tags: group.tags.as_ref(),
            })
        };
        let after = page::after(request)?;
        let groups = self.resource_groups.within_after(&prefix, &after).filter(|(_, group)| wanted(group));
        Ok(reply::json(
            200,
            page::filtered(request, PAGE, groups, |group: &ResourceGroup| group.view(&version))?,
        ))
    }

    pub(crate) fn delete_resource_group(
        &mut self,
        name: &GroupName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let key = name.key();
        let now = self.now;
        let group = self
            .resource_groups
            .get_mut(&key)
            .ok_or_else(|| Refusal::ResourceGroupNotFound(name.name.clone()))?;
        let gone_at = *group.gone_at.get_or_insert(now + DELETION);
        let operation = self.begin_deletion(&key, gone_at);
        let subscription = &name.subscription;
        let version = request.query.get("api-version").map_or("2018-05-01", String::as_str);
        let location = format!(
            "{}/subscriptions/{subscription}/operationresults/{operation}?api-version={version}",
            request.origin
        );
        let answer = reply::with(reply::empty(202), "Location", location);
        Ok(reply::with(answer, "Retry-After", "15"))
    }

    /// Ends the deletions whose time has come: the groups go, and everything in them.
    pub(crate) fn end_deletions(&mut self) {
        let now = self.now;
        for key in self.resource_groups.due_by(now) {
            let inside = format!("{key}/");
            let groups: Vec<String> =
                self.container_groups.within(&inside).map(|(key, _)| key.clone()).collect();
            for group in groups {
                self.drop_container_group(&group);
            }
            let others: Vec<String> = self.resources.within(&inside).map(|(key, _)| key.clone()).collect();
            for other in others {
                self.resources.remove(&other);
            }
            self.resource_groups.remove(&key);
        }
    }
}

/// The rule of "Naming rules and restrictions for Azure resources".
fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_alphanumeric() || "-._()".contains(c);
    if name.chars().count() <= 90 && name.chars().all(allowed) && !name.ends_with('.') {
        return Ok(());
    }
    Err(Refusal::InvalidResourceGroupName(name.to_owned()))
}
