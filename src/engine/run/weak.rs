//! A weak run: a group starts, its container works and dies.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::event::{End, Stream};
use crate::engine::group;
use crate::engine::ledger;
use crate::engine::logs::Follower;
use crate::engine::run::{Outcome, close, open};
use crate::engine::step::{Work, failed};
use crate::engine::wait::{self, LOOKS, Pace, look};
use crate::model::group::EnvironmentVariable;
use crate::model::observed::SeenGroup;
use crate::model::record::{Intent, Record, RunId, intent_tag};
use crate::plan::{Begin, Deployment, Finish, Run, guard, judge};

/// How long a run without a time-out is followed: a day, so that every wait ends.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Begins or adopts the run, follows it to its end, records the end, and finishes with its group.
pub(crate) async fn run(work: &Work<'_>, run: &Run) -> Result<End, End> {
    let record = begin(work, run).await?;
    let outcome = follow(work, run, record.container_start).await?;
    close(work, run, &record, &outcome).await?;
    finish(work, run, &outcome).await?;
    Ok(outcome.end())
}

async fn begin(work: &Work<'_>, run: &Run) -> Result<Record, End> {
    match &run.begin {
        Begin::Adopt(record) => Ok(record.clone()),
        Begin::Create(deployment) => {
            work.hold(&guard::group(look(work, &run.group).await?.as_ref()))?;
            create(work, run, deployment).await
        }
        Begin::Replace(deployment) => {
            let seen = look(work, &run.group).await?;
            work.hold(&guard::group(seen.as_ref()))?;
            work.site.arm.check_group(&run.group, deployment).map_err(failed)?;
            group::remove(work, &run.group).await?;
            create(work, run, deployment).await
        }
        Begin::Start { resume } => start(work, run, resume.as_ref()).await,
        Begin::Exec(_) => {
            Err(End::Failed { why: "a strong run cannot be begun as a weak one".to_owned(), help: None })
        }
    }
}

/// Creates the group, with the intent in the tags of the same call.
async fn create(work: &Work<'_>, run: &Run, deployment: &Deployment) -> Result<Record, End> {
    let record = open(work, run);
    let mut deployment = deployment.clone();
    let follows = run.recorded.as_ref().map(|recorded| recorded.id.clone());
    let intent = Intent { run: run.name.clone(), follows, record };
    deployment.tags.extend([intent_tag(&intent)]);
    let Intent { run: _, follows: _, record } = intent;
    if let Finish::Delete { .. } = run.finish {
        // The group is this run's alone, so its containers can be told which run they are.
        for container in &mut deployment.group.containers {
            tell_run(&mut container.environment_variables, &record.id);
        }
    }
    group::put(work, &run.group, &deployment).await?;
    Ok(record)
}

/// Adds what tells a container which run it is; what the manifest says of these names is left alone.
fn tell_run<S>(variables: &mut Vec<EnvironmentVariable<S>>, run: &RunId) {
    for (name, value) in run.environment() {
        if !variables.iter().any(|variable| variable.name == name) {
            let name = name.to_owned();
            variables.push(EnvironmentVariable {
                name,
                value: Some(value),
                secure_value: None,
                secure_value_reference: None,
            });
        }
    }
}

/// Starts the group that is there, stopping it first: a start on a group that has not been stopped may get stuck
/// (Microsoft's page "Container group transitioning state").
async fn start(work: &Work<'_>, run: &Run, resume: Option<&Record>) -> Result<Record, End> {
    group::settled(work, &run.group).await?;
    let seen = look(work, &run.group).await?;
    work.hold(&guard::group(seen.as_ref()))?;
    let before = seen.as_ref().and_then(|seen| seen.start_time(&run.container));
    if let Some(open) = resume
        && started_since(work, run, open.container_start).await?
    {
        return Ok(open.clone());
    }
    // What starts now is what is wanted now, whatever the interrupted run was to be begun with.
    let begun = resume.cloned().unwrap_or_else(|| open(work, run));
    let record = Record { container_start: before, input: run.input.clone(), ..begun };
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
async fn follow(work: &Work<'_>, run: &Run, before: Option<Timestamp>) -> Result<Outcome, End> {
    let mut pace = Pace::new();
    let mut follower = Follower::default();
    let mut said = String::new();
    let began = Instant::now();
    let mut started = false;
    loop {
        let judgement = match look(work, &run.group).await? {
            None if group::unseen(began.elapsed()) => {
                judge::Judgement::Failed("its group is gone".to_owned())
            }
            None => judge::Judgement::Moving("waiting to see it".to_owned()),
            Some(seen) => {
                if ran(&seen, run, before) {
                    started = true;
                    tell_log(work, run, &mut follower, false).await;
                }
                judge::weak(&seen, &run.container, before)
            }
        };
        let outcome = match judgement {
            judge::Judgement::Moving(phase) if !started && began.elapsed() > wait::PROVISIONING => {
                let minutes = wait::PROVISIONING.as_secs() / 60;
                Some(Outcome::Ended {
                    exit: None,
                    why: format!("not started after {minutes} minutes: {phase}"),
                })
            }
            judge::Judgement::Moving(phase) => {
                if phase != said {
                    pace.quicken();
                    work.phase(phase.clone());
                    said = phase;
                }
                None
            }
            judge::Judgement::Done(end) => Some(Outcome::Ended { exit: end.exit, why: end.why }),
            judge::Judgement::Failed(why) => Some(Outcome::Ended { exit: None, why }),
        };
        if let Some(outcome) = outcome {
            tell_log(work, run, &mut follower, true).await;
            return Ok(outcome);
        }
        if let Some(allowed) = overdue(run, began) {
            tell_log(work, run, &mut follower, true).await;
            work.phase("taking too long: stopping it");
            work.change(|| work.site.arm.stop_group(&work.warrant, &run.group)).await?;
            return Ok(Outcome::TimedOut(allowed));
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

/// Tells what is new in the log. A log that cannot be read never changes what becomes of a run.
async fn tell_log(work: &Work<'_>, run: &Run, follower: &mut Follower, ended: bool) {
    match work.site.arm.logs(&run.group, &run.container, None, true).await {
        Ok(content) => {
            let news = follower.read(&content, ended);
            if news.gap {
                work.line(Stream::Errors, "… some lines were lost here …");
            }
            for line in news.lines {
                work.line(Stream::Output, line);
            }
        }
        Err(fault) => tracing::debug!(%fault, group = %run.group, "the log cannot be read"),
    }
}

async fn finish(work: &Work<'_>, run: &Run, outcome: &Outcome) -> Result<(), End> {
    match run.finish {
        Finish::Leave => Ok(()),
        Finish::Stop => {
            tokio::time::sleep(work.site.options.spacing).await;
            work.change(|| work.site.arm.stop_group(&work.warrant, &run.group)).await?;
            Ok(())
        }
        Finish::Delete { keep_on_success, keep_on_failure } => {
            let keep = if outcome.succeeded() { keep_on_success } else { keep_on_failure };
            if keep { Ok(()) } else { group::remove(work, &run.group).await }
        }
    }
}
