//! A container group as it is kept, and what of it is in progress.
//!
//! The wish (`properties`) and the facts (`containers`, `provisioning`) stand side by side; only the life cycle moves
//! the facts, only a PUT replaces the wish. `Debug` shows neither the wish nor the commands made of it: secrets are in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{Object, Wish};
use super::happening::Happening;
use super::ids::hash_for;
use super::lifecycle;
use super::shelf::Shelved;
use super::tags::Tags;
use crate::contract::{Probe, SandboxId};

/// A container group.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContainerGroup {
    /// Its id in the case of its creation.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) resource_group: String,
    pub(crate) location: String,
    /// The location as it was sent, where that is another spelling: it is shown so (azure-sdk-for-net,
    /// ContainerGroupsStartRestartStopTest).
    #[serde(default)]
    pub(crate) spelled_location: Option<String>,
    pub(crate) tags: Option<Tags>,
    /// The properties as sent, brought to the form that is kept; secrets included.
    pub(crate) properties: Object,
    /// The identity as sent.
    #[serde(default)]
    pub(crate) identity: Option<Value>,
    /// The principal of the identity that the service made.
    #[serde(default)]
    pub(crate) principal: Option<String>,
    #[serde(default)]
    pub(crate) zones: Option<Value>,
    /// What was sent beside the properties and is known to nothing here.
    #[serde(default)]
    pub(crate) beside: Object,
    /// What the references to secrets resolved to at the last deployment, by their names.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    /// What stands behind the DNS label where its reuse is limited.
    #[serde(default)]
    pub(crate) dns_hash: Option<String>,
    pub(crate) provisioning: Provisioning,
    /// When the provisioning under way began.
    pub(crate) since: Timestamp,
    /// A client stopped it.
    pub(crate) stopped: bool,
    pub(crate) address: Option<String>,
    pub(crate) sandbox: SandboxId,
    /// The containers that may run in the sandbox.
    pub(crate) alive: BTreeSet<String>,
    /// The deployment that follows as soon as the sandbox's containers have ended.
    pub(crate) next: Option<Next>,
    pub(crate) containers: BTreeMap<String, Container>,
    /// The instance views that some more GETs will still show.
    pub(crate) stale: Option<Stale>,
}

impl fmt::Debug for ContainerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerGroup")
            .field("id", &self.id)
            .field("provisioning", &self.provisioning)
            .field("containers", &self.containers)
            .finish_non_exhaustive()
    }
}

/// A deployment that waits for the old containers to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Next {
    pub(crate) sandbox: SandboxId,
    /// When it begins in any case.
    pub(crate) by: Timestamp,
    /// How many requests asked for the end of the old ones.
    pub(crate) kills: u32,
}

/// An instance view that is no longer true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stale {
    pub(crate) reads: u32,
    pub(crate) group: Value,
    pub(crate) containers: BTreeMap<String, Value>,
}

/// How far the last deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Provisioning {
    Pending,
    Creating,
    Updating,
    Succeeded,
    Failed,
}

/// One container of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Container {
    pub(crate) phase: Phase,
    /// Whether its process ran in this deployment.
    pub(crate) started: bool,
    pub(crate) restarts: u32,
    /// Ends in a row, which set the length of the next back-off.
    pub(crate) failures: u32,
    pub(crate) current: Option<State>,
    pub(crate) previous: Option<State>,
    pub(crate) events: Vec<Happening>,
    /// What happened to it before it was started again; shown again as soon as its image is here.
    #[serde(default)]
    pub(crate) earlier: Vec<Happening>,
    /// Its probes, as long as it runs.
    #[serde(default)]
    pub(crate) watches: BTreeMap<Probe, Watch>,
    /// Its liveness probe has ended it.
    #[serde(default)]
    pub(crate) unwell: bool,
}

/// How a probe of a running container stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// When to look next; none while the runtime looks, or where it is over.
    pub(crate) next: Option<Timestamp>,
    /// When it last began to look.
    pub(crate) looked: Option<Timestamp>,
    /// Bad looks in a row.
    pub(crate) bad: u32,
}

impl Container {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Pulling,
            started: false,
            restarts: 0,
            failures: 0,
            current: None,
            previous: None,
            events: Vec::new(),
            earlier: Vec::new(),
            watches: BTreeMap::new(),
            unwell: false,
        }
    }
}

/// What a container waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// For the init containers before it.
    Held,
    /// For its image.
    Pulling,
    /// For its process.
    Starting,
    /// For its process to end.
    Running,
    /// For the time to try again: to pull where it never had its image, else to start.
    BackOff { until: Timestamp, pulled: bool },
    /// For nothing.
    Ended,
}

/// A state as the instance view shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    Waiting {
        detail: String,
    },
    Running {
        start: Timestamp,
    },
    Terminated {
        /// Not shown where a client stopped the container (azure-powershell, Stop-AzContainerGroup).
        start: Option<Timestamp>,
        finish: Timestamp,
        code: Option<i32>,
        detail: String,
    },
}

