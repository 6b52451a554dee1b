//! Keeps calls within what the service allows, so that it is never asked in vain.
//!
//! Where its answers do not say how much is left: 25 reads a second with 250 at once (Microsoft's page "Understand how
//! Azure Resource Manager throttles requests"), and 100 creates and deletes in 5 minutes and 300 an hour in a region
//! (Microsoft's page "Resource availability & quota limits for Azure Container Instances"). Where they say it in
//! `x-ms-ratelimit-remaining-subscription-resource-requests-pt5m` and `-pt1h`, that counts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::arm::Remaining;

/// The windows that changes are counted in.
const WINDOWS: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(3600)];
/// Reads at once.
const BURST: u32 = 250;

/// What may be called where the service's answers do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Creates, and as many deletes, in five minutes and in an hour.
    pub changes: [usize; 2],
    /// Reads a second.
    pub reads: u32,
}

impl Rates {
    /// Those of a subscription that nobody has raised.
    pub const AZURE: Self = Self { changes: [100, 300], reads: 25 };
}

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Creates and updates of groups.
    Create,
    /// Deletes of groups.
    Delete,
}

/// What was called, and what may be.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// Absent: nothing is held back.
    rates: Option<Rates>,
    changes: Mutex<BTreeMap<(Kind, String), Changes>>,
    reads: Mutex<Option<Bucket>>,
}

#[derive(Debug)]
struct Changes {
    /// When the calls of the longest window were made, oldest first.
    made: VecDeque<Instant>,
    /// How many fit into each window.
    limits: [usize; 2],
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Pacer {
    /// Holds calls back to these rates, or to what the answers say.
    pub(crate) fn new(rates: Option<Rates>) -> Self {
        Self { rates, changes: Mutex::default(), reads: Mutex::default() }
    }

    /// Takes the place of a change in a region, if there is one now; else how long until there is.
    fn place(&self, kind: Kind, region: &str, now: Instant) -> Result<(), Duration> {
        let Some(rates) = self.rates else { return Ok(()) };
        let mut all = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = all
            .entry((kind, region.to_owned()))
            .or_insert_with(|| Changes { made: VecDeque::new(), limits: rates.changes });
        let [_, longest] = WINDOWS;
        while changes.made.front().is_some_and(|made| now.duration_since(*made) >= longest) {
            changes.made.pop_front();
        }
        let mut wait = Duration::ZERO;
        for (window, limit) in WINDOWS.iter().zip(changes.limits) {
            let within = |made: &&Instant| now.duration_since(**made) < *window;
            let count = changes.made.iter().rev().take_while(within).count();
            if count >= limit.max(1) {
                // The one that has to leave the window before there is a place in it.
                let place = changes.made.len() - limit.max(1);
                if let Some(leaving) = changes.made.get(place) {
                    wait = wait.max((*leaving + *window).saturating_duration_since(now));
                }
            }
        }
        if wait.is_zero() {
            changes.made.push_back(now);
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// Waits until a change in a region may be made; `tell` is told how long, each time that it has to wait.
    pub(crate) async fn change(&self, kind: Kind, region: &str, mut tell: impl FnMut(Duration)) {
        while let Err(wait) = self.place(kind, region, Instant::now()) {
            tell(wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns how many more the service allows.
    pub(crate) fn learn(&self, kind: Kind, region: &str, remaining: Remaining) {
        let mut all = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(changes) = all.get_mut(&(kind, region.to_owned())) else { return };
        let now = Instant::now();
        for ((window, limit), left) in
            WINDOWS.iter().zip(&mut changes.limits).zip([remaining.five_minutes, remaining.hour])
        {
            if let Some(left) = left.and_then(|left| usize::try_from(left).ok()) {
                let own = changes.made.iter().rev().take_while(|made| now.duration_since(**made) < *window);
                *limit = own.count() + left;
            }
        }
    }

    /// Waits until a read may be made.
    pub(crate) async fn read(&self) {
        let Some(Rates { changes: _, reads }) = self.rates else { return };
        loop {
            let wait = {
                let mut bucket = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                let bucket = bucket.get_or_insert(Bucket { left: f64::from(BURST), at: now });
                let gained = now.duration_since(bucket.at).as_secs_f64() * f64::from(reads);
                (bucket.left, bucket.at) = ((bucket.left + gained).min(f64::from(BURST)), now);
                if bucket.left >= 1.0 {
                    bucket.left -= 1.0;
                    return;
                }
                Duration::from_secs_f64((1.0 - bucket.left) / f64::from(reads))
            };
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_keep_to_both_windows() {
        let pacer = Pacer::new(Some(Rates::AZURE));
        let began = Instant::now();
        let mut at = Vec::new();
        for _ in 0..401 {
            pacer.change(Kind::Create, "r", |_| ()).await;
            at.push(began.elapsed().as_secs());
        }
        assert_eq!((at[99], at[100], at[200], at[299]), (0, 300, 600, 600));
        assert_eq!((at[300], at[399], at[400]), (3600, 3600, 3900));
        // Another region, and deletes, are counted apart.
        pacer.change(Kind::Create, "s", |_| ()).await;
        pacer.change(Kind::Delete, "r", |_| ()).await;
        assert_eq!(began.elapsed().as_secs(), 3900);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_service_says_counts() {
        let pacer = Pacer::new(Some(Rates::AZURE));
        let began = Instant::now();
        pacer.change(Kind::Create, "r", |_| ()).await;
        pacer.learn(Kind::Create, "r", Remaining { five_minutes: Some(1), hour: Some(999) });
        pacer.change(Kind::Create, "r", |_| ()).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        let mut told = Vec::new();
        pacer.change(Kind::Create, "r", |wait| told.push(wait)).await;
        assert_eq!(told, [Duration::from_secs(300)]);
    }

    #[tokio::test(start_paused = true)]
    async fn reads_come_at_25_a_second_after_the_first_burst() {
        let pacer = Pacer::new(Some(Rates::AZURE));
        let began = Instant::now();
        for _ in 0..500 {
            pacer.read().await;
        }
        let took = began.elapsed().as_secs_f64();
        assert!((9.9..10.6).contains(&took), "{took}");
    }
}
