//! What is to be done, and why: sealed steps that leave no choice to whoever carries them out.
//!
//! Pure. A [`Plan`] is made only by [`Plan::seal`], which checks its laws. Reasons, impacts and notes are for people;
//! nothing branches on them. The plan of the whole stack is made by [`reconcile::reconcile`].

pub mod applied;
pub mod diff;
pub mod fingerprint;
pub mod frontier;
pub mod guard;
pub mod input;
pub mod judge;
pub mod naming;
pub mod pending;
pub mod reconcile;
pub mod room;
pub mod secrets;
pub mod shape;
pub mod tags;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::model::effect::{Effect, Field};
use crate::model::graph;
use crate::model::group::Group;
use crate::model::name::{GroupId, Name};
use crate::model::quantity::Period;
use crate::model::record::{Done, InputDigest, Record};
use crate::model::secret::SecretSource;
use crate::model::stack::{Concurrency, Interrupted, Retries, RunValue};
use crate::model::tag::Tags;
use crate::plan::applied::Origin;

/// A step's place in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StepId(pub usize);

/// One action on one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the plan.
    pub id: StepId,
    /// What it acts on.
    pub subject: Subject,
    /// What it does.
    pub action: Action,
    /// What must have been done before.
    pub needs: BTreeSet<StepId>,
    /// What must hold just before it acts.
    pub guard: Guard,
    /// Why it is there.
    pub reason: Reason,
    /// The differences that it removes.
    pub changes: Vec<Change>,
    /// What it costs those who use the thing.
    pub impacts: Vec<Impact>,
}

/// What a step acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Subject {
    /// A resource group.
    ResourceGroup(Name),
    /// A container group.
    Group(GroupId),
    /// A task run.
    Run(Name),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Creates a resource group.
    CreateResourceGroup {
        /// Its region.
        location: String,
        /// Its tags, bookkeeping included.
        tags: Tags,
    },
    /// Sets and removes tags of a resource group.
    TagResourceGroup(TagEdit),
    /// Deletes a resource group in which nothing of anybody else is.
    DeleteResourceGroup,
    /// Creates a container group.
    CreateGroup(Box<Deployment>),
    /// Replaces the properties of a container group by a PUT, which restarts its containers.
    UpdateGroup(Box<Deployment>, TagEdit),
    /// Sets and removes tags of a container group.
    TagGroup(TagEdit),
    /// Deletes a container group.
    DeleteGroup {
        /// Whether the group is created again by a later step.
        replaced: bool,
    },
    /// Starts a stopped container group.
    StartGroup,
    /// Stops a running container group.
    StopGroup,
    /// Runs a task.
    Run(Box<Run>),
}

/// Tags to set and to remove, by a merge that leaves all others alone.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TagEdit {
    /// To set.
    pub set: Tags,
    /// To remove.
    pub remove: BTreeSet<String>,
}

impl TagEdit {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

/// A container group as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Its region.
    pub location: String,
    /// Its tags, bookkeeping included.
    pub tags: Tags,
    /// Its properties.
    pub group: Group<SecretSource>,
}

/// A task run as it is to be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The TaskRun.
    pub name: Name,
    /// The resource group in whose tags the record stands.
    pub ledger: Name,
    /// The record that was read when planning; another one just before the run makes the step stale.
    pub recorded: Option<Record>,
    /// The group that it runs in; of an ephemeral run the group of its first attempt, after which [`naming`] names the
    /// others.
    pub group: GroupId,
    /// The container whose exit decides.
    pub container: String,
    /// What goes into it.
    pub input: InputDigest,
    /// How it begins.
    pub begin: Begin,
    /// What becomes of the group afterwards.
    pub finish: Finish,
    /// How long each attempt may take.
    pub timeout: Option<Period>,
    /// How often it is tried again.
    pub retries: Retries,
    /// What a further attempt of an ephemeral run that was begun before is made from; absent where there is none.
    pub again: Option<Box<Deployment>>,
    /// What to do where somebody else has started the group.
    pub concurrency: Concurrency,
    /// What is done with it once it has begun.
    pub course: Course,
}

/// What is done with a run once it has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub enum Course {
    /// It is followed to its end.
    #[default]
    Follow,
    /// It is left to itself.
    Leave,
    /// It is ended.
    Cancel,
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Begin {
    /// A command is executed in the running container.
    Exec(Exec),
    /// The group is created, which starts it; the intent is in the tags of the PUT.
    Create(Box<Deployment>),
    /// The group is deleted and created, which starts it.
    Replace(Box<Deployment>),
    /// The group is stopped if it is not, then started.
    Start {
        /// An open run of which it is not known whether the start was made: if the container has started since, it is followed.
        resume: Option<Record>,
    },
    /// A run that was begun before is followed to its end.
    Adopt(Record),
    /// A group is created for each of several items.
    Fan(Box<Fan>),
}

/// A run that is fanned out over items, a group each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fan {
    /// The items that are to be run, in the order in which they begin.
    pub items: Vec<Item>,
    /// How many run at once; absent: as many as steps may be under way.
    pub parallelism: Option<u32>,
    /// The items that need no run any more.
    pub done: Done,
    /// What each group is made from.
    pub body: Deployment,
    /// The open run that this one goes on with.
    pub resume: Option<Record>,
}

