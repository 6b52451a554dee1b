//! The groups that are alive by our doing, and the wait for one of them to end where the quota is used up.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::arm::fault::{Fault, FaultKind};

/// How long is waited for one of ours to end before the quota is asked again: others may have freed some of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many groups are alive by our doing.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    alive: AtomicUsize,
    left: Notify,
}

/// A group that is alive by our doing, until this is dropped.
#[derive(Debug)]
pub(crate) struct Alive<'c>(&'c Crowd);

impl Crowd {
    /// One more is alive.
    pub(crate) fn join(&self) -> Alive<'_> {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Alive(self)
    }

    /// How many are alive.
    pub(crate) fn count(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    /// Makes a call again whenever the quota refuses it while groups of ours are alive, each time after one of them has
    /// ended; `tell` is told of each wait.
    pub(crate) async fn patiently<T, F>(
        &self,
        mut call: impl FnMut() -> F,
        mut tell: impl FnMut(&Fault, usize),
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        loop {
            let left = self.left.notified();
            let fault = match call().await {
                Err(fault) if fault.kind == FaultKind::Quota && self.count() > 0 => fault,
                other => return other,
            };
            tell(&fault, self.count());
            // Whether one has left or the time is over: the quota is asked again.
            drop(tokio::time::timeout(PATIENCE, left).await);
        }
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_used_up_quota_waits_for_one_of_ours_and_not_for_others() {
        let crowd = Crowd::default();
        let quota = || Err::<(), _>(Fault::own(FaultKind::Quota, "full"));
        assert!(crowd.patiently(|| std::future::ready(quota()), |_, _| ()).await.is_err());
        let alive = crowd.join();
        let began = tokio::time::Instant::now();
        let mut calls = 0;
        let call = || {
            calls += 1;
            std::future::ready(if calls == 1 { quota() } else { Ok(()) })
        };
        let leaving = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            drop(alive);
        };
        let mut told = 0;
        let (outcome, ()) = tokio::join!(crowd.patiently(call, |_, alive| told = alive), leaving);
        assert_eq!((outcome, told, crowd.count()), (Ok(()), 1, 0));
        assert_eq!(began.elapsed(), Duration::from_secs(7));
    }
}
