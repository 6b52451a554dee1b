//! A plan and what becomes of it as messages for programs: one JSON object a line, each with its `type`.
//!
//! The list of types is closed, and `schemas/messages.json` is made from it. The first message tells the version of the
//! format; a later one may add fields and types, but never change or take away one. No message holds a secret: where
//! one differs, its place is told and that it is one.

mod planned;
mod told;

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

pub use self::planned::{drifts, planned};
pub use self::told::Telling;

use crate::model::effect::Effect;

/// The version of the format.
pub const FORMAT: &str = "acitask-messages/1";

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Message {
    /// The first line: what wrote the others.
    Version {
        /// The version of this format.
        format: String,
        /// The version of acitask.
        acitask: String,
    },
    /// Where the plan goes and whose it is.
    Heading {
        /// Azure or the local emulator.
        target: String,
        /// The emulator's address.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// The tenant, where it is pinned.
        #[serde(skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        /// The subscription.
        #[serde(skip_serializing_if = "Option::is_none")]
        subscription: Option<String>,
        /// The project and its environment.
        project: String,
    },
    /// Something that the plan does.
    PlannedChange {
        /// The steps that do it: two where a group is replaced.
        steps: Vec<usize>,
        /// What is done.
        action: ActionWord,
        /// To what.
        subject: SubjectView,
        /// Why, for people.
        reason: String,
        /// The differences that it removes.
        changes: Vec<ChangeView>,
        /// What it costs those who use the thing.
        impacts: Vec<ImpactWord>,
        /// The steps that come before.
        needs: Vec<usize>,
    },
    /// Something that people should know and that no step does.
    Note(RemarkView),
    /// Something that has to be settled first; the plan cannot be carried out.
    Conflict(RemarkView),
    /// Something that forbids the plan.
    Block(RemarkView),
    /// The end of a plan.
    PlanSummary {
        /// Things to create.
        add: usize,
        /// Things to change in place.
        change: usize,
        /// Groups to delete and create.
        replace: usize,
        /// Things to delete.
        delete: usize,
        /// Tasks to run.
        run: usize,
        /// Declared things that are as wanted.
        unchanged: usize,
        /// Whether something waits to be done; runs with the trigger `always` do not count.
        pending: bool,
        /// What `apply --expect` takes.
        fingerprint: String,
    },
    /// Something is other than it was applied.
    Drifted {
        /// What.
        subject: SubjectView,
        /// What differs; `before` is what is wanted, `after` what is there.
        changes: Vec<ChangeView>,
        /// What cannot be told by a field.
        #[serde(skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// The plan is being carried out.
    ApplyBegan {
        /// When, in RFC 3339.
        at: String,
        /// How many steps it has.
        steps: usize,
    },
    /// A step began.
    StepBegan {
        /// When, in RFC 3339.
        at: String,
        /// Which.
        step: usize,
        /// On what.
        subject: SubjectView,
    },
    /// A step came on.
    Progress {
        /// When, in RFC 3339.
        at: String,
        /// Which.
        step: usize,
        /// What it does now, for people.
        phase: String,
    },
    /// A call failed and is made again.
    Retrying {
        /// When, in RFC 3339.
        at: String,
        /// Which step.
        step: usize,
        /// What went wrong, for people.
        fault: String,
        /// After how long.
        after_seconds: f64,
    },
    /// A line that a task printed.
    Log {
        /// When it was read, in RFC 3339.
        at: String,
        /// Which step.
        step: usize,
        /// `output`, or `errors` where they can be told apart.
        stream: String,
        /// The line.
        line: String,
    },
    /// A step ended.
    StepEnded {
        /// When, in RFC 3339.
        at: String,
        /// Which.
        step: usize,
        /// On what.
        subject: SubjectView,
        /// How.
        end: EndWord,
        /// The task's exit code, where it has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// What there is to say, for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The command that mends it.
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<String>,
        /// The step because of which it was skipped.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<usize>,
        /// How long it took.
        elapsed_seconds: f64,
    },
    /// The end of an apply.
    ApplyEnded {
        /// When, in RFC 3339.
        at: String,
        /// Steps that were done.
        done: usize,
        /// Tasks that failed.
        tasks_failed: usize,
        /// Tasks that took too long.
        timed_out: usize,
        /// Steps whose thing changed since it was planned.
        stale: usize,
        /// Steps that could not be done.
        failed: usize,
        /// Steps that were left because of another.
        skipped: usize,
        /// Steps that were not begun.
        interrupted: usize,
    },
}

/// What a planned change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionWord {
    /// It is made.
    Create,
    /// Tags are merged.
    Tag,
    /// Its properties are replaced in place.
    Update,
    /// It is deleted and made again.
    Replace,
    /// It is deleted.
    Delete,
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
    /// A task is run.
    Run,
}

/// What something is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectView {
    /// `resourceGroup`, `containerGroup` or `taskRun`.
    pub kind: String,
    /// Its name in Azure; of a task run, in the manifest.
    pub name: String,
    /// The resource group of a container group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// Where, such as `containers[job].image`.
    pub path: String,
    /// What changing this field does to a running group.
    pub effect: Effect,
    /// What is there; null where there is nothing.
    pub before: Option<ValueView>,
    /// What is wanted; null where it is removed.
    pub after: Option<ValueView>,
    /// Where the difference comes from.
    pub origin: OriginWord,
}

/// Where a difference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OriginWord {
    /// Nothing tells.
    Unknown,
    /// The manifest says other than it did when it was last applied.
    Manifest,
    /// The thing is other than it was made.
    Drift,
    /// Both have changed.
    Both,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ValueView {
    /// One value.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// A secret, which is not shown.
    Secret {
        /// Always true.
        secret: bool,
        /// Tells two secrets apart that differ.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u8>,
        /// False where the value is not available where the plan is made.
        #[serde(skip_serializing_if = "Option::is_none")]
        checked: Option<bool>,
    },
}

/// What a step costs those who use the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImpactWord {
    /// All containers restart.
    Restart,
    /// It is away between delete and create.
    Downtime,
    /// The address may change.
    NewAddress,
    /// The DNS name leads nowhere for a while.
    NameLost,
    /// The logs are lost.
    LogsLost,
    /// A task that runs is ended.
    EndsTask,
}

/// Something that is said about a thing, or about the whole plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RemarkView {
    /// What it is about; absent: the whole plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectView>,
    /// What is said.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EndWord {
    /// Well.
    Done,
    /// The task failed, or never started.
    TaskFailed,
    /// The task took too long.
    TimedOut,
    /// The thing changed since it was planned.
    Stale,
    /// It could not be done.
    Failed,
    /// It was left because of another.
    Skipped,
    /// It was not begun.
    Interrupted,
}

/// The JSON Schema of a line.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<Message>().to_value()
}

impl Message {
    /// The first message.
    pub fn version() -> Self {
        Self::Version { format: FORMAT.to_owned(), acitask: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Writes the message as a line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}
