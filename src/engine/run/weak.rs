//! A weak run: a group starts, its container works and dies.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::event::{End, Limit};
use crate::engine::group;
use crate::engine::ledger;
use crate::engine::run::attempt::Attempts;
use crate::engine::run::told::Told;
use crate::engine::run::{Outcome, close, keep, open};
use crate::engine::step::{Unmade, Work, failed};
use crate::engine::wait::{self, LOOKS, Pace, Wait, look, until};
use crate::model::group::EnvironmentVariable;
use crate::model::name::GroupId;
use crate::model::observed::{Phase, SeenGroup};
use crate::model::record::{Intent, Record, intent_tag};
use crate::model::stack::Concurrency;
use crate::plan::judge::EndedBy;
use crate::plan::{Begin, Course, Deployment, Finish, Item, Run, guard, judge, naming};

/// How long a run without a time-out is followed: a day, so that every wait ends.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Begins or adopts the run, follows it to its end, records the end, and finishes with its group.
pub(crate) async fn run(work: &Work<'_>, run: &Run) -> Result<End, End> {
    if run.course == Course::Cancel {
        return cancel(work, run).await;
    }
    let mut begun = begin(work, run).await?;
    if let (Course::Leave, Begun::Runs(record)) = (run.course, &begun) {
        ledger::write(work, run, record).await?;
        keep(work, run, record, "left to itself");
        return Ok(End::Done(format!("begun as {}; `acitask attach {}` follows it", record.id, run.name)));
    }
    let mut attempts = Attempts::new(run.retries);
    // The group of the last attempt, where there was one.
    let mut standing = None;
    let (record, outcome) = loop {
        let record = match begun {
            Begun::Runs(record) => record,
            Begun::Refused(record, outcome) => break (record, outcome),
        };
        let group = place(run, &record);
        work.record(&run.name, &record);
        keep(work, run, &record, "");
        let outcome = {
            let _alive = work.site.crowd.join();
            follow(work, run, &group, record.container_start).await?
        };
        work.recorded();
        standing = Some(group);
        if !repeats(run) || !attempts.again(work, &record, &outcome).await? {
            break (record, outcome);
        }
        begun = begin_again(work, run, &record).await?;
    };
    close(work, run, &record, &outcome).await?;
    if let Some(group) = standing {
        finish(work, run, &group, outcome.succeeded()).await?;
    }
    Ok(outcome.end())
}

/// An attempt that was begun.
pub(super) enum Begun {
    /// Its group is there, and what it is recorded as.
    Runs(Record),
    /// The service refuses its group for what it says: a run that never starts, however often it is begun.
    Refused(Record, Outcome),
}

/// Ends the run that is open, and records that.
async fn cancel(work: &Work<'_>, run: &Run) -> Result<End, End> {
    let (Begin::Adopt(record) | Begin::Start { resume: Some(record) }) = &run.begin else {
        return Ok(End::Done("no run of it is under way".to_owned()));
    };
    let group = place(run, record);
    work.phase("stopping the group");
    work.change(|| work.site.arm.stop_group(&work.warrant, &group)).await?;
    work.record(&run.name, record);
    Told::default().end(work, (&group, &run.container)).await;
    close(work, run, record, &Outcome::Cancelled).await?;
    if let Finish::Delete { .. } = run.finish {
        finish(work, run, &group, false).await?;
    }
    Ok(End::Done(format!("run {} is ended", record.id)))
}

/// The group of an attempt: a declared one is the same for all.
fn place(run: &Run, record: &Record) -> GroupId {
    match run.finish {
        Finish::Delete { .. } => naming::attempt(&run.group, record.attempt),
        Finish::Leave | Finish::Stop => run.group.clone(),
    }
}

/// Whether there is something to begin a further attempt with.
fn repeats(run: &Run) -> bool {
    !matches!((&run.begin, run.finish), (Begin::Adopt(_), Finish::Delete { .. })) || run.again.is_some()
}

/// Begins the next attempt. The group of the one before is deleted after that, because until then it is all that tells
/// that the run has begun.
async fn begin_again(work: &Work<'_>, run: &Run, before: &Record) -> Result<Begun, End> {
    let next = Record { attempt: before.attempt + 1, ..before.clone() };
    let body = match &run.begin {
        Begin::Create(deployment) => Some(deployment),
        _ => run.again.as_ref(),
    };
    if let (Finish::Delete { .. }, Some(body)) = (run.finish, body) {
        let begun = create(work, run, body, next, None).await?;
        if let Begun::Runs(_) = begun {
            group::remove(work, &place(run, before)).await?;
        }
        return Ok(begun);
    }
    begin_start(work, run, next).await.map(Begun::Runs)
}

