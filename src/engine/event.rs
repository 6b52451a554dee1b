//! What the engine tells while it works; views make of it what they like.

use std::time::Duration;

use jiff::Timestamp;

use crate::plan::StepId;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The plan is being carried out.
    Began {
        /// How many steps it has.
        steps: usize,
    },
    /// A step began.
    StepBegan(StepId),
    /// A step came on: what it waits for, or what the service last said.
    Progress {
        /// Which step.
        step: StepId,
        /// What it does now, such as `waiting for the container to start`.
        phase: String,
    },
    /// A call failed and is made again.
    Retrying {
        /// Which step.
        step: StepId,
        /// What went wrong.
        fault: String,
        /// After how long.
        after: Duration,
    },
    /// A line that a task printed.
    Log {
        /// Which step.
        step: StepId,
        /// Which stream.
        stream: Stream,
        /// The line, without its end.
        line: String,
    },
    /// A step ended.
    StepEnded {
        /// Which step.
        step: StepId,
        /// How.
        end: End,
        /// How long it took.
        elapsed: Duration,
    },
    /// Everything ended.
    Ended(Tally),
}

/// Where a task's line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Its output; of a log and of a terminal also its errors.
    Output,
    /// Its errors, where they can be told apart.
    Errors,
}

/// What a task has only so much time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// All of it.
    Total,
    /// Until it prints something again.
    Idle,
}

impl Limit {
    /// What a task did that ended for this limit; how long it had follows.
    pub fn words(self) -> &'static str {
        match self {
            Self::Total => "took longer than",
            Self::Idle => "printed nothing for",
        }
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well; with what there is to say about it, such as `exit 0`.
    Done(String),
    /// The task ran and failed, or never started.
    TaskFailed {
        /// Its exit code, where it has one.
        exit: Option<i32>,
        /// What happened.
        why: String,
    },
    /// The task took too long, or printed nothing for too long, and was ended.
    TimedOut {
        /// Which of the two.
        limit: Limit,
        /// How long it had.
        allowed: Duration,
    },
    /// The thing changed since the plan was made.
    Stale {
        /// What changed.
        what: String,
    },
    /// It could not be done.
    Failed {
        /// Why.
        why: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// It was not begun, because a step that it needs was not done.
    Skipped {
        /// Which one.
        because: StepId,
    },
    /// It was not begun, or not waited for, because somebody asked to stop.
    Interrupted,
}

/// How many steps ended how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Done.
    pub done: usize,
    /// Tasks that failed.
    pub tasks_failed: usize,
    /// Tasks that took too long.
    pub timed_out: usize,
    /// Changed since planned.
    pub stale: usize,
    /// Could not be done.
    pub failed: usize,
    /// Not begun because of another.
    pub skipped: usize,
    /// Not begun or left because somebody asked to stop.
    pub interrupted: usize,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, end: &End) {
        let counter = match end {
            End::Done(_) => &mut self.done,
            End::TaskFailed { .. } => &mut self.tasks_failed,
            End::TimedOut { .. } => &mut self.timed_out,
            End::Stale { .. } => &mut self.stale,
            End::Failed { .. } => &mut self.failed,
            End::Skipped { .. } => &mut self.skipped,
            End::Interrupted => &mut self.interrupted,
        };
        *counter += 1;
    }
}
