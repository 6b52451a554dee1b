//! Wall time made of one fixed start and tokio's elapsed time.
//!
//! Invariant: it never goes back, and a paused tokio runtime pauses it too, so that a test has fixed dates.

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant};

/// The emulator's clock; copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, began: Instant::now() }
    }

    /// The wall time now.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The wall time of a moment of tokio's; the last representable time where the sum is beyond it.
    pub fn at(&self, moment: Instant) -> Timestamp {
        let elapsed = SignedDuration::try_from(moment.saturating_duration_since(self.began))
            .unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// How long it is until `time`; zero where that has passed.
    pub fn until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO)
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
