//! Performs one step: looks whether its guard still holds, acts, waits until the act is seen, and says how it ended.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::arm::fault::{Fault, FaultKind};
use crate::engine::apply::Site;
use crate::engine::archive::Recording;
use crate::engine::event::{End, EventKind, Stream};
use crate::engine::{group, resource_group, retry, run};
use crate::model::name::Name;
use crate::model::record::Record;
use crate::plan::{Action, Deployment, Guard, Step, StepId, Subject, Warrant};

/// A step on its way.
pub(crate) struct Work<'p> {
    pub(crate) site: &'p Site<'p>,
    pub(crate) step: &'p Step,
    pub(crate) warrant: Warrant<'p>,
    /// Of a run that is fanned out: the item that this is the work on, before whose lines its name stands.
    pub(crate) item: Option<&'p str>,
    /// The log of the attempt that is under way.
    log: Mutex<Option<Recording>>,
    /// When its run began to be followed.
    pub(crate) began: OnceLock<(Timestamp, Instant)>,
}

/// Why a change was not made.
pub(crate) enum Unmade {
    /// The service's answer, which is not worth another try.
    Fault(Fault),
    /// It could not be found out whether it was made.
    End(End),
}

impl From<End> for Unmade {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Unmade> for End {
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Fault(fault) => failed(fault),
            Unmade::End(end) => end,
        }
    }
}

/// Performs the step.
pub(crate) async fn perform(site: &Site<'_>, id: StepId) -> End {
    let (Some(step), Some(warrant)) = (site.plan.steps().get(id.0), site.plan.warrant(id)) else {
        return End::Failed { why: format!("the plan has no step {}", id.0), help: None };
    };
    let work = Work::new(site, step, warrant, None);
    match act(&work).await {
        Ok(end) | Err(end) => end,
    }
}

async fn act(work: &Work<'_>) -> Result<End, End> {
    match (&work.step.subject, &work.step.action) {
        (Subject::ResourceGroup(name), Action::CreateResourceGroup { location, tags }) => {
            resource_group::create(work, name, location, tags).await
        }
        (Subject::ResourceGroup(name), Action::TagResourceGroup(edit)) => {
            resource_group::tag(work, name, edit).await
        }
        (Subject::ResourceGroup(name), Action::DeleteResourceGroup) => {
            resource_group::delete(work, name).await
        }
        (Subject::Group(id), Action::CreateGroup(deployment)) => group::create(work, id, deployment).await,
        (Subject::Group(id), Action::UpdateGroup(deployment, edit)) => {
            group::update(work, id, deployment, edit).await
        }
        (Subject::Group(id), Action::TagGroup(edit)) => group::tag(work, id, edit).await,
        (Subject::Group(id), Action::DeleteGroup { replaced }) => {
            let successor = if *replaced { sendable(work)? } else { None };
            group::delete(work, id, successor).await
        }
        (Subject::Group(id), Action::StartGroup) => group::start(work, id).await,
        (Subject::Group(id), Action::StopGroup) => group::stop(work, id).await,
        (Subject::Run(_), Action::Run(run)) => run::run(work, run).await,
        (subject, _) => {
            Err(End::Failed { why: format!("the plan asks of {subject} what it cannot do"), help: None })
        }
    }
}

impl<'p> Work<'p> {
    /// The work on a step, or on an item of one.
    pub(crate) fn new(
        site: &'p Site<'p>,
        step: &'p Step,
        warrant: Warrant<'p>,
        item: Option<&'p str>,
    ) -> Self {
        Self { site, step, warrant, item, log: Mutex::new(None), began: OnceLock::new() }
    }
}

