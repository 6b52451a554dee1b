//! Steps on container groups.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::arm::act::Scope;
use crate::arm::fault::Fault;
use crate::arm::operation::Accepted;
use crate::engine::event::End;
use crate::engine::pacer::Kind;
use crate::engine::step::{Unmade, Work, failed};
use crate::engine::wait::{self, LOOKS, Pace, UNSEEN, Wait, look, until, until_about};
use crate::engine::{retry, room};
use crate::model::name::GroupId;
use crate::model::observed::SeenGroup;
use crate::model::tag::{INTENT, PENDING, lookup};
use crate::plan::{Deployment, TagEdit, guard, judge, pending};

/// Creates the group and waits until it is provisioned.
pub(crate) async fn create(work: &Work<'_>, id: &GroupId, deployment: &Deployment) -> Result<End, End> {
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    let accepted = put(work, id, deployment).await?;
    let seen = provisioned(work, id, accepted).await?;
    Ok(End::Done(seen.ip.map_or_else(String::new, |ip| format!("at {}", seen.fqdn.unwrap_or(ip)))))
}

/// Replaces the group's properties, then merges its tags: a PUT may leave them as they were.
pub(crate) async fn update(
    work: &Work<'_>,
    id: &GroupId,
    deployment: &Deployment,
    edit: &TagEdit,
) -> Result<End, End> {
    settled(work, id).await?;
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    begun(work, id, deployment).await?;
    let accepted = put(work, id, deployment).await?;
    // What comes next needs the new containers, so the old view is waited out; one that never shows what was sent is no
    // reason to stop here, and the next plan tells the difference.
    shows(work, id, deployment).await?;
    provisioned(work, id, accepted).await?;
    let mut edit = edit.clone();
    edit.remove.insert(PENDING.to_owned());
    edit_tags(work, id, &edit).await?;
    Ok(End::Done(String::new()))
}

/// Tells in the group's tags that an update begins, so that whoever is interrupted after it does not make it again.
async fn begun(work: &Work<'_>, id: &GroupId, deployment: &Deployment) -> Result<(), End> {
    let now = work.site.arm.service_time().unwrap_or_else(|| work.site.options.clock.now());
    // The service tells whole seconds: whatever started within this one started before.
    let at = now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now);
    let set = [pending::tag(&deployment.tags, at)].into();
    edit_tags(work, id, &TagEdit { set, ..TagEdit::default() }).await
}

/// Merges tags.
pub(crate) async fn tag(work: &Work<'_>, id: &GroupId, edit: &TagEdit) -> Result<End, End> {
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    edit_tags(work, id, edit).await?;
    Ok(End::Done(String::new()))
}

/// Deletes the group and waits until it is gone; where something is to take its place, only if the region has room for that.
pub(crate) async fn delete(
    work: &Work<'_>,
    id: &GroupId,
    successor: Option<&Deployment>,
) -> Result<End, End> {
    if let Some(seen) = look(work, id).await? {
        work.hold(&guard::group(Some(&seen)))?;
        match successor {
            Some(deployment) => vacate(work, id, &seen, deployment).await?,
            None => remove(work, id).await?,
        }
    }
    Ok(End::Done(String::new()))
}

/// Deletes the group for another of its name, if the region has room for that one.
pub(crate) async fn vacate(
    work: &Work<'_>,
    id: &GroupId,
    seen: &SeenGroup,
    deployment: &Deployment,
) -> Result<(), End> {
    room::admit(work, id, seen, deployment).await?;
    let removed = remove(work, id).await;
    if removed.is_err() {
        room::over(work, id, deployment).await;
    }
    removed
}

/// Starts the group and waits until it is up.
pub(crate) async fn start(work: &Work<'_>, id: &GroupId) -> Result<End, End> {
    if !work.step.needs.is_empty() {
        // It was stopped just before.
        tokio::time::sleep(work.site.options.spacing).await;
    }
    settled(work, id).await?;
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    let accepted = work.change(|| work.site.arm.start_group(&work.warrant, id)).await?;
    provisioned(work, id, Some(accepted)).await?;
    Ok(End::Done(String::new()))
}

/// Stops the group.
pub(crate) async fn stop(work: &Work<'_>, id: &GroupId) -> Result<End, End> {
    settled(work, id).await?;
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    work.change(|| work.site.arm.stop_group(&work.warrant, id)).await?;
    settled(work, id).await?;
    Ok(End::Done(String::new()))
}

/// Deletes the group, whatever its guard, and waits until it is gone.
pub(crate) async fn remove(work: &Work<'_>, id: &GroupId) -> Result<(), End> {
    // A delete does not tell the region; those of all are counted together, which is never too many.
    let delete = || async {
        paced(work, Kind::Delete, "").await;
        let answer = work.site.arm.delete_group(&work.warrant, id).await;
        learned(work, Kind::Delete, "");
        answer
    };
    work.removal(delete).await?;
    work.site.deleted.store(true, Ordering::Relaxed);
    until(work, id, wait::DELETING, |seen| match seen {
        None => Wait::Over(()),
        Some(_) => Wait::Moving("waiting for the delete".to_owned()),
    })
    .await
}

