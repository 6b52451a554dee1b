//! Wall time from tokio's clock, and ids.
//!
//! Wall time is a start plus what tokio's clock says has passed, so that a paused clock gives fixed dates.
//! This is the only place that asks the machine for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::digest;
use crate::model::record::RunId;

/// Time and chance as inputs.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Timestamp,
    zero: Instant,
    seed: u64,
    drawn: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock, and ids that no other process makes.
    pub fn system() -> Self {
        let start = Timestamp::now();
        // The low half of the nanoseconds since 1970 differs from process to process, and the process id where it does not.
        let seed = (start.as_nanosecond() as u64).rotate_left(17) ^ u64::from(std::process::id());
        Self::fixed(start, seed)
    }

    /// A clock that starts at a told time, with ids that follow from a seed.
    pub fn fixed(start: Timestamp, seed: u64) -> Self {
        Self { start, zero: Instant::now(), seed, drawn: Arc::default() }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        // A process does not live so long that the sum overflows; if it did, the start is as good as any time.
        self.start.checked_add(self.zero.elapsed()).unwrap_or(self.start)
    }

    /// A new id for a run.
    pub fn run_id(&self) -> RunId {
        RunId::new(format!("r-{}", self.draw(12)))
    }

    /// Hexadecimal digits that nobody else draws.
    pub fn draw(&self, digits: usize) -> String {
        digest::hex(&(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed)), digits)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_gives_fixed_dates() -> Result<(), jiff::Error> {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse()?, 7);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), "2026-01-01T00:01:30Z".parse()?);
        assert_ne!(clock.run_id(), clock.run_id());
        Ok(())
    }
}