impl Work<'_> {
    /// From now on what the task prints is this attempt's.
    pub(crate) fn record(&self, run: &Name, record: &Record) {
        let Some(archive) = &self.site.options.archive else { return };
        let log = archive.record(run, &record.id, record.item, record.attempt);
        let log = log.map_err(|fault| self.unkept(&fault)).ok();
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = log;
    }

    /// Brings what was printed to its file.
    pub(crate) fn recorded(&self) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(fault)) = log.map(|mut log| log.flush()) {
            self.unkept(&fault);
        }
    }

    /// Tells that a log or an outcome cannot be kept, which is no reason to stop.
    pub(crate) fn unkept(&self, fault: &std::io::Error) {
        self.line(Stream::Errors, format!("(acitask cannot keep the log: {fault})"));
    }

    /// Says what the step does now.
    ///
    /// Of hundreds of items nobody could follow that, so theirs is left to the log.
    pub(crate) fn phase(&self, phase: impl Into<String>) {
        if let Some(item) = self.item {
            tracing::debug!(item, phase = phase.into(), "the work on an item goes on");
            return;
        }
        self.site.tell(EventKind::Progress { step: self.step.id, phase: phase.into() });
    }

    /// Hands on a line that the task printed.
    pub(crate) fn line(&self, stream: Stream, line: impl Into<String>) {
        let line = self.site.masks.hide(line.into());
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(fault)) = log.as_mut().map(|log| log.line(&line)) {
            // A full disk stays full: it is told once.
            *log = None;
            drop(log);
            self.unkept(&fault);
        } else {
            drop(log);
        }
        let line = match self.item {
            Some(item) => format!("{item} │ {line}"),
            None => line,
        };
        self.site.tell(EventKind::Log { step: self.step.id, stream, line });
    }

    /// Reads, again where the fault is worth it.
    pub(crate) async fn call<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let call = || {
            let called = call();
            async move {
                self.site.pacer.read().await;
                called.await
            }
        };
        retry::retrying(retry::pause, call, |fault, after| self.retrying(fault, after)).await
    }

    /// Makes a change that does no harm if it is made twice, until it goes through or is not worth another try.
    pub(crate) async fn change<T, F>(&self, call: impl FnMut() -> F) -> Result<T, End>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let tell = |fault: &Fault, after| self.retrying(fault, after);
        retry::retrying(retry::pause_of_change, call, tell).await.map_err(failed)
    }

    /// Makes a change that would do harm if it were made twice: once an answer was lost, `made` looks whether the change
    /// went through before it is made again. Gives the answer, unless it was lost.
    pub(crate) async fn change_once<T, F, M>(
        &self,
        mut call: impl FnMut() -> F,
        mut made: impl FnMut() -> M,
    ) -> Result<Option<T>, Unmade>
    where
        F: Future<Output = Result<T, Fault>>,
        M: Future<Output = Result<bool, End>>,
    {
        let (mut tries, mut in_doubt) = (0, false);
        loop {
            tries += 1;
            let fault = match call().await {
                Ok(answer) => return Ok(Some(answer)),
                Err(fault) => fault,
            };
            in_doubt |= fault.kind == FaultKind::Transient;
            if in_doubt && made().await? {
                return Ok(None);
            }
            let Some(after) = retry::pause_of_change(&fault, tries) else { return Err(Unmade::Fault(fault)) };
            self.retrying(&fault, after);
            tokio::time::sleep(after).await;
        }
    }

    /// Deletes; what is not there counts as deleted, because after a lost answer it is the delete that was asked for.
    pub(crate) async fn removal<T, F>(&self, call: impl FnMut() -> F) -> Result<(), End>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        match self.call(call).await {
            Ok(_) => Ok(()),
            Err(fault) if retry::is_absence(&fault) => Ok(()),
            Err(fault) => Err(failed(fault)),
        }
    }

    /// Tells that a call is made again, or a task run again.
    pub(crate) fn retrying(&self, fault: impl std::fmt::Display, after: Duration) {
        let fault = match self.item {
            Some(item) => format!("{item}: {fault}"),
            None => fault.to_string(),
        };
        self.site.tell(EventKind::Retrying { step: self.step.id, fault, after });
    }

    /// Whether somebody asked to stop, so that nothing new is begun.
    pub(crate) fn is_stopping(&self) -> bool {
        self.site.stop.is_cancelled()
    }

    /// Waits before something is begun again; false where somebody asked to stop meanwhile.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.site.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Holds the step's guard against what is there now.
    pub(crate) fn hold(&self, now: &Guard) -> Result<(), End> {
        match (&self.step.guard, now) {
            (Guard::None, _) => Ok(()),
            (planned, now) if planned == now => Ok(()),
            (Guard::Absent, _) => Err(stale("it was not there when planned, and is there now")),
            (Guard::Unchanged(_), Guard::Absent) => Err(stale("it was there when planned, and is gone")),
            (Guard::Unchanged(_), _) => Err(stale("somebody changed it since it was planned")),
        }
    }
}

/// Before a group is deleted to be created again: what is to be created, if it could be sent now.
fn sendable<'p>(work: &Work<'p>) -> Result<Option<&'p Deployment>, End> {
    for step in work.site.plan.steps().iter().filter(|step| step.subject == work.step.subject) {
        if let (Subject::Group(id), Action::CreateGroup(deployment)) = (&step.subject, &step.action) {
            work.site.arm.check_group(id, deployment).map_err(failed)?;
            return Ok(Some(deployment));
        }
    }
    Ok(None)
}

/// The thing changed since the plan was made.
pub(crate) fn stale(what: impl Into<String>) -> End {
    End::Stale { what: what.into() }
}

/// A fault ends the step, with the command that mends it where one is known.
pub(crate) fn failed(fault: Fault) -> End {
    let help = fault.help().map(str::to_owned);
    End::Failed { why: fault.to_string(), help }
}
