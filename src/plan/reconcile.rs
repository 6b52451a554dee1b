//! From what is wanted and what is seen to the steps that lead from one to the other.
//!
//! Pure: the same stack, observation and request give the same plan. Nothing that does not carry the owner's tag gets a
//! step, unless a person asked to take it over. What stands in the way is not an error but a [`Conflict`] or a
//! [`Block`] beside the steps, so that everything is shown at once.

mod array;
mod destroy;
mod draft;
pub mod drift;
mod due;
mod ephemeral;
mod forget;
mod gc;
pub mod graph;
mod groups;
mod ignore;
mod limits;
mod links;
mod persistent;
mod power;
mod prune;
mod removal;
mod resource_groups;
mod scene;
mod scope;
mod stand;
mod strong;
mod verb;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::name::{GroupId, Name};
use crate::model::observed::Observed;
use crate::model::stack::{Limits, Stack, Trigger};
use crate::plan::{Defect, Note, Plan, Subject};

use self::draft::Aim;
pub use self::scope::Scope;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// Manifests (`metadata.name`) whose things are taken over from whoever has them.
    pub adopt: BTreeSet<Name>,
    /// Which declared things it is about.
    pub scope: Scope,
    /// Whether what no manifest declares is deleted though the manifests are a part of the project only.
    pub prune: bool,
    /// Fields of every group that are left as they are on Azure, beside those of the manifests.
    pub ignore: BTreeSet<String>,
    /// Whether every declared group is looked at closely.
    pub refresh: Refresh,
    /// How much may be lost, where a person says other than the project does.
    pub limits: Limits,
}

impl Request {
    /// A request about everything, that takes nothing over.
    pub fn of(verb: Verb) -> Self {
        Self {
            verb,
            adopt: BTreeSet::new(),
            scope: Scope::default(),
            prune: false,
            ignore: BTreeSet::new(),
            refresh: Refresh::Needed,
            limits: Limits::default(),
        }
    }
}

/// How closely is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Refresh {
    /// Lists, and single groups where something is decided by them.
    #[default]
    Needed,
    /// Every declared group by itself, which shows what lists may not.
    Full,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes everything as the stack says.
    Apply,
    /// Removes everything of this owner, declared or not.
    Destroy,
    /// Runs one TaskRun now, whatever its trigger, and does only what it needs.
    Run(Name),
    /// The same, but leaves the run as soon as it has begun.
    Detach(Name),
    /// Follows the open run of a TaskRun to its end.
    Attach(Name),
    /// Ends the open run of a TaskRun.
    Cancel(Name),
    /// Starts or stops a declared group.
    Power(Name, Power),
    /// Deletes groups that ended runs have left.
    Clean(Cleaning),
    /// Takes our tags off what a manifest of this name declares, or Azure knows by it.
    Forget(Name),
}

/// What is done to a group's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
    /// It is stopped and started, which pulls its images again; the service's own restart does not
    /// (MicrosoftDocs/azure-docs#71023).
    Restart,
}

/// Which groups of ended runs are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// Those that were kept for as long as their manifest says.
    Expired {
        /// The time by the service's clock.
        now: Timestamp,
    },
    /// All.
    All,
}

/// What has to be read, beside the lists, before a plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reads {
    /// Groups of which the instance view is needed.
    pub groups: BTreeSet<GroupId>,
    /// Resource groups, by Azure's name, of which the content is needed.
    pub listings: BTreeSet<Name>,
    /// Declared groups, by their manifests' names, about which nothing is to be done or said.
    pub settled: BTreeSet<Name>,
}

/// A plan, and what people have to know before it is carried out.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The steps.
    pub plan: Plan,
    /// What no step does.
    pub notes: Vec<Note>,
    /// What has to be settled first; with one of these the plan must not be carried out.
    pub conflicts: Vec<Conflict>,
    /// What forbids the plan; with one of these it must not be carried out either.
    pub blocks: Vec<Block>,
    /// How many declared things are as wanted: they have no step, no conflict and no note.
    pub unchanged: usize,
}

impl Planned {
    /// Whether something waits to be done, runs that are due at every apply left out.
    pub fn pending(&self, stack: &Stack) -> bool {
        self.plan.steps().iter().any(|step| match &step.subject {
            Subject::Run(name) => stack.runs.get(name).is_none_or(|run| run.trigger != Trigger::Always),
            Subject::ResourceGroup(_) | Subject::Group(_) => true,
        })
    }
}

/// Something is not as the stack takes it to be, and no step may mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What it is about.
    pub subject: Subject,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

/// Something forbids a step that is in the plan, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is about; absent: the whole plan.
    pub subject: Option<Subject>,
    /// What forbids it.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

/// What has to be read before [`reconcile`]; nothing for a stack that is as wanted.
///
/// It may be asked again with what was read, and then asks for nothing more unless what was read says something new.
pub fn needs(stack: &Stack, observed: &Observed, request: &Request) -> Reads {
    let mut draft = verb::draft(stack, observed, request, Aim::Reads);
    if request.refresh == Refresh::Full {
        stack.groups.values().for_each(|declared| draft.read(&declared.id));
    }
    let mut reads = draft.reads();
    if request.refresh == Refresh::Full {
        // What is read may say something else.
        reads.settled.clear();
    }
    reads.groups.retain(|id| observed.groups.get(id).is_some_and(|seen| seen.view.is_none()));
    reads
}

/// Makes the plan.
///
/// # Errors
/// A defect of the steps, which is a mistake of ours or a cycle that the manifests' rules let through.
pub fn reconcile(stack: &Stack, observed: &Observed, request: &Request) -> Result<Planned, Defect> {
    verb::draft(stack, observed, request, Aim::Plan).seal()
}
