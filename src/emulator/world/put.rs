//! PUT of a container group: creation, update, deployment as new.
//!
//! It is judged twice: when it comes, so that a refused one asks no registry, and again when the images are known,
//! because the world has gone on meanwhile. Nothing is kept before the second judgement.

use std::collections::{BTreeMap, BTreeSet};

use super::body::{self, Object, Wish};
use super::container_group::{ContainerGroup, Provisioning};
use super::group_requests::{operation_url, stale, version};
use super::live::{self, Asked};
use super::path::ResourceName;
use super::rates::Kind;
use super::refusal::Refusal;
use super::switches::OnTerminated;
use super::tags::{self, Tags};
use super::{World, check, dns, identity, lifecycle, reply, secrets, source, update, view};
use crate::contract::{Fact, ImageSource, Reply, Request, SandboxId};

/// A PUT that waits for what its images are.
#[derive(Clone)]
pub(crate) struct Put {
    name: ResourceName,
    location: String,
    spelled_location: Option<String>,
    tags: Option<Tags>,
    sent: Wish,
    sources: Vec<ImageSource>,
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

    /// The region that it is for.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// The images that must be known before it can be carried out; none where no container starts anew.
    pub(crate) fn sources(&self) -> &[ImageSource] {
        &self.sources
    }
}

impl World {
    /// Reads and judges a PUT.
    pub(crate) fn read_put(&self, name: &ResourceName, request: &Request) -> Result<Put, Refusal> {
        self.open_group(&name.group)?;
        let body = body::object(&request.body)?;
        let mut put = Put {
            name: name.clone(),
            location: body::location(&body)?,
            spelled_location: body::spelled_location(&body),
            tags: tags::read(body.get("tags"))?,
            sent: body::wish(&body, self.switches.unknown_properties)?,
            sources: Vec::new(),
            version: version(request),
            origin: request.origin.clone(),
        };
        if let Asked::Deployment(wish) = self.judge(&put)? {
            let secrets = secrets::resolved(&wish.properties, &self.switches);
            put.sources = source::sources(&wish.properties, &secrets);
        }
        Ok(put)
    }

    /// What a PUT comes to in the world as it is now.
    fn judge(&self, put: &Put) -> Result<Asked, Refusal> {
        let Put { name, location, tags, sent, .. } = put;
        self.open_group(&name.group)?;
        let live = self.container_groups.get(&name.key());
        let asked = match live {
            None => Asked::Deployment(body::completed(sent)),
            Some(live) => self.asked(live, sent, tags),
        };
        let gpus = put.version.as_str() < "2025";
        let scene = check::Scene { group: &name.name, location, windows: self.windows, gpus };
        check::check(scene, asked.wish())?;
        if let Some(live) = live {
            self.admit(live, location, asked.wish())?;
        }
        self.admit_to_region(name, location, &asked.wish().properties)?;
        Ok(asked)
    }

    /// What a PUT asks of a live group: one that no longer runs, or never came to, can only be deployed.
    fn asked(&self, live: &ContainerGroup, sent: &Wish, tags: &Option<Tags>) -> Asked {
        let asked = live::asked(&live.wish(), sent);
        let over = live.stopped || live.has_ended() || live.provisioning == Provisioning::Failed;
        let only_tags = *asked.wish() == live.wish() && *tags != live.tags;
        match asked {
            Asked::Live(wish) if over => Asked::Deployment(wish),
            Asked::Deployment(wish) if only_tags && !over && !self.switches.put_tags_restart => {
                Asked::Live(wish)
            }
            asked => asked,
        }
    }

    /// Whether a live group takes this wish now.
    fn admit(&self, live: &ContainerGroup, location: &str, wish: &Wish) -> Result<(), Refusal> {
        if live.location != location {
            return Err(Refusal::InvalidResourceLocation {
                name: live.name.clone(),
                group: live.resource_group.clone(),
                live: live.location.clone(),
                sent: location.to_owned(),
            });
        }
        if live.is_transitioning() || live.provisioning == Provisioning::Updating {
            return Err(Refusal::Transitioning(live.name.clone()));
        }
        let switch =
            if live.stopped { self.switches.put_on_stopped } else { self.switches.put_on_terminated };
        if switch == OnTerminated::Refuse && (live.stopped || live.has_ended()) {
            return Err(Refusal::Terminated(live.name.clone()));
        }
        update::check(&live.name, &live.wish(), wish)
    }

