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
use crate::engine::wait::{Pace, look};
use crate::model::group::EnvironmentVariable;
use crate::model::observed::SeenGroup;
use crate::model::record::{Record, intent_tag};
use crate::plan::{Begin, Deployment, Finish, Run, guard, judge};

/// How often a start is looked for before it is taken as never made: a GET may show the old view for a while.
const SECOND_LOOKS: u32 = 8;

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
    let (tag, value) = intent_tag(&run.name, &record);
    deployment.tags.insert(tag, value);
    if let Finish::Delete { .. } = run.finish {
        // The group is this run's alone, so its containers can be told which run they are.
        for container in &mut deployment.group.containers {
            container.environment_variables.push(EnvironmentVariable {
                name: "ACITASK_RUN_ID".to_owned(),
                value: Some(record.id.to_string()),
                secure_value: None,
            });
        }
    }
    group::put(work, &run.group, &deployment).await?;
    Ok(record)
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
    let record = Record { container_start: before, ..resume.cloned().unwrap_or_else(|| open(work, run)) };
    ledger::write(work, run, &record).await?;
    let arm = work.site.arm;
    work.phase("stopping what is left of the run before");
    work.call(|| arm.stop_group(&work.warrant, &run.group)).await.map_err(failed)?;
    tokio::time::sleep(work.site.options.spacing).await;
    group::settled(work, &run.group).await?;
    work.phase("starting");
    work.call(|| arm.start_group(&work.warrant, &run.group)).await.map_err(failed)?;
    Ok(record)
}

/// Whether the container has started since; looks more than once, because the view may be old.
async fn started_since(work: &Work<'_>, run: &Run, before: Option<Timestamp>) -> Result<bool, End> {
    let mut pace = Pace::new();
    work.phase("looking whether the interrupted start was made");
    for _ in 0..SECOND_LOOKS {
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
    loop {
        let judgement = match look(work, &run.group).await? {
            None if group::unseen(began.elapsed()) => {
                judge::Judgement::Failed("its group is gone".to_owned())
            }
            None => judge::Judgement::Moving("waiting to see it".to_owned()),
            Some(seen) => {
                if ran(&seen, run, before) {
                    tell_log(work, run, &mut follower, false).await;
                }
                judge::weak(&seen, &run.container, before)
            }
        };
        let outcome = match judgement {
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
            work.call(|| work.site.arm.stop_group(&work.warrant, &run.group)).await.map_err(failed)?;
            return Ok(Outcome::TimedOut(allowed));
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
            work.call(|| work.site.arm.stop_group(&work.warrant, &run.group)).await.map_err(failed)?;
            Ok(())
        }
        Finish::Delete { keep_on_success, keep_on_failure } => {
            let keep = if outcome.succeeded() { keep_on_success } else { keep_on_failure };
            if keep { Ok(()) } else { group::remove(work, &run.group).await }
        }
    }
}
