//! How often a subscription may ask: ARM's buckets of reads, writes and deletes, and the provider's counts of writes
//! and deletes of container groups in five minutes and an hour.
//!
//! The buckets are those of Azure's page "Understand how Azure Resource Manager throttles requests" (250 reads and 25
//! a second more, 200 writes or deletes and 10 more; a subscription as a whole has fifteen times that), the counts
//! those of "Resource availability and quota limits" (100 in five minutes, 300 in an hour). Where the switch
//! `quota.enforced` is off, the numbers begin at what a large subscription was recorded to have in 2024
//! (azure-powershell), fall and rise as truly, and nothing is ever refused. They begin anew with each start.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::refusal::Refusal;
use super::reply;
use crate::contract::Reply;

const FIVE_MINUTES: SignedDuration = SignedDuration::from_mins(5);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A subscription as a whole has this many times what one client has.
const GLOBAL: i64 = 15;

/// What the provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Write,
    Delete,
}

/// What ARM counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Reads,
    Writes,
    Deletes,
}

impl Class {
    fn of(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Reads,
            "DELETE" => Self::Deletes,
            _ => Self::Writes,
        }
    }

    /// Its name in headers and in words.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Reads => ("reads", "read"),
            Self::Writes => ("writes", "write"),
            Self::Deletes => ("deletes", "delete"),
        }
    }

    /// Tokens that a bucket gets in a second.
    fn refill(self) -> i64 {
        if self == Self::Reads { 25 } else { 10 }
    }
}

/// Thousandths of tokens that are left, and when that was so.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    at: Timestamp,
}

impl Bucket {
    /// What is left now.
    fn now(self, size: i64, refill: i64, now: Timestamp) -> i64 {
        let passed = i64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        self.left.saturating_add(passed.max(0).saturating_mul(refill)).min(size * 1000)
    }
}

/// What was asked lately.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// By subscription (empty: the tenant) and class, a client's bucket and the subscription's.
    buckets: BTreeMap<(String, Class), [Bucket; 2]>,
    /// By subscription, region and kind, the times of the last hour.
    counts: BTreeMap<(String, String, Kind), VecDeque<Timestamp>>,
}

impl World {
    /// Takes a token for a request.
    ///
    /// # Errors
    /// Where none is left and quotas are enforced.
    pub(crate) fn take_token(&mut self, subscription: Option<&str>, method: &str) -> Result<(), Refusal> {
        let class = Class::of(method);
        let [own, global] = self.tokens(subscription, class);
        let enforced = self.switches.quota.enforced;
        if enforced && own.min(global) < 1000 {
            let missing = 1000 - own.min(global);
            let subscription = subscription.unwrap_or_default().to_owned();
            let seconds = (missing as u64).div_ceil(1000 * class.refill() as u64).max(1) as i64;
            return Err(Refusal::SubscriptionRequestsThrottled {
                kind: class.names().1,
                subscription,
                seconds,
            });
        }
        let at = self.now;
        let left = [own, global].map(|left| Bucket { left: (left - 1000).max(0), at });
        self.rates.buckets.insert((subscription.unwrap_or_default().to_owned(), class), left);
        Ok(())
    }

    /// Thousandths of tokens that are left of a class: a client's and the subscription's.
    fn tokens(&self, subscription: Option<&str>, class: Class) -> [i64; 2] {
        let limits = self.switches.quota.limits();
        let size = match class {
            Class::Reads => limits.reads,
            Class::Writes => limits.arm_writes,
            Class::Deletes => limits.arm_deletes,
        };
        let size = i64::from(size);
        let key = (subscription.unwrap_or_default().to_owned(), class);
        match self.rates.buckets.get(&key) {
            None => [size * 1000, size * GLOBAL * 1000],
            Some([own, global]) => [
                own.now(size, class.refill(), self.now),
                global.now(size * GLOBAL, class.refill() * GLOBAL, self.now),
            ],
        }
    }

    /// The answer with what ARM says of the remaining requests of this kind.
    pub(crate) fn metered(&self, answer: Reply, subscription: Option<&str>, method: &str) -> Reply {
        let class = Class::of(method);
        let [own, global] = self.tokens(subscription, class).map(|left| (left / 1000).to_string());
        let (name, _) = class.names();
        if subscription.is_none() {
            return reply::with(answer, &format!("x-ms-ratelimit-remaining-tenant-{name}"), own);
        }
        let answer = reply::with(answer, &format!("x-ms-ratelimit-remaining-subscription-{name}"), own);
        reply::with(answer, &format!("x-ms-ratelimit-remaining-subscription-global-{name}"), global)
    }

    /// Whether one more request on container groups of a region can be taken.
    ///
    /// # Errors
    /// Where a count is full and quotas are enforced, with the seconds until it is not.
    pub(crate) fn affordable(&self, subscription: &str, region: &str, kind: Kind) -> Result<(), Refusal> {
        if !self.switches.quota.enforced {
            return Ok(());
        }
        let action = match kind {
            Kind::Write => "Microsoft.ContainerInstance/containerGroups/write",
            Kind::Delete => "Microsoft.ContainerInstance/containerGroups/delete",
        };
        for (window, limit, interval) in self.windows(kind) {
            let mut recent = self.recent(subscription, region, kind, window);
            if recent.len() < limit as usize {
                continue;
            }
            // The request that must leave the window before there is room for another.
            let leaver = recent.len().checked_sub(limit as usize).and_then(|at| recent.nth(at));
            let until = leaver.map_or(self.now + window, |at| at + window);
            let seconds = until.duration_since(self.now).as_secs() + 1;
            return Err(Refusal::ResourceRequestsThrottled { action, limit, interval, seconds });
        }
        Ok(())
    }

    /// Counts a request on container groups of a region; the answer tells how many are left.
    pub(crate) fn counted(&mut self, answer: Reply, subscription: &str, region: &str, kind: Kind) -> Reply {
        let now = self.now;
        let times = self.rates.counts.entry(key(subscription, region, kind)).or_default();
        while times.front().is_some_and(|at| *at + HOUR <= now) {
            times.pop_front();
        }
        times.push_back(now);
        let [five, hour] = self.windows(kind).map(|(window, limit, _)| {
            let used = self.recent(subscription, region, kind, window).len();
            (limit as usize).saturating_sub(used).to_string()
        });
        let name = "x-ms-ratelimit-remaining-subscription-resource-requests";
        reply::with(reply::with(answer, &format!("{name}-pt5m"), five), &format!("{name}-pt1h"), hour)
    }

    fn windows(&self, kind: Kind) -> [(SignedDuration, u32, &'static str); 2] {
        let limits = self.switches.quota.limits();
        let [five, hour] = match kind {
            Kind::Write => limits.writes,
            Kind::Delete => limits.deletes,
        };
        [(FIVE_MINUTES, five, "00:05:00"), (HOUR, hour, "01:00:00")]
    }

    /// The times of a window, the oldest first.
    fn recent(
        &self,
        subscription: &str,
        region: &str,
        kind: Kind,
        window: SignedDuration,
    ) -> impl ExactSizeIterator<Item = Timestamp> {
        static NONE: VecDeque<Timestamp> = VecDeque::new();
        let times = self.rates.counts.get(&key(subscription, region, kind)).unwrap_or(&NONE);
        // Time never goes back: they are in order.
        times.range(times.partition_point(|at| *at + window <= self.now)..).copied()
    }
}

fn key(subscription: &str, region: &str, kind: Kind) -> (String, String, Kind) {
    (subscription.to_lowercase(), region.to_owned(), kind)
}