/// What becomes of containers that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// What a container group is found by beside its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Where its containers run.
    Sandbox(SandboxId),
    /// The whole DNS name that it holds.
    Name(String),
}

/// It is due when its life goes on by itself.
impl Shelved for ContainerGroup {
    type Mark = Mark;

    fn due(&self) -> Option<Timestamp> {
        lifecycle::due(self)
    }

    fn marks(&self) -> Vec<Mark> {
        let name = self.fqdn().map(Mark::Name);
        std::iter::once(Mark::Sandbox(self.sandbox)).chain(name).collect()
    }
}

impl ContainerGroup {
    /// What it is to be.
    pub(crate) fn wish(&self) -> Wish {
        let Self { properties, identity, zones, beside, .. } = self;
        Wish {
            properties: properties.clone(),
            identity: identity.clone(),
            zones: zones.clone(),
            beside: beside.clone(),
        }
    }

    /// Makes it what a wish says.
    pub(crate) fn take(&mut self, wish: Wish) {
        Wish {
            properties: self.properties,
            identity: self.identity,
            zones: self.zones,
            beside: self.beside,
        } = wish;
    }

    /// The policy; Always where none was sent ("Run containerized tasks with restart policies").
    pub(crate) fn policy(&self) -> RestartPolicy {
        match self.properties.get("restartPolicy").and_then(Value::as_str) {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        }
    }

    /// The containers of the wish: name and properties.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.named("containers")
    }

    /// The init containers of the wish, in the order in which they run.
    pub(crate) fn inits(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.named("initContainers")
    }

    /// The id of a container's process as events name it.
    pub(crate) fn process_id(&self, name: &str) -> String {
        hash_for(&format!("{} {name} {}", self.id, self.sandbox.0))
    }

    fn named(&self, list: &str) -> impl Iterator<Item = (&str, &Value)> {
        let containers = self.properties.get(list).and_then(Value::as_array);
        containers
            .into_iter()
            .flatten()
            .filter_map(|container| Some((container["name"].as_str()?, &container["properties"])))
    }

    /// Whether an init container has this name.
    pub(crate) fn is_init(&self, name: &str) -> bool {
        self.inits().any(|(init, _)| init == name)
    }

    /// Whether an init container ended for good without success: then no container of the group will start.
    pub(crate) fn init_failed(&self) -> bool {
        self.inits().filter_map(|(name, _)| self.containers.get(name)).any(|init| {
            init.phase == Phase::Ended
                && matches!(init.current, Some(State::Terminated { code: Some(code), .. }) if code != 0)
        })
    }

    /// The DNS label, in lower case.
    pub(crate) fn dns_label(&self) -> Option<String> {
        let label = self.properties.get("ipAddress")?.get("dnsNameLabel")?.as_str()?;
        Some(label.to_lowercase())
    }

    /// The whole name at which its address is found. Where reuse of the label is limited, a hash stands behind the label
    /// (Azure's page "Deploy an Azure Container Instance that mitigates DNS reuse").
    pub(crate) fn fqdn(&self) -> Option<String> {
        let label = self.dns_label()?;
        let hash = self.dns_hash.as_ref().map(|hash| format!(".{hash}")).unwrap_or_default();
        Some(format!("{label}{hash}.{}.azurecontainer.io", self.location))
    }

    /// Whether a deployment is under way and nothing went wrong with it so far. Once something did, the group
    /// can be stopped, replaced and deleted, or nobody could get rid of a task that cannot start.
    pub(crate) fn is_transitioning(&self) -> bool {
        let moving = matches!(self.provisioning, Provisioning::Pending | Provisioning::Creating);
        let stuck = self.containers.values().any(|c| matches!(c.phase, Phase::BackOff { .. }));
        moving && !stuck
    }

    /// The state of the group: `Pending`, `Running`, `Stopped`, `Succeeded` or `Failed`
    /// (Azure's page "Azure Container Instances states").
    pub(crate) fn state(&self) -> &'static str {
        if self.stopped {
            return "Stopped";
        }
        if self.init_failed() {
            return "Failed";
        }
        let mut pending = false;
        let mut failed = false;
        for (_, container) in self.containers.iter().filter(|(name, _)| !self.is_init(name)) {
            match (&container.current, &container.previous) {
                (Some(State::Running { .. }), _) | (Some(State::Waiting { .. }), Some(_)) => {
                    return "Running";
                }
                (Some(State::Terminated { code, .. }), _) => failed |= *code != Some(0),
                (None | Some(State::Waiting { .. }), _) => pending = true,
            }
        }
        match (pending, failed) {
            (true, _) => "Pending",
            (false, true) => "Failed",
            (false, false) => "Succeeded",
        }
    }

    /// Whether all its containers ended by themselves.
    pub(crate) fn has_ended(&self) -> bool {
        !self.stopped && self.containers.values().all(|c| c.phase == Phase::Ended)
    }
}