async fn begin(work: &Work<'_>, run: &Run) -> Result<Begun, End> {
    match &run.begin {
        Begin::Adopt(record) => Ok(Begun::Runs(record.clone())),
        Begin::Create(deployment) => {
            work.hold(&guard::group(look(work, &run.group).await?.as_ref()))?;
            Ok(create(work, run, deployment, open(work, run), None).await?)
        }
        Begin::Replace(deployment) => {
            idle(work, run).await?;
            let seen = look(work, &run.group).await?;
            work.hold(&guard::group(seen.as_ref()))?;
            work.site.arm.check_group(&run.group, deployment).map_err(failed)?;
            if let Some(seen) = &seen {
                group::vacate(work, &run.group, seen, deployment).await?;
            }
            Ok(create(work, run, deployment, open(work, run), None).await?)
        }
        Begin::Start { resume } => start(work, run, resume.as_ref()).await.map(Begun::Runs),
        Begin::Exec(_) | Begin::Fan(_) => {
            Err(End::Failed { why: "it cannot be begun as a single weak run".to_owned(), help: None })
        }
    }
}

/// Creates the group of an attempt, with the intent in the tags of the same call.
pub(super) async fn create(
    work: &Work<'_>,
    run: &Run,
    deployment: &Deployment,
    record: Record,
    item: Option<&Item>,
) -> Result<Begun, Unmade> {
    let mut deployment = deployment.clone();
    let follows = run.recorded.as_ref().map(|recorded| recorded.id.clone());
    // Two ids and a name leave no room for an address in the tag of a group.
    let told = Record { source: None, ..record.clone() };
    deployment.tags.extend([intent_tag(&Intent { run: run.name.clone(), follows, record: told })]);
    if let Finish::Delete { .. } = run.finish {
        // The group is this run's alone, so its containers can be told which run they are.
        let mut told = record.id.environment(record.attempt).to_vec();
        if let Some(Item { index, text, group: _, adopt: _ }) = item {
            told.extend([("ACITASK_INDEX", index.to_string()), ("ACITASK_ITEM", text.clone())]);
        }
        for container in &mut deployment.group.containers {
            tell_run(&mut container.environment_variables, &told);
        }
    }
    let first = item.map_or(&run.group, |item| &item.group);
    let group = if item.is_some() { naming::attempt(first, record.attempt) } else { place(run, &record) };
    match group::put(work, &group, &deployment).await {
        Ok(_) => Ok(Begun::Runs(record)),
        Err(Unmade::Fault(fault)) if fault.is_of_content() => {
            let help = fault.help().map_or_else(String::new, |help| format!("; {help}"));
            let why = format!("it never started, because the service refuses its group: {fault}{help}");
            Ok(Begun::Refused(record, Outcome::Ended { exit: None, why, by: EndedBy::Task }))
        }
        Err(unmade) => Err(unmade),
    }
}

