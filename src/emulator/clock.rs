//! The emulator's wall time: it goes with tokio's, or stands still until somebody moves it.
//!
//! Invariants: it never goes back; one that goes is made of a fixed start and tokio's elapsed time, so that a paused
//! tokio runtime pauses it too and a test has fixed dates. Whoever waits for something that the emulator shows waits
//! with [`Clock::sleep`] in a task of [`Clock::spawn`], and so follows either kind of clock.

mod standing;

use std::future::Future;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant};

pub(crate) use self::standing::Standing;

/// The emulator's clock; clones agree.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Going { start: Timestamp, began: Instant },
    Standing(Arc<Standing>),
}

impl Clock {
    /// A clock that shows `start` now, and goes.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Kind::Going { start, began: Instant::now() })
    }

    /// A clock that shows `start`, and stands until it is moved.
    pub fn standing_at(start: Timestamp) -> Self {
        Self(Kind::Standing(Arc::new(Standing::at(start))))
    }

    /// The wall time now; the last representable one where it would be beyond that.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Going { start, began } => {
                let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::MAX);
                start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
            }
            Kind::Standing(standing) => standing.now(),
        }
    }

    /// How long it is until `time`; zero where that has passed.
    pub fn until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }

    /// Waits until this clock shows so much more.
    pub async fn sleep(&self, time: Duration) {
        match &self.0 {
            Kind::Going { .. } => tokio::time::sleep(time).await,
            Kind::Standing(standing) => {
                let more = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
                let until = standing.now().checked_add(more).unwrap_or(Timestamp::MAX);
                Arc::clone(standing).nap(until).await;
            }
        }
    }

    /// Runs a task in the background; one that stands waits for it before it is moved on.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match &self.0 {
            Kind::Going { .. } => drop(tokio::spawn(task)),
            Kind::Standing(standing) => drop(tokio::spawn(Arc::clone(standing).count(task))),
        }
    }

    /// The hands of a clock that stands.
    pub(crate) fn standing(&self) -> Option<&Standing> {
        match &self.0 {
            Kind::Going { .. } => None,
            Kind::Standing(standing) => Some(standing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn moves_with_tokio_and_never_wraps() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "1970-01-01T00:01:30Z");
        assert_eq!(clock.until(Timestamp::UNIX_EPOCH), Duration::ZERO);
        let later = clock.now().checked_add(SignedDuration::from_secs(5));
        assert_eq!(later.map(|time| clock.until(time)).ok(), Some(Duration::from_secs(5)));
        assert_eq!(Clock::starting_at(Timestamp::MAX).now(), Timestamp::MAX);
    }
}
