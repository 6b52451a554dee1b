//! Requests on container groups: PUT, GET, PATCH, DELETE and the lists.
//!
//! A PUT is judged twice: when it comes, so that a refused one asks no registry, and again when the image is known,
//! because the world has gone on meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::body::{self, Object};
use super::container_group::{ContainerGroup, Provisioning, Stale};
use super::path::{GroupName, ResourceName};
use super::refusal::Refusal;
use super::resource::not_found;
use super::switches::OnTerminated;
use super::tags::{self, Tags};
use super::{World, check, lifecycle, page, reply, update, view};
use crate::contract::{Command, Fact, Reply, Request, SandboxId};

/// A PUT that waits for what its image is.
#[derive(Clone)]
pub(crate) struct Put {
    name: ResourceName,
    location: String,
    tags: Option<Tags>,
    properties: Object,
    image: String,
    version: String,
    origin: String,
}

/// Shows the name only: the properties hold secrets.
impl std::fmt::Debug for Put {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Put")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Put {
    /// The image that must be known before it can be carried out.
    pub(crate) fn image(&self) -> &str {
        &self.image
    }
}

impl World {
    /// The container group, where it exists.
    pub(crate) fn container_group(&self, name: &ResourceName) -> Result<&ContainerGroup, Refusal> {
        self.resource_group(&name.group)?;
        self.container_groups
            .get(&name.key())
            .ok_or_else(|| not_found(name))
    }

    /// Reads and judges a PUT.
    pub(crate) fn read_put(&self, name: &ResourceName, request: &Request) -> Result<Put, Refusal> {
        let body = body::object(&request.body)?;
        let location = body::location(&body)?;
        let tags = tags::read(body.get("tags"))?;
        let Some(Value::Object(properties)) = body.get("properties") else {
            return Err(Refusal::InvalidContent("properties is missing".to_owned()));
        };
        let properties = body::normalised(properties.clone());
        check::check(&name.name, &body, &properties)?;
        let image = properties["containers"][0]["properties"]["image"]
            .as_str()
            .unwrap_or_default();
        let put = Put {
            name: name.clone(),
            location,
            tags,
            image: image.to_owned(),
            properties,
            version: version(request),
            origin: request.origin.clone(),
        };
        self.admit(&put)?;
        Ok(put)
    }

    /// Whether a PUT fits the world as it is now.
    fn admit(&self, put: &Put) -> Result<(), Refusal> {
        let Put {
            name,
            location,
            properties,
            ..
        } = put;
        self.open_group(&name.group)?;
        let key = name.key();
        if let Some(live) = self.container_groups.get(&key) {
            if live.location != *location {
                return Err(Refusal::InvalidResourceLocation {
                    name: live.name.clone(),
                    group: live.resource_group.clone(),
                    live: live.location.clone(),
                    sent: location.clone(),
                });
            }
            if live.is_transitioning() || live.provisioning == Provisioning::Updating {
                return Err(Refusal::Transitioning(live.name.clone()));
            }
            let refuse = self.switches.put_on_terminated == OnTerminated::Refuse;
            if refuse && (live.stopped || live.has_ended()) {
                return Err(Refusal::Terminated(live.name.clone()));
            }
            update::check(&live.name, &live.properties, properties)?;
        }
        let label = properties
            .get("ipAddress")
            .and_then(|a| a["dnsNameLabel"].as_str());
        if let Some(label) = label {
            let taken = self.container_groups.iter().any(|(other, group)| {
                *other != key
                    && group.location == *location
                    && group.dns_label().as_deref() == Some(label)
            });
            if taken {
                let (label, group) = (label.to_owned(), name.name.clone());
                return Err(Refusal::DnsNameLabelNotAvailable { label, group });
            }
        }
        Ok(())
    }