/// Sends the group. Where the answer is lost, looks whether the group is there as it was sent, because a second PUT
/// restarts its containers.
pub(crate) async fn put(
    work: &Work<'_>,
    id: &GroupId,
    deployment: &Deployment,
) -> Result<Option<Accepted>, Unmade> {
    let put = || work.site.arm.put_group(&work.warrant, id, deployment);
    let tell = |fault: &Fault, alive| {
        work.phase(format!("waiting for quota while {alive} of our groups are alive: {fault}"));
    };
    let send = || async {
        paced(work, Kind::Create, &deployment.location).await;
        let pause = |fault: &Fault, tries| {
            retry::pause_after_delete(fault, tries).filter(|_| work.site.deleted.load(Ordering::Relaxed))
        };
        let patiently = || work.site.crowd.patiently(put, tell);
        let answer = retry::retrying(pause, patiently, |fault, after| work.retrying(fault, after)).await;
        learned(work, Kind::Create, &deployment.location);
        answer
    };
    let sent = work.change_once(send, || shows(work, id, deployment)).await;
    room::over(work, id, deployment).await;
    sent
}

/// Waits until the service allows one more change in the region, and tells for how long.
async fn paced(work: &Work<'_>, kind: Kind, region: &str) {
    let what = match kind {
        Kind::Create => "creates",
        Kind::Delete => "deletes",
    };
    let tell = |wait: Duration| {
        work.phase(format!("waiting {} s for the region's rate of {what}", wait.as_secs()));
    };
    work.site.pacer.change(kind, region, tell).await;
}

/// Learns from the last answer how many more changes the service allows.
fn learned(work: &Work<'_>, kind: Kind, region: &str) {
    let method = match kind {
        Kind::Create => "PUT",
        Kind::Delete => "DELETE",
    };
    work.site.pacer.learn(kind, region, work.site.arm.remaining(method));
}

/// Whether the group is seen as it was sent, down to the run that the PUT begins. Looks more than once, because a change
/// may not be seen for a while.
async fn shows(work: &Work<'_>, id: &GroupId, deployment: &Deployment) -> Result<bool, End> {
    let mut pace = Pace::new();
    for _ in 0..LOOKS {
        if let Some(seen) = look(work, id).await? {
            let intended = lookup(&deployment.tags, INTENT);
            let same_run = intended.is_none() || intended == lookup(&seen.tags, INTENT);
            if same_run && guard::group(Some(&seen)) == guard::deployed(deployment) {
                return Ok(true);
            }
        }
        pace.pause().await;
    }
    Ok(false)
}

/// Waits until nothing is under way on the group any more.
pub(crate) async fn settled(work: &Work<'_>, id: &GroupId) -> Result<(), End> {
    until(work, id, wait::PROVISIONING, |seen| match seen {
        Some(seen) if !seen.provisioning.settled() => {
            Wait::Moving(format!("waiting while it is {}", seen.provisioning))
        }
        _ => Wait::Over(()),
    })
    .await
}

/// Waits until the group is provisioned, and fails with the service's reason where it will not be.
async fn provisioned(work: &Work<'_>, id: &GroupId, accepted: Option<Accepted>) -> Result<SeenGroup, End> {
    let began = Instant::now();
    let outcome = until_about(work, id, (wait::PROVISIONING, &work.site.provisioning), |seen| match seen {
        None if unseen(began.elapsed()) => Wait::Failed(End::Stale { what: "it is gone again".to_owned() }),
        None => Wait::Moving("waiting to see it".to_owned()),
        Some(seen) => match judge::settled(seen) {
            judge::Judgement::Moving(phase) => Wait::Moving(phase),
            judge::Judgement::Done(()) => Wait::Over(seen.clone()),
            judge::Judgement::Failed(why) => Wait::Failed(End::Failed { why, help: None }),
        },
    });
    match outcome.await {
        Ok(seen) => Ok(seen),
        Err(end) => Err(with_cause(work, end, accepted).await),
    }
}

/// A failure with what the operation says of it: where a group never came to be, no event tells why.
async fn with_cause(work: &Work<'_>, end: End, accepted: Option<Accepted>) -> End {
    let Some(address) = accepted.and_then(|accepted| accepted.operation) else { return end };
    let operation = work.call(|| work.site.arm.operation(&address)).await;
    let Some(cause) = operation.ok().and_then(|operation| operation.error) else { return end };
    match end {
        End::Failed { why, help } => {
            let help = cause.help().map(str::to_owned).or(help);
            let why = if why.contains(&cause.message) { why } else { format!("{why} ({cause})") };
            End::Failed { why, help }
        }
        End::Stale { .. } => failed(cause),
        end => end,
    }
}

/// Whether a thing that was made so long ago must be there.
pub(crate) fn unseen(since: Duration) -> bool {
    since > UNSEEN
}

async fn edit_tags(work: &Work<'_>, id: &GroupId, edit: &TagEdit) -> Result<(), End> {
    super::resource_group::edit(work, Scope::Group(id.clone()), edit).await
}
