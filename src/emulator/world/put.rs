//! PUT of a container group: creation, update, deployment as new.
//!
//! It is judged twice: when it comes, so that a refused one asks no registry, and again when the image is known,
//! because the world has gone on meanwhile. Nothing is kept before the second judgement.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::body::{self, Object};
use super::container_group::{ContainerGroup, Provisioning};
use super::group_requests::{operation_url, stale, version};
use super::path::ResourceName;
use super::rates::Kind;
use super::refusal::Refusal;
use super::switches::OnTerminated;
use super::tags::{self, Tags};
use super::{World, check, lifecycle, reply, update, view};
use crate::contract::{Fact, Reply, Request, SandboxId};

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
        f.debug_struct("Put").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Put {
    /// The subscription that it is in, in lower case.
    pub(crate) fn subscription(&self) -> String {
        self.name.group.subscription.to_lowercase()
    }

    /// The image that must be known before it can be carried out.
    pub(crate) fn image(&self) -> &str {
        &self.image
    }
}

impl World {
    /// Reads and judges a PUT.
    pub(crate) fn read_put(&self, name: &ResourceName, request: &Request) -> Result<Put, Refusal> {
        self.open_group(&name.group)?;
        let body = body::object(&request.body)?;
        let location = body::location(&body)?;
        let tags = tags::read(body.get("tags"))?;
        let Some(Value::Object(properties)) = body.get("properties") else {
            return Err(Refusal::InvalidContent("properties is missing".to_owned()));
        };
        let properties = body::normalised(properties.clone());
        check::check(&name.name, &body, &properties)?;
        let container = properties.get("containers").and_then(|containers| containers.get(0));
        let image = container.and_then(|c| c["properties"]["image"].as_str()).unwrap_or_default();
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
        let Put { name, location, properties, .. } = put;
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
        self.admit_to_region(name, location, properties)
    }

    /// Carries a PUT out, now that its image is known.
    pub(crate) fn finish_put(&mut self, put: Put, fact: &Fact) -> Result<Reply, Refusal> {
        if let Fact::ImageMissing { image, .. } = fact {
            let (image, group) = (image.clone(), put.name.name);
            return Err(Refusal::InaccessibleImage { image, group });
        }
        self.admit(&put)?;
        let Put { name, location, tags, properties, version, origin, .. } = put;
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
                let state = if over { Provisioning::Pending } else { Provisioning::Updating };
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
        let answer = reply::json(status, view::full(&group, &version));
        let (id, location) = (group.id.clone(), group.location.clone());
        self.container_groups.insert(key.clone(), group);
        let operation = self.begin_operation(&key, &id);
        let subscription = &name.group.subscription;
        let answer = self.counted(answer, subscription, &location, Kind::Write);
        let url = operation_url(&origin, subscription, &location, "operations", &operation);
        let answer = reply::with(answer, "Azure-AsyncOperation", url);
        Ok(reply::with(answer, "x-ms-request-id", format!("{location}:{operation}")))
    }

    fn new_group(
        &self,
        name: &ResourceName,
        location: String,
        tags: Option<Tags>,
        properties: Object,
        sandbox: SandboxId,
    ) -> ContainerGroup {
        let name = self.spelled(name);
        ContainerGroup {
            id: name.to_string(),
            name: name.name,
            resource_group: name.group.name,
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
}