/// One item of a run that is fanned out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its place in the manifest, from 0 on.
    pub index: u32,
    /// What it is given.
    pub text: String,
    /// The group of its first attempt.
    pub group: GroupId,
    /// The record in the tag of its group, where that is there already.
    pub adopt: Option<Record>,
}

/// A command in a running container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Environment beside the container's own.
    pub environment: Vec<(String, RunValue)>,
    /// The folder it runs in.
    pub working_directory: Option<String>,
    /// How long it may print nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Period>,
    /// An open run: the container is asked whether it runs, how it ended, or whether it never began.
    pub resume: Option<Record>,
    /// What to do where nothing tells how an open run ended.
    pub interrupted: Interrupted,
}

/// What becomes of a run's group when the run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Finish {
    /// Nothing.
    Leave,
    /// It is stopped.
    Stop,
    /// It is deleted, unless it is to be kept.
    Delete {
        /// Kept after a run that ended well.
        keep_on_success: bool,
        /// Kept after a run that failed.
        keep_on_failure: bool,
    },
}

/// What must hold just before a step acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Guard {
    /// The thing is not there.
    Absent,
    /// The thing is there and has this digest (see [`guard`]).
    Unchanged(String),
    /// Nothing: the steps it needs have seen to it.
    None,
}

/// A field with its before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which field.
    pub field: Field,
    /// Where it stands, such as `containers[job].image`.
    pub path: String,
    /// What is there now.
    pub before: Option<Value>,
    /// What is wanted.
    pub after: Option<Value>,
    /// Where the difference comes from; for people.
    pub origin: Origin,
}

impl Change {
    /// What it costs.
    pub fn effect(&self) -> Effect {
        self.field.effect()
    }
}

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One value, possibly of several lines.
    Text(String),
    /// A list, such as a command.
    List(Vec<String>),
    /// A secret.
    Hidden,
    /// One of two secrets that differ.
    Secret(u8),
    /// A secret whose value is not available where the plan is made.
    Unchecked,
}

/// What a step costs those who use the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// All containers restart.
    Restart,
    /// The group is away between delete and create.
    Downtime,
    /// The address may change.
    NewAddress,
    /// The DNS name leads nowhere until the group is back, and may be refused for some minutes after that
    /// (terraform-provider-azurerm issue 23451).
    NameLost,
    /// The logs of the containers are lost.
    LogsLost,
    /// A task that runs is ended.
    EndsTask {
        /// For how many seconds it has run by then; absent where that is not known.
        running: Option<u64>,
    },
}

/// Why a step is there; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Takes a reason in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Something that people should know and that no step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub subject: Subject,
    /// What there is to know.
    pub text: String,
    /// What to do about it: a command, or a sentence with commands between backticks.
    pub help: Option<String>,
}

/// Sealed steps.
#[derive(Clone, Debug)]
pub struct Plan {
    steps: Vec<Step>,
}

/// The right to change something: only a sealed plan gives it, so that every change of the cloud is a step of one.
#[derive(Debug)]
pub struct Warrant<'p> {
    _step: &'p Step,
}

/// Steps that are no plan; a mistake of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// A step is not at the place that its id says.
    #[error("step {0:?} is out of place")]
    OutOfPlace(StepId),
    /// A step needs one that does not exist.
    #[error("step {0:?} needs {1:?}, which does not exist")]
    UnknownNeed(StepId, StepId),
    /// Steps wait for each other.
    #[error("steps wait for each other: {0:?}")]
    Cycle(Vec<StepId>),
    /// A group is created by a step that does not wait for the one that deletes it.
    #[error("{0} is created without waiting for its delete")]
    Race(GroupId),
}

impl Plan {
    /// Seals steps into a plan.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn seal(steps: Vec<Step>) -> Result<Self, Defect> {
        for (place, step) in steps.iter().enumerate() {
            if step.id != StepId(place) {
                return Err(Defect::OutOfPlace(step.id));
            }
            if let Some(need) = step.needs.iter().find(|need| need.0 >= steps.len()) {
                return Err(Defect::UnknownNeed(step.id, *need));
            }
        }
        let needs: BTreeMap<StepId, BTreeSet<StepId>> =
            steps.iter().map(|step| (step.id, step.needs.clone())).collect();
        graph::order(&needs).map_err(Defect::Cycle)?;
        for delete in steps.iter().filter(|step| step.action == Action::DeleteGroup { replaced: true }) {
            let create = |step: &&Step| {
                step.subject == delete.subject && matches!(step.action, Action::CreateGroup(_))
            };
            if let (Some(create), Subject::Group(id)) = (steps.iter().find(create), &delete.subject)
                && !create.needs.contains(&delete.id)
            {
                return Err(Defect::Race(id.clone()));
            }
        }
        Ok(Self { steps })
    }

    /// The steps, by id.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The right to carry a step out; absent where the plan has no such step.
    pub fn warrant(&self, step: StepId) -> Option<Warrant<'_>> {
        self.steps.get(step.0).map(|step| Warrant { _step: step })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResourceGroup(name) => write!(f, "resource group {name}"),
            Self::Group(id) => write!(f, "group {id}"),
            Self::Run(name) => write!(f, "run {name}"),
        }
    }
}
