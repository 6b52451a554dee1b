//! Steps on resource groups.

use std::fmt::Write as _;

use tokio::time::Instant;

use crate::arm::act::Scope;
use crate::engine::event::End;
use crate::engine::step::{Work, failed, stale};
use crate::engine::wait::{self, Pace};
use crate::model::name::Name;
use crate::model::observed::SeenResourceGroup;
use crate::model::tag::Tags;
use crate::plan::{TagEdit, guard};

/// Creates the resource group.
pub(crate) async fn create(work: &Work<'_>, name: &Name, location: &str, tags: &Tags) -> Result<End, End> {
    let seen = look(work, name).await?;
    work.hold(&guard::resource_group(seen.as_ref()))?;
    let arm = work.site.arm;
    work.call(|| arm.put_resource_group(&work.warrant, name, location, tags)).await.map_err(failed)?;
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
    let left = work.call(|| work.site.arm.resources_in(name)).await.map_err(failed)?;
    if !left.is_empty() {
        let mut what = format!("{} resources are in it that are not ours to delete:", left.len());
        for resource in left.iter().take(10) {
            // Writing to a String cannot fail.
            let _ = write!(what, " {} ({})", resource.name, resource.kind);
        }
        return Err(stale(what));
    }
    work.call(|| work.site.arm.delete_resource_group(&work.warrant, name)).await.map_err(failed)?;
    gone(work, name).await?;
    Ok(End::Done(String::new()))
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
        work.call(|| arm.merge_tags(&work.warrant, &scope, set)).await.map_err(failed)?;
    }
    if !remove.is_empty() {
        work.call(|| arm.delete_tags(&work.warrant, &scope, remove)).await.map_err(failed)?;
    }
    Ok(())
}
