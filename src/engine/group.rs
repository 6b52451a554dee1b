//! Steps on container groups.

use std::time::Duration;

use tokio::time::Instant;

use crate::arm::act::Scope;
use crate::engine::event::End;
use crate::engine::retry;
use crate::engine::step::{Work, failed};
use crate::engine::wait::{self, UNSEEN, Wait, look, until};
use crate::model::name::GroupId;
use crate::model::observed::SeenGroup;
use crate::plan::{Deployment, TagEdit, guard, judge};

/// Creates the group and waits until it is provisioned.
pub(crate) async fn create(work: &Work<'_>, id: &GroupId, deployment: &Deployment) -> Result<End, End> {
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    put(work, id, deployment).await?;
    let seen = provisioned(work, id).await?;
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
    put(work, id, deployment).await?;
    provisioned(work, id).await?;
    edit_tags(work, id, edit).await?;
    Ok(End::Done(String::new()))
}

/// Merges tags.
pub(crate) async fn tag(work: &Work<'_>, id: &GroupId, edit: &TagEdit) -> Result<End, End> {
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    edit_tags(work, id, edit).await?;
    Ok(End::Done(String::new()))
}

/// Deletes the group and waits until it is gone.
pub(crate) async fn delete(work: &Work<'_>, id: &GroupId) -> Result<End, End> {
    let seen = look(work, id).await?;
    if seen.is_some() {
        work.hold(&guard::group(seen.as_ref()))?;
        remove(work, id).await?;
    }
    Ok(End::Done(String::new()))
}

/// Starts the group and waits until it is up.
pub(crate) async fn start(work: &Work<'_>, id: &GroupId) -> Result<End, End> {
    settled(work, id).await?;
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    work.call(|| work.site.arm.start_group(&work.warrant, id)).await.map_err(failed)?;
    provisioned(work, id).await?;
    Ok(End::Done(String::new()))
}

/// Stops the group.
pub(crate) async fn stop(work: &Work<'_>, id: &GroupId) -> Result<End, End> {
    settled(work, id).await?;
    work.hold(&guard::group(look(work, id).await?.as_ref()))?;
    work.call(|| work.site.arm.stop_group(&work.warrant, id)).await.map_err(failed)?;
    settled(work, id).await?;
    Ok(End::Done(String::new()))
}

/// Deletes the group, whatever its guard, and waits until it is gone.
pub(crate) async fn remove(work: &Work<'_>, id: &GroupId) -> Result<(), End> {
    work.call(|| work.site.arm.delete_group(&work.warrant, id)).await.map_err(failed)?;
    until(work, id, wait::DELETING, |seen| match seen {
        None => Wait::Over(()),
        Some(_) => Wait::Moving("waiting for the delete".to_owned()),
    })
    .await
}

/// Sends the group. Where the answer is lost, looks whether the group is there as it was sent, because a second PUT
/// restarts its containers.
pub(crate) async fn put(work: &Work<'_>, id: &GroupId, deployment: &Deployment) -> Result<(), End> {
    let mut tries = 0;
    loop {
        tries += 1;
        let Err(fault) = work.site.arm.put_group(&work.warrant, id, deployment).await else { return Ok(()) };
        if wait::uncertain(&fault)
            && guard::group(look(work, id).await?.as_ref()) == guard::deployed(deployment)
        {
            return Ok(());
        }
        let Some(after) = retry::pause(&fault, tries) else { return Err(failed(fault)) };
        work.retrying(&fault, after);
        tokio::time::sleep(after).await;
    }
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
pub(crate) async fn provisioned(work: &Work<'_>, id: &GroupId) -> Result<SeenGroup, End> {
    let began = Instant::now();
    until(work, id, wait::PROVISIONING, |seen| match seen {
        None if unseen(began.elapsed()) => Wait::Failed(End::Stale { what: "it is gone again".to_owned() }),
        None => Wait::Moving("waiting to see it".to_owned()),
        Some(seen) => match judge::settled(seen) {
            judge::Judgement::Moving(phase) => Wait::Moving(phase),
            judge::Judgement::Done(()) => Wait::Over(seen.clone()),
            judge::Judgement::Failed(why) => Wait::Failed(End::Failed { why, help: None }),
        },
    })
    .await
}

/// Whether a thing that was made so long ago must be there.
pub(crate) fn unseen(since: Duration) -> bool {
    since > UNSEEN
}

async fn edit_tags(work: &Work<'_>, id: &GroupId, edit: &TagEdit) -> Result<(), End> {
    super::resource_group::edit(work, Scope::Group(id.clone()), edit).await
}
