//! The advisory lease, which keeps two applies of one owner apart: a tag on a resource group with its holder and its
//! expiry.
//!
//! Tags have no compare-and-set, so it is written, and read again after a while: of two who wrote at once the second one
//! has it. What it cannot keep apart the guards of the steps catch. Times in it are the service's, as far as it tells them.
//!
//! An apply that is killed leaves its lease. It holds nobody back for longer than its time, and none of the same machine at
//! all; whoever applies next takes it over and gives it back. Only an empty plan writes nothing, so after a kill that came
//! when all was done the tag stands until there is something to do again.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::arm::act::Scope;
use crate::engine::apply::Site;
use crate::engine::retry::quietly;
use crate::model::name::Name;
use crate::model::tag::{LEASE, Tags, lookup};
use crate::plan::StepId;

/// For how long it is written; it is renewed at a third of that.
const HOLD: Duration = Duration::from_secs(600);
/// The version of its text.
const VERSION: &str = "v1";

/// Who wants the lease, and where.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The resource group whose tag it is.
    pub resource_group: Name,
    /// Who holds it, for people.
    pub holder: String,
    /// Whether it is taken whoever has it.
    pub breaks: bool,
    /// Whether a holder is known to be no more, such as a process of this machine that was killed.
    pub is_over: fn(&str) -> bool,
}

/// Somebody else has the lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{holder} applies this project at the moment, and has it until {until}")]
pub struct Held {
    /// Who.
    pub holder: String,
    /// Until when, unless it is renewed; by the service's clock.
    pub until: Timestamp,
}

/// Takes the lease; true once it is taken, false where its resource group is not there yet.
///
/// A lease that cannot be written is no reason to stop: it is advisory.
///
/// # Errors
/// Somebody else has it.
pub(crate) async fn take(site: &Site<'_>, claim: &Claim) -> Result<bool, Held> {
    let Some(found) = read(site, claim).await else { return Ok(false) };
    let others = |held: &Held| held.holder != claim.holder && !(claim.is_over)(&held.holder);
    if let Some(held) = found.filter(|held| !claim.breaks && others(held) && held.until > now(site)) {
        return Err(held);
    }
    let text = write(site, claim).await;
    // Whoever wrote at the same time has written by then.
    tokio::time::sleep(site.options.spacing / 5).await;
    match (text, read(site, claim).await.flatten()) {
        (Some(_), Some(held)) if held.holder != claim.holder => Err(held),
        _ => Ok(true),
    }
}

/// Renews the lease for as long as this is polled.
pub(crate) async fn keep(site: &Site<'_>, claim: &Claim) {
    loop {
        tokio::time::sleep(HOLD / 3).await;
        write(site, claim).await;
    }
}

/// Gives the lease back, if it is still there and ours.
pub(crate) async fn give_back(site: &Site<'_>, claim: &Claim) {
    let own = read(site, claim).await.flatten().is_some_and(|held| held.holder == claim.holder);
    let Some(warrant) = site.plan.warrant(StepId(0)).filter(|_| own) else { return };
    let scope = Scope::ResourceGroup(claim.resource_group.clone());
    let names = BTreeSet::from([LEASE.to_owned()]);
    if let Err(fault) = quietly(|| site.arm.delete_tags(&warrant, &scope, &names)).await {
        tracing::warn!(%fault, "the lease could not be given back; it expires by itself");
    }
}

/// The lease as it stands; absent where its resource group is not there.
async fn read(site: &Site<'_>, claim: &Claim) -> Option<Option<Held>> {
    match quietly(|| site.arm.resource_group(&claim.resource_group)).await {
        Ok(seen) => seen.map(|seen| held(&seen.tags)),
        Err(fault) => {
            tracing::warn!(%fault, "the lease cannot be read");
            None
        }
    }
}

async fn write(site: &Site<'_>, claim: &Claim) -> Option<()> {
    let warrant = site.plan.warrant(StepId(0))?;
    let until = now(site).checked_add(SignedDuration::try_from(HOLD).ok()?).ok()?;
    let tags = Tags::from([(LEASE.to_owned(), text(&claim.holder, until))]);
    let scope = Scope::ResourceGroup(claim.resource_group.clone());
    match quietly(|| site.arm.merge_tags(&warrant, &scope, &tags)).await {
        Ok(()) => Some(()),
        Err(fault) => {
            tracing::warn!(%fault, "the lease could not be written");
            None
        }
    }
}

fn now(site: &Site<'_>) -> Timestamp {
    site.arm.service_time().unwrap_or_else(|| site.options.clock.now())
}

fn text(holder: &str, until: Timestamp) -> String {
    let holder: String = holder.replace(';', ",").chars().take(180).collect();
    format!("{VERSION};{};{holder}", until.as_second())
}

/// A lease that cannot be read holds nobody back.
fn held(tags: &Tags) -> Option<Held> {
    let (until, holder) = lookup(tags, LEASE)?.strip_prefix(VERSION)?.strip_prefix(';')?.split_once(';')?;
    let until = Timestamp::from_second(until.parse().ok()?).ok()?;
    Some(Held { holder: holder.to_owned(), until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_round_trips_and_fits_a_tag() -> Result<(), Box<dyn std::error::Error>> {
        let until: Timestamp = "2026-01-01T00:10:00Z".parse()?;
        let told = text("me@here; process 7", until);
        assert_eq!(told, "v1;1767226200;me@here, process 7");
        let read = held(&Tags::from([(LEASE.to_uppercase(), told)]));
        assert_eq!(read, Some(Held { holder: "me@here, process 7".into(), until }));
        assert!(text(&"é".repeat(300), until).chars().count() <= 256);
        for odd in ["", "v1", "v1;x;me", "v2;1;me"] {
            assert_eq!(held(&Tags::from([(LEASE.to_owned(), odd.to_owned())])), None);
        }
        Ok(())
    }
}