    /// Carries a PUT out, now that its image is known.
    pub(crate) fn finish_put(&mut self, put: Put, fact: &Fact) -> Result<Reply, Refusal> {
        if let Fact::ImageMissing { .. } = fact {
            let (image, group) = (put.image, put.name.name);
            return Err(Refusal::InaccessibleImage { image, group });
        }
        self.admit(&put)?;
        let Put {
            name,
            location,
            tags,
            properties,
            version,
            origin,
            ..
        } = put;
        let key = name.key();
        let sandbox = self.ids.sandbox();
        let (status, state, mut group) = match self.container_groups.get(&key) {
            None => {
                let group = self.new_group(&name, location, tags, properties, sandbox);
                (201, Provisioning::Pending, group)
            }
            Some(live) => {
                let mut group = live.clone();
                group.properties = properties;
                if self.switches.put_writes_tags {
                    group.tags = tags;
                }
                let over = group.stopped || group.has_ended();
                let state = if over {
                    Provisioning::Pending
                } else {
                    Provisioning::Updating
                };
                group.stale = stale(live, self.switches.stale_reads);
                (200, state, group)
            }
        };
        let has_address = group.properties.contains_key("ipAddress");
        if !has_address {
            group.address = None;
        } else if state == Provisioning::Pending || group.address.is_none() {
            group.address = Some(self.ids.address());
        }
        lifecycle::deploy(&mut group, sandbox, state, self.now, &mut self.commands);
        let answer = reply::counted(reply::json(status, view::full(&group, &version)));
        let (id, location) = (group.id.clone(), group.location.clone());
        self.container_groups.insert(key.clone(), group);
        let operation = self.begin_operation(&key, &id);
        let subscription = &name.group.subscription;
        let url = operation_url(&origin, subscription, &location, "operations", &operation);
        let answer = reply::with(answer, "Azure-AsyncOperation", url);
        Ok(reply::with(
            answer,
            "x-ms-request-id",
            format!("{location}:{operation}"),
        ))
    }

    fn new_group(
        &self,
        name: &ResourceName,
        location: String,
        tags: Option<Tags>,
        properties: Object,
        sandbox: SandboxId,
    ) -> ContainerGroup {
        let home = self.resource_groups.get(&name.group.key());
        let resource_group = home.map_or(name.group.name.clone(), |group| group.name.clone());
        ContainerGroup {
            id: name.to_string(),
            name: name.name.clone(),
            resource_group,
            location,
            tags,
            properties,
            provisioning: Provisioning::Pending,
            since: self.now,
            stopped: false,
            address: None,
            sandbox,
            alive: BTreeSet::new(),
            next: None,
            containers: BTreeMap::new(),
            stale: None,
        }
    }

    pub(crate) fn get_container_group(
        &mut self,
        name: &ResourceName,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let group = self.container_group(name)?;
        let answer = reply::json(200, view::full(group, &version(request)));
        if group.stale.is_some()
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
        self.container_group(name)?;
        self.open_group(&name.group)?;
        let body = body::object(&request.body)?;
        let tags = tags::read(body.get("tags"))?;
        if body.get("zones").is_some_and(|zones| !zones.is_null()) {
            return Err(Refusal::NotImplemented("zones".to_owned()));
        }
        let group = self
            .container_groups
            .get_mut(&name.key())
            .ok_or_else(|| not_found(name))?;
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
            return Ok(reply::counted(reply::empty(204)));
        };
        if group.is_transitioning() {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        let last = view::full(group, &version(request));
        self.drop_container_group(&key);
        Ok(reply::counted(reply::json(200, last)))
    }

    /// Removes a container group with its containers, gently.
    pub(crate) fn drop_container_group(&mut self, key: &str) {
        let Some(group) = self.container_groups.remove(key) else {
            return;
        };
        if !group.alive.is_empty() {
            self.commands.push(Command::Stop {
                sandbox: group.sandbox,
            });
        }
        self.commands.push(Command::Discard {
            sandbox: group.sandbox,
        });
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
        self.list_groups_within(
            &format!("/subscriptions/{}/", subscription.to_lowercase()),
            request,
        )
    }

    fn list_groups_within(&self, prefix: &str, request: &Request) -> Result<Reply, Refusal> {
        let version = version(request);
        let groups = self.container_groups.within(prefix);
        let shown = groups.map(|(key, group)| (key, view::listed(group, &version)));
        Ok(reply::json(200, page::page(request, page::PAGE, shown)?))
    }
}

/// The view that some more GETs will show; none where the switch says so.
pub(crate) fn stale(group: &ContainerGroup, reads: u32) -> Option<Stale> {
    let (view, containers) = view::instance_views(group);
    (reads > 0).then_some(Stale {
        reads,
        group: view,
        containers,
    })
}

/// The version that a request names.
pub(crate) fn version(request: &Request) -> String {
    request
        .query
        .get("api-version")
        .cloned()
        .unwrap_or_default()
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