    /// Carries a PUT out, now that its images are known.
    pub(crate) fn finish_put(&mut self, put: Put, fact: &Fact) -> Result<Reply, Refusal> {
        match fact {
            Fact::ImagesFound => {}
            Fact::ImageMissing { image, .. } => {
                let (image, group) = (image.clone(), put.name.name);
                return Err(Refusal::InaccessibleImage { image, group });
            }
            Fact::RegistryFailed { server, .. } => return Err(Refusal::RegistryError(server.clone())),
        }
        let asked = self.judge(&put)?;
        let key = put.name.key();
        let live = self.container_groups.get(&key).cloned();
        let status = if live.is_some() { 200 } else { 201 };
        let mut group = live.clone().unwrap_or_else(|| self.new_group(&put));
        if live.is_some() && self.switches.put_writes_tags {
            group.tags.clone_from(&put.tags);
        }
        match asked {
            Asked::Live(wish) => {
                lifecycle::configure(&mut group, wish, &mut self.commands);
            }
            Asked::Deployment(wish) => self.deploy(&put.name, &mut group, live.as_ref(), wish),
        }
        let answer = reply::json(status, view::full(&group, &put.version));
        let (id, location) = (group.id.clone(), group.location.clone());
        self.container_groups.insert(key.clone(), group);
        let operation = self.begin_operation(&key, &id, &put.version);
        self.settle(&key);
        let subscription = &put.name.group.subscription;
        let answer = self.counted(answer, subscription, &location, Kind::Write);
        let url = operation_url(&put.origin, subscription, &location, "operations", &operation);
        let answer = reply::with(answer, "Azure-AsyncOperation", url);
        Ok(reply::with(answer, "x-ms-request-id", format!("{location}:{operation}")))
    }

    /// Gives a group a wish and deploys it.
    fn deploy(
        &mut self,
        name: &ResourceName,
        group: &mut ContainerGroup,
        live: Option<&ContainerGroup>,
        wish: Wish,
    ) {
        let sandbox = self.ids.sandbox();
        let running = live.is_some_and(|live| !live.stopped && !live.has_ended());
        let state = if running { Provisioning::Updating } else { Provisioning::Pending };
        group.stale = live.and_then(|live| stale(live, self.switches.stale_reads));
        group.take(wish);
        if self.switches.dns_scope_echo {
            dns::say_scope(&mut group.properties);
        }
        group.secrets = secrets::resolved(&group.properties, &self.switches);
        let system = identity::is_system(group);
        group.principal =
            group.principal.take().filter(|_| system).or_else(|| system.then(|| self.ids.guid()));
        group.dns_hash = dns::hash(name, &group.properties, live, &mut self.ids);
        let private = group.properties.get("ipAddress").map(|address| address["type"] == "Private");
        group.address = match (private, group.address.take()) {
            (None, _) => None,
            (Some(_), Some(address)) if running => Some(address),
            (Some(true), _) => Some(self.ids.private_address()),
            (Some(false), _) => Some(self.ids.address()),
        };
        lifecycle::deploy(group, sandbox, state, self.now, &mut self.commands);
    }

    /// A group of which nothing is deployed yet.
    fn new_group(&self, put: &Put) -> ContainerGroup {
        let name = self.spelled(&put.name);
        ContainerGroup {
            id: name.to_string(),
            name: name.name,
            resource_group: name.group.name,
            location: put.location.clone(),
            spelled_location: put.spelled_location.clone(),
            tags: put.tags.clone(),
            properties: Object::new(),
            identity: None,
            principal: None,
            zones: None,
            beside: Object::new(),
            secrets: BTreeMap::new(),
            dns_hash: None,
            provisioning: Provisioning::Pending,
            since: self.now,
            stopped: false,
            address: None,
            sandbox: SandboxId(0),
            alive: BTreeSet::new(),
            next: None,
            containers: BTreeMap::new(),
            stale: None,
        }
    }
}
