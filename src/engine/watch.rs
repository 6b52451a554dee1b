//! Waiting steps of one resource group share their looks at it: where more than a few wait, the list tells which groups
//! are still on the move, and only those that no longer are, are read one by one.
//!
//! Invariant: the list only ever spares a read of a group that it shows on the move; whatever a wait is waiting for is
//! judged by the group itself, whose instance view no list shows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::event::End;
use crate::engine::step::{Work, failed};
use crate::model::name::{GroupId, Name};
use crate::model::observed::Provisioning;

/// So many waiting steps of a resource group look for themselves.
const FEW: usize = 3;
/// How old a list may be that answers for another look.
const FRESH: Duration = Duration::from_millis(250);
/// A list of more than so many groups a waiting step costs more than the looks that it spares.
const WORTH: usize = 4;

/// Who waits where, and what the lists said.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<BTreeMap<Name, Arc<Place>>>);

#[derive(Debug, Default)]
struct Place {
    waiting: AtomicUsize,
    listed: tokio::sync::Mutex<Option<Listed>>,
}

#[derive(Debug)]
struct Listed {
    at: Instant,
    moving: BTreeMap<Name, String>,
    groups: usize,
}

/// A step that waits, until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<Place>);

impl Watch {
    /// One more step waits for something in this resource group.
    pub(crate) fn join(&self, resource_group: &Name) -> Waiting {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Arc::clone(places.entry(resource_group.clone()).or_default());
        place.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(place)
    }
}

impl Waiting {
    /// The word of the list for what goes on in the group; nothing where the group itself is to be looked at.
    pub(crate) async fn moving(&self, work: &Work<'_>, id: &GroupId) -> Result<Option<String>, End> {
        let waiting = self.0.waiting.load(Ordering::Relaxed);
        if waiting <= FEW {
            return Ok(None);
        }
        let mut listed = self.0.listed.lock().await;
        let fresh = listed.as_ref().filter(|listed| listed.at.elapsed() <= FRESH);
        if let Some(listed) = fresh {
            return Ok(listed.moving.get(&id.name).cloned());
        }
        if listed.as_ref().is_some_and(|listed| listed.groups > waiting * WORTH) {
            return Ok(None);
        }
        let seen = work.call(|| work.site.arm.groups_in(&id.resource_group)).await.map_err(failed)?;
        let groups = seen.len();
        let moving = seen.into_iter().filter_map(|seen| match seen.provisioning {
            Provisioning::Moving(word) => Some((seen.id.name, word)),
            Provisioning::Succeeded | Provisioning::Failed => None,
        });
        let now = Listed { at: Instant::now(), moving: moving.collect(), groups };
        let told = now.moving.get(&id.name).cloned();
        *listed = Some(now);
        Ok(told)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
