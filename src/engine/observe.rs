//! Reads what there is, with as few calls as will do: two lists, then only what a plan needs to know more about.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::try_join_all;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::arm::Arm;
use crate::arm::fault::{Fault, FaultKind};
use crate::engine::retry::quietly;
use crate::model::name::{GroupId, Name};
use crate::model::observed::{Observed, SeenGroup, SeenResourceGroup};
use crate::model::stack::Stack;
use crate::plan::reconcile::{self, Request};

/// How many reads are under way at once; a subscription may make 25 a second
/// (Microsoft's page "Understand how Azure Resource Manager throttles requests").
const WIDTH: usize = 16;

/// Reads what a plan of this stack needs to know. It sends GET only.
///
/// # Errors
/// A read that failed, after the retries that such a fault is worth.
pub async fn observe(arm: &Arm, stack: &Stack, request: &Request) -> Result<Observed, Fault> {
    let (resource_groups, groups) = tokio::join!(quietly(|| arm.resource_groups()), quietly(|| arm.groups()));
    let mut observed = Observed::default();
    let resource_groups = match resource_groups {
        Err(fault) if fault.kind == FaultKind::Denied => {
            observed
                .unseen
                .push("the resource groups of the subscription (no right to list them)".to_owned());
            declared_resource_groups(arm, stack).await?
        }
        other => other?,
    };
    let groups = match groups {
        Err(fault) if fault.kind == FaultKind::Denied => {
            observed.unseen.push(
                "container groups outside of the declared resource groups (no right to list them)".to_owned(),
            );
            groups_of(arm, &resource_groups, stack).await?
        }
        other => other?,
    };
    observed.resource_groups = resource_groups.into_iter().map(|seen| (seen.name.clone(), seen)).collect();
    observed.groups = groups.into_iter().map(|seen| (seen.id.clone(), seen)).collect();
    look_closer(arm, stack, request, &mut observed).await?;
    observed.now = arm.service_time();
    Ok(observed)
}

async fn declared_resource_groups(arm: &Arm, stack: &Stack) -> Result<Vec<SeenResourceGroup>, Fault> {
    let names = stack.resource_groups.values().map(|declared| declared.name.clone());
    let read = |arm: Arm, name: Name| async move { quietly(|| arm.resource_group(&name)).await };
    let found: Vec<Option<SeenResourceGroup>> = each(arm, names, read).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn groups_of(arm: &Arm, seen: &[SeenResourceGroup], stack: &Stack) -> Result<Vec<SeenGroup>, Fault> {
    let declared: BTreeSet<&Name> = stack.resource_groups.values().map(|declared| &declared.name).collect();
    let names = seen.iter().map(|seen| &seen.name).filter(|name| declared.contains(name)).cloned();
    let read = |arm: Arm, name: Name| async move { quietly(|| arm.groups_in(&name)).await };
    let lists: Vec<Vec<SeenGroup>> = each(arm, names, read).await?;
    Ok(lists.into_iter().flatten().collect())
}

/// A list shows no instance view and no other resources: reads those that the plan decides by.
async fn look_closer(
    arm: &Arm,
    stack: &Stack,
    request: &Request,
    observed: &mut Observed,
) -> Result<(), Fault> {
    let reads = reconcile::needs(stack, observed, request);
    observed.settled = reads.settled;
    look_at(arm, reads.groups, observed).await?;
    let read = |arm: Arm, name: Name| async move {
        let resources = quietly(|| arm.resources_in(&name)).await?;
        Ok((name, resources))
    };
    let listings: Vec<(Name, Vec<_>)> = each(arm, reads.listings, read).await?;
    for (name, resources) in listings {
        if let Some(seen) = observed.resource_groups.get_mut(&name) {
            seen.resources = Some(resources);
        }
    }
    Ok(())
}

/// Reads the instance view of every group that the stack declares or that its owner has. It sends GET only.
///
/// # Errors
/// A read that failed, after the retries that such a fault is worth.
pub async fn view(arm: &Arm, stack: &Stack, observed: &mut Observed) -> Result<(), Fault> {
    let declared: BTreeSet<&GroupId> = stack.groups.values().map(|group| &group.id).collect();
    let concerns = |seen: &SeenGroup| declared.contains(&seen.id) || seen.belongs_to(&stack.project.owner);
    let bare = observed.groups.values().filter(|seen| seen.view.is_none() && concerns(seen));
    let bare: Vec<GroupId> = bare.map(|seen| seen.id.clone()).collect();
    look_at(arm, bare, observed).await
}

/// Reads one resource group and every container group in it; nothing where it is not there. It sends GET only.
///
/// # Errors
/// A read that failed, after the retries that such a fault is worth.
pub async fn survey(arm: &Arm, resource_group: &Name) -> Result<Option<Observed>, Fault> {
    let Some(seen) = quietly(|| arm.resource_group(resource_group)).await? else { return Ok(None) };
    let listed = quietly(|| arm.groups_in(resource_group)).await?;
    let ids: Vec<GroupId> = listed.iter().map(|seen| seen.id.clone()).collect();
    let mut observed = Observed::default();
    observed.resource_groups.insert(seen.name.clone(), seen);
    look_at(arm, ids, &mut observed).await?;
    Ok(Some(observed))
}

async fn look_at(
    arm: &Arm,
    ids: impl IntoIterator<Item = GroupId>,
    observed: &mut Observed,
) -> Result<(), Fault> {
    let read = |arm: Arm, id: GroupId| async move {
        let seen = quietly(|| arm.group(&id)).await?;
        Ok((id, seen))
    };
    let views: Vec<(GroupId, Option<SeenGroup>)> = each(arm, ids, read).await?;
    for (id, seen) in views {
        match seen {
            Some(seen) => drop(observed.groups.insert(id, seen)),
            None => drop(observed.groups.remove(&id)),
        }
    }
    Ok(())
}

/// Reads each of these, so many at once, in tasks that take the next one when they have read one: a thousand answers are
/// not all read by one core, and no task outlives this.
async fn each<K, T, F>(
    arm: &Arm,
    keys: impl IntoIterator<Item = K>,
    read: impl Fn(Arm, K) -> F + Clone + Send + Sync + 'static,
) -> Result<Vec<T>, Fault>
where
    K: Send + 'static,
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    let keys: VecDeque<K> = keys.into_iter().collect();
    let width = WIDTH.min(keys.len());
    let keys = Arc::new(Mutex::new(keys));
    let lane = |_| {
        let (arm, keys, read) = (arm.clone(), keys.clone(), read.clone());
        let next = move || keys.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let lane = async move {
            let mut found = Vec::new();
            while let Some(key) = next() {
                found.push(read(arm.clone(), key).await?);
            }
            Ok(found)
        };
        AbortOnDropHandle::new(tokio::spawn(lane))
    };
    let fell = |error: JoinError| Fault::own(FaultKind::Protocol, error);
    let lanes = (0..width).map(lane).map(|lane| lane.map(|found| found.map_err(fell).flatten()));
    let found: Vec<Vec<T>> = try_join_all(lanes).await?;
    Ok(found.into_iter().flatten().collect())
}
