//! Steps on resource groups.

use tokio::time::Instant;

use crate::arm::act::Scope;
use crate::engine::event::End;
use crate::engine::step::{Work, failed, stale};
use crate::engine::wait::{self, Pace};
use crate::model::name::Name;
use crate::model::observed::{SeenResource, SeenResourceGroup};
use crate::model::tag::Tags;
use crate::plan::{Action, Subject, TagEdit, guard};

/// How many foreign things are named.
const NAMED: usize = 10;

/// Creates the resource group.
pub(crate) async fn create(work: &Work<'_>, name: &Name, location: &str, tags: &Tags) -> Result<End, End> {
    let seen = look(work, name).await?;
    work.hold(&guard::resource_group(seen.as_ref()))?;
    let arm = work.site.arm;
    work.change(|| arm.put_resource_group(&work.warrant, name, location, tags)).await?;
    Ok(End::Done(String::new()))
}

/// Merges its tags.
pub(crate) async fn tag(work: &Work<'_>, name: &Name, edit_wanted: &TagEdit) -> Result<End, End> {
    let seen = look(work, name).await?;
    work.hold(&guard::resource_group(seen.as_ref()))?;
    edit(work, Scope::ResourceGroup(name.clone()), edit_wanted).await?;
    Ok(End::Done(String::new()))
}

/// Deletes the resource group, if nothing is left in it, and waits until it is gone.
///
/// Our own groups have been deleted one by one before: whatever is still there is somebody else's, or new.
pub(crate) async fn delete(work: &Work<'_>, name: &Name) -> Result<End, End> {
    let Some(seen) = look(work, name).await? else { return Ok(End::Done("it was gone already".to_owned())) };
    work.hold(&guard::resource_group(Some(&seen)))?;
    empty(work, name).await?;
    work.removal(|| work.site.arm.delete_resource_group(&work.warrant, name)).await?;
    gone(work, name).await?;
    Ok(End::Done(String::new()))
}

/// Waits until the resource group is listed as empty: a group that was just deleted may be listed for a while.
async fn empty(work: &Work<'_>, name: &Name) -> Result<(), End> {
    let mut pace = Pace::new();
    let began = Instant::now();
    loop {
        let left = work.call(|| work.site.arm.resources_in(name)).await.map_err(failed)?;
        let foreign: Vec<String> = left
            .iter()
            .filter(|resource| !is_deleted(work, name, resource))
            .map(|resource| format!("{} {}", resource.kind, resource.name))
            .collect();
        if !foreign.is_empty() {
            let named = foreign.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            return Err(stale(format!("not ours to delete, and in it now: {} ({named})", foreign.len())));
        }
        if left.is_empty() {
            return Ok(());
        }
        if began.elapsed() > wait::UNSEEN {
            return Err(stale(format!("{} groups are in it again, or still", left.len())));
        }
        work.phase("waiting for the deleted groups to leave its list");
        pace.pause().await;
    }
}

/// Whether a step of this plan, which came before, has deleted the resource.
fn is_deleted(work: &Work<'_>, resource_group: &Name, resource: &SeenResource) -> bool {
    let is_group = resource.kind.eq_ignore_ascii_case("Microsoft.ContainerInstance/containerGroups");
    is_group
        && work.site.plan.steps().iter().any(|step| match (&step.subject, &step.action) {
            (Subject::Group(id), Action::DeleteGroup { .. }) => {
                work.step.needs.contains(&step.id)
                    && id.resource_group == *resource_group
                    && id.name == resource.name
            }
            _ => false,
        })
}

async fn gone(work: &Work<'_>, name: &Name) -> Result<(), End> {
    let mut pace = Pace::new();
    let began = Instant::now();
    work.phase("waiting for the delete");
    while look(work, name).await?.is_some() {
        if began.elapsed() > wait::DELETING {
            let why = format!("gave up after {} minutes: it is still there", wait::DELETING.as_secs() / 60);
            return Err(End::Failed { why, help: None });
        }
        pace.pause().await;
    }
    Ok(())
}

/// Reads a resource group; retries what is worth it.
pub(crate) async fn look(work: &Work<'_>, name: &Name) -> Result<Option<SeenResourceGroup>, End> {
    work.call(|| work.site.arm.resource_group(name)).await.map_err(failed)
}

/// Merges tags of anything.
pub(crate) async fn edit(work: &Work<'_>, scope: Scope, edit: &TagEdit) -> Result<(), End> {
    let TagEdit { set, remove } = edit;
    let arm = work.site.arm;
    if !set.is_empty() {
        work.change(|| arm.merge_tags(&work.warrant, &scope, set)).await?;
    }
    if !remove.is_empty() {
        work.change(|| arm.delete_tags(&work.warrant, &scope, remove)).await?;
    }
    Ok(())
}
