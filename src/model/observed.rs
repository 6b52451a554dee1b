//! What Azure Resource Manager shows now, ours and foreign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::model::group::Group;
use crate::model::name::{GroupId, Name, Owner};
use crate::model::secret::Mark;
use crate::model::tag::{OWNER, Tags, lookup};

/// Everything that was read before planning.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Every resource group of the subscription, or those that could be seen.
    pub resource_groups: BTreeMap<Name, SeenResourceGroup>,
    /// Every container group of the subscription, or those that could be seen.
    pub groups: BTreeMap<GroupId, SeenGroup>,
    /// What could not be seen, for people.
    pub unseen: Vec<String>,
    /// The service's time when it was read; for people only.
    pub now: Option<Timestamp>,
    /// Declared groups, by their manifests' names, about which nothing is to be done or said: found when it was asked what
    /// else is to be read, for the same stack and request, and not read again since. They are not compared twice.
    pub settled: BTreeSet<Name>,
}

/// A resource group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenResourceGroup {
    /// Its name.
    pub name: Name,
    /// Its region, lower case without spaces.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// How far its last change has come.
    pub provisioning: Provisioning,
    /// Everything in it; read only where it is to be deleted.
    pub resources: Option<Vec<SeenResource>>,
}

/// Any resource in a resource group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenResource {
    /// Its type, such as `Microsoft.Storage/storageAccounts`.
    pub kind: String,
    /// Its name.
    pub name: Name,
    /// Its tags.
    pub tags: Tags,
}

/// A container group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGroup {
    /// Where it stands.
    pub id: GroupId,
    /// Its region, lower case without spaces.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// Its properties; absent where they could not be understood, which only a foreign group's may be.
    pub group: Option<Box<Group<Mark>>>,
    /// How far its last change has come.
    pub provisioning: Provisioning,
    /// What its containers do; a list does not show it.
    pub view: Option<View>,
    /// Its address.
    pub ip: Option<String>,
    /// Its DNS name.
    pub fqdn: Option<String>,
}

/// `provisioningState`: how far the last change of a resource has come. It says nothing about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provisioning {
    /// Done.
    Succeeded,
    /// Given up, for now.
    Failed,
    /// Anything else: under way, with the service's word for it.
    Moving(String),
}

impl Provisioning {
    /// Reads the service's word, without regard to case.
    pub fn read(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" | "canceled" => Self::Failed,
            _ => Self::Moving(word.to_owned()),
        }
    }

    /// Whether nothing is under way.
    pub fn settled(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed => true,
            Self::Moving(_) => false,
        }
    }
}

impl fmt::Display for Provisioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Moving(word) => word,
        })
    }
}

/// `instanceView` of a group with those of its containers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct View {
    /// The group's state in the service's word: Running, Stopped, Pending, Succeeded, Failed.
    pub state: String,
    /// By container.
    pub containers: BTreeMap<Name, ContainerView>,
}

/// What a container does and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ContainerView {
    /// How often the platform restarted it.
    pub restart_count: u32,
    /// What it does now; absent before it was first tried.
    pub current: Option<ContainerState>,
    /// What it did before.
    pub previous: Option<ContainerState>,
    /// What happened, as the service tells it.
    pub events: Vec<ContainerEvent>,
}

/// A state of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    /// Which state.
    pub phase: Phase,
    /// When it started, by the service's clock.
    pub start_time: Option<Timestamp>,
    /// When it ended, by the service's clock.
    pub finish_time: Option<Timestamp>,
    /// Its exit code; may be absent even where it ended.
    pub exit_code: Option<i32>,
    /// The service's word about it: `Completed`, `Error`, `CrashLoopBackOff: …`.
    pub detail: String,
}

/// The state of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not yet, or not again.
    Waiting,
    /// Alive.
    Running,
    /// Ended.
    Terminated,
    /// A word that the service did not use before.
    Other(String),
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "Waiting",
            Self::Running => "Running",
            Self::Terminated => "Terminated",
            Self::Other(word) => word,
        })
    }
}

/// An event of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEvent {
    /// `Pulling`, `Started`, `Killing`, `Failed`, …
    pub name: String,
    /// What happened.
    pub message: String,
    /// Whether the service calls it a warning.
    pub warning: bool,
    /// How often it happened.
    pub count: u32,
    /// When it last happened.
    pub last: Option<Timestamp>,
}

impl ContainerView {
    /// When the container last started, by the service's clock.
    pub fn start_time(&self) -> Option<Timestamp> {
        let of = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.start_time);
        of(&self.current).or_else(|| of(&self.previous))
    }
}

impl SeenGroup {
    /// Whether the group carries the tag of this owner.
    pub fn belongs_to(&self, owner: &Owner) -> bool {
        lookup(&self.tags, OWNER) == Some(owner.as_str())
    }

    /// The state of one container.
    pub fn container(&self, name: &str) -> Option<&ContainerView> {
        self.view.as_ref().and_then(|view| view.containers.get(&Name::from(name)))
    }

    /// When the container last started, by the service's clock.
    ///
    /// A stop from outside leaves no start time on the ended state, only on the one before it, as the recording of
    /// Stop-AzContainerGroup in azure-powershell shows.
    pub fn start_time(&self, container: &str) -> Option<Timestamp> {
        self.container(container).and_then(ContainerView::start_time)
    }
}

/// How much of a quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What counts towards it now.
    pub used: i64,
    /// What the subscription may have.
    pub limit: i64,
}

/// The quotas of a region, by their names in lower case.
pub type Usages = BTreeMap<String, Usage>;
