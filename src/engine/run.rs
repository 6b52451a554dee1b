//! Carries a task run out and records how it ended.
//!
//! Order matters, because whoever is killed in between is followed by another: intent before, outcome after,
//! and what the group's end would destroy (its logs) before that end.

mod attempt;
mod fan;
mod lines;
mod strong;
mod told;
mod weak;

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::engine::archive::Account;
use crate::engine::event::{End, Limit};
use crate::engine::ledger;
use crate::engine::step::Work;
use crate::model::record::{Record, RunState};
use crate::plan::judge::EndedBy;
use crate::plan::{Begin, Run, naming};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By itself, or never started.
    Ended {
        /// Its exit code, where there is one.
        exit: Option<i32>,
        /// What there is to say about it.
        why: String,
        /// Whose doing it is.
        by: EndedBy,
    },
    /// It took too long, or printed nothing for too long, and was ended.
    TimedOut(Limit, Duration),
    /// How it ended cannot be found out.
    Interrupted(String),
    /// A person ended it.
    Cancelled,
}

/// Carries the run out.
pub(crate) async fn run(work: &Work<'_>, run: &Run) -> Result<End, End> {
    ledger::hold(work, run).await?;
    match &run.begin {
        Begin::Exec(exec) => strong::run(work, run, exec).await,
        Begin::Create(_) | Begin::Replace(_) | Begin::Start { .. } | Begin::Adopt(_) => {
            weak::run(work, run).await
        }
        Begin::Fan(fan) => fan::run(work, run, fan).await,
    }
}

impl Outcome {
    /// Whether the task did what it was run for.
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self, Self::Ended { exit: Some(0), .. })
    }

    /// The record of a run that was open and ended so.
    pub(crate) fn record(&self, open: &Record, clock: &Clock) -> Record {
        let (state, exit) = match self {
            Self::Ended { exit: Some(0), .. } => (RunState::Succeeded, Some(0)),
            Self::Ended { exit, .. } => (RunState::Failed, *exit),
            Self::TimedOut(..) => (RunState::TimedOut, None),
            Self::Interrupted(_) => (RunState::Interrupted, None),
            Self::Cancelled => (RunState::Cancelled, None),
        };
        Record { state, exit, at: Some(clock.now()), ..open.clone() }
    }

    /// What the step says of it.
    pub(crate) fn end(self) -> End {
        match self {
            Self::Ended { exit: Some(0), .. } => End::Done("exit 0".to_owned()),
            Self::Ended { exit, why, by: _ } => End::TaskFailed { exit, why },
            Self::TimedOut(limit, allowed) => End::TimedOut { limit, allowed },
            Self::Interrupted(why) => End::TaskFailed { exit: None, why },
            Self::Cancelled => End::TaskFailed { exit: None, why: "it was cancelled".to_owned() },
        }
    }

    /// What is said of it, for people.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Ended { exit: Some(0), .. } => "ended well".to_owned(),
            Self::Ended { why, .. } => format!("failed: {why}"),
            Self::TimedOut(limit, allowed) => format!("{} {} s", limit.words(), allowed.as_secs()),
            Self::Interrupted(why) => why.clone(),
            Self::Cancelled => "was cancelled".to_owned(),
        }
    }
}

/// An open record of a new run.
fn open(work: &Work<'_>, run: &Run) -> Record {
    let clock = &work.site.options.clock;
    let record = Record::open(clock.run_id(), run.input.clone(), Some(clock.now()));
    Record { source: work.site.options.source.clone(), ..record }
}

/// Keeps what is known of the run beside its logs.
fn keep(work: &Work<'_>, run: &Run, record: &Record, why: &str) {
    let Some(archive) = &work.site.options.archive else { return };
    let began = work.began.get_or_init(|| (work.site.options.clock.now(), Instant::now()));
    let reason = work.step.reason.to_string();
    let why = work.site.masks.hide(why.to_owned());
    let account = Account {
        seconds: (record.state != RunState::Open).then(|| began.1.elapsed().as_secs()),
        group: naming::attempt(&run.group, record.attempt).to_string(),
        container: run.container.clone(),
        ..Account::new(&run.name, record, why, reason, began.0.to_string())
    };
    if let Err(fault) = archive.keep(&run.name, &record.id, &account) {
        work.unkept(&fault);
    }
}

/// Forgets a run of which nothing was begun.
async fn withdraw(work: &Work<'_>, run: &Run, record: &Record) -> Result<(), End> {
    ledger::withdraw(work, run).await?;
    if let Some(Err(fault)) = work.site.options.archive.as_ref().map(|it| it.forget(&run.name, &record.id)) {
        work.unkept(&fault);
    }
    Ok(())
}

/// Records how the run ended.
async fn close(work: &Work<'_>, run: &Run, open: &Record, outcome: &Outcome) -> Result<(), End> {
    work.recorded();
    let record = outcome.record(open, &work.site.options.clock);
    ledger::write(work, run, &record).await?;
    keep(work, run, &record, &outcome.told());
    Ok(())
}