/// Adds what tells a container which run it is; what the manifest says of these names is left alone.
fn tell_run<S>(variables: &mut Vec<EnvironmentVariable<S>>, told: &[(&'static str, String)]) {
    for (name, value) in told {
        if !variables.iter().any(|variable| variable.name == *name) {
            let (name, value) = ((*name).to_owned(), Some(value.clone()));
            variables.push(EnvironmentVariable {
                name,
                value,
                secure_value: None,
                secure_value_reference: None,
            });
        }
    }
}

/// Starts the group that is there, stopping it first: a start on a group that has not been stopped may get stuck
/// (Microsoft's page "Container group transitioning state").
async fn start(work: &Work<'_>, run: &Run, resume: Option<&Record>) -> Result<Record, End> {
    if resume.is_none() {
        idle(work, run).await?;
    }
    group::settled(work, &run.group).await?;
    let seen = look(work, &run.group).await?;
    work.hold(&guard::group(seen.as_ref()))?;
    if let Some(open) = resume
        && started_since(work, run, open.container_start).await?
    {
        return Ok(open.clone());
    }
    // What starts now is what is wanted now, whatever the interrupted run was to be begun with.
    let begun = resume.cloned().unwrap_or_else(|| open(work, run));
    let record = Record { input: run.input.clone(), ..begun };
    begin_start(work, run, record).await
}

/// Waits until nothing runs in the group, where the plan says so.
async fn idle(work: &Work<'_>, run: &Run) -> Result<(), End> {
    if run.concurrency != Concurrency::Wait {
        return Ok(());
    }
    until(work, &run.group, LONGEST, |seen| {
        let state = seen.and_then(|seen| seen.container(&run.container)?.current.as_ref());
        match state {
            Some(state) if state.phase == Phase::Running => {
                Wait::Moving("waiting until what runs in the group has ended".to_owned())
            }
            _ => Wait::Over(()),
        }
    })
    .await
}

/// Records what is about to start, and starts it.
async fn begin_start(work: &Work<'_>, run: &Run, record: Record) -> Result<Record, End> {
    let seen = look(work, &run.group).await?;
    let before = seen.as_ref().and_then(|seen| seen.start_time(&run.container));
    let record = Record { container_start: before, ..record };
    ledger::write(work, run, &record).await?;
    let arm = work.site.arm;
    work.phase("stopping what is left of the run before");
    work.change(|| arm.stop_group(&work.warrant, &run.group)).await?;
    tokio::time::sleep(work.site.options.spacing).await;
    group::settled(work, &run.group).await?;
    work.phase("starting");
    // A task may be over before a lost answer is noticed, and a second start would run it again.
    let start = || arm.start_group(&work.warrant, &run.group);
    work.change_once(start, || started_since(work, run, before)).await?;
    Ok(record)
}

/// Whether the container has started since; looks more than once, because the view may be old.
async fn started_since(work: &Work<'_>, run: &Run, before: Option<Timestamp>) -> Result<bool, End> {
    let mut pace = Pace::new();
    work.phase("looking whether the start was made");
    for _ in 0..LOOKS {
        let seen = look(work, &run.group).await?;
        let start = seen.as_ref().and_then(|seen| seen.start_time(&run.container));
        if start.is_some() && start != before {
            return Ok(true);
        }
        pace.pause().await;
        group::settled(work, &run.group).await?;
    }
    Ok(false)
}

/// Follows the container's life and log to its end.
pub(super) async fn follow(
    work: &Work<'_>,
    run: &Run,
    group: &GroupId,
    before: Option<Timestamp>,
) -> Result<Outcome, End> {
    let mut pace = Pace::new();
    let mut told = Told::default();
    let mut said = String::new();
    let began = Instant::now();
    let mut started = false;
    loop {
        let seen = look(work, group).await?;
        let judgement = match &seen {
            None if group::unseen(began.elapsed()) => {
                judge::Judgement::Failed("its group is gone".to_owned())
            }
            None => judge::Judgement::Moving("waiting to see it".to_owned()),
            Some(seen) => {
                let judgement = judge::weak(seen, &run.container, before);
                if ran(seen, run, before) {
                    started = true;
                    told.attach(work, (group, &run.container)).await;
                    if let judge::Judgement::Moving(_) = judgement {
                        told.news(work, (group, &run.container)).await;
                    }
                }
                judgement
            }
        };
        let outcome = match judgement {
            judge::Judgement::Moving(phase) if !started && began.elapsed() > wait::PROVISIONING => {
                let minutes = wait::PROVISIONING.as_secs() / 60;
                Some(Outcome::Ended {
                    exit: None,
                    why: format!("not started after {minutes} minutes: {phase}"),
                    by: EndedBy::Task,
                })
            }
            judge::Judgement::Moving(phase) => {
                let phase = if started { phase } else { wait::with_event(phase, seen.as_ref(), before) };
                if phase != said {
                    pace.quicken();
                    work.phase(phase.clone());
                    said = phase;
                }
                None
            }
            judge::Judgement::Done(end) => Some(Outcome::Ended { exit: end.exit, why: end.why, by: end.by }),
            judge::Judgement::Failed(why) => Some(Outcome::Ended { exit: None, why, by: EndedBy::Task }),
        };
        if let Some(outcome) = outcome {
            told.end(work, (group, &run.container)).await;
            return Ok(outcome);
        }
        if let Some(allowed) = overdue(run, began) {
            told.news(work, (group, &run.container)).await;
            work.phase("taking too long: stopping it");
            work.change(|| work.site.arm.stop_group(&work.warrant, group)).await?;
            told.end(work, (group, &run.container)).await;
            return Ok(Outcome::TimedOut(Limit::Total, allowed));
        }
        if run.timeout.is_none() && began.elapsed() > LONGEST {
            return Err(End::Failed {
                why: "it still runs after a day, and is left running".to_owned(),
                help: Some("applying again follows it on; a `timeout` in its manifest ends it".to_owned()),
            });
        }
        pace.pause().await;
    }
}

fn overdue(run: &Run, began: Instant) -> Option<Duration> {
    run.timeout.map(|timeout| timeout.get()).filter(|allowed| began.elapsed() > *allowed)
}

/// Whether the container has begun this run, so that its log is this run's.
fn ran(seen: &SeenGroup, run: &Run, before: Option<Timestamp>) -> bool {
    seen.start_time(&run.container).is_some_and(|start| Some(start) != before)
}

pub(super) async fn finish(work: &Work<'_>, run: &Run, group: &GroupId, succeeded: bool) -> Result<(), End> {
    match run.finish {
        Finish::Leave => Ok(()),
        Finish::Stop => {
            tokio::time::sleep(work.site.options.spacing).await;
            work.change(|| work.site.arm.stop_group(&work.warrant, group)).await?;
            Ok(())
        }
        Finish::Delete { keep_on_success, keep_on_failure } => {
            let keep = if succeeded { keep_on_success } else { keep_on_failure };
            if keep { Ok(()) } else { group::remove(work, group).await }
        }
    }
}
