//! Whether a run is tried again, and after which pause: bounded by the plan's retries, and by a few more where the
//! platform ended it.

use std::time::Duration;

use crate::engine::event::End;
use crate::engine::run::Outcome;
use crate::engine::step::Work;
use crate::model::record::Record;
use crate::model::stack::Retries;
use crate::plan::judge::{self, EndedBy};

/// The pause before a run is tried again where its manifest says none.
const BACKOFF: Duration = Duration::from_secs(10);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(300);

/// The attempts of one run.
#[derive(Debug)]
pub(super) struct Attempts {
    retries: Retries,
    /// How often the platform ended it, as far as it was followed here.
    platforms: u32,
}

impl Attempts {
    /// With these retries.
    pub(super) fn new(retries: Retries) -> Self {
        Self { retries, platforms: 0 }
    }

    /// The pause before the next attempt; nothing where there is none.
    fn pause(&mut self, attempt: u32, outcome: &Outcome) -> Option<Duration> {
        let by = match outcome {
            Outcome::Ended { exit: Some(0), .. } | Outcome::Interrupted(_) | Outcome::Cancelled => {
                return None;
            }
            Outcome::Ended { by, .. } => *by,
            Outcome::TimedOut(..) => EndedBy::Task,
        };
        if by == EndedBy::Platform && self.platforms < judge::PLATFORM {
            self.platforms += 1;
        } else if attempt.saturating_sub(self.platforms) > self.retries.limit {
            return None;
        }
        let first = self.retries.backoff.map_or(BACKOFF, |backoff| backoff.get());
        Some(first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST))
    }

    /// Waits until the next attempt is due; false where there is none.
    ///
    /// # Errors
    /// Somebody asked to stop. What is there is enough for the next apply to go on from.
    pub(super) async fn again(
        &mut self,
        work: &Work<'_>,
        record: &Record,
        outcome: &Outcome,
    ) -> Result<bool, End> {
        let Some(pause) = self.pause(record.attempt, outcome) else { return Ok(false) };
        work.retrying(format_args!("attempt {} {}", record.attempt, outcome.told()), pause);
        if work.pause(pause).await { Ok(true) } else { Err(End::Interrupted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit: i32) -> Outcome {
        let by = if exit > 7000 { EndedBy::Platform } else { EndedBy::Task };
        Outcome::Ended { exit: Some(exit), why: String::new(), by }
    }

    #[test]
    fn attempts_are_counted_and_those_that_the_platform_ended_apart() {
        let mut none = Attempts::new(Retries::default());
        assert_eq!(none.pause(1, &ended(1)), None);
        assert_eq!(none.pause(1, &ended(7147)), Some(BACKOFF));
        assert_eq!(none.pause(2, &ended(7148)), Some(BACKOFF * 2));
        assert_eq!(none.pause(3, &ended(7148)), None);
        let mut two = Attempts::new(Retries { limit: 2, backoff: None });
        assert_eq!(two.pause(1, &ended(0)), None);
        assert_eq!(two.pause(1, &ended(1)), Some(BACKOFF));
        assert_eq!(two.pause(2, &ended(7147)), Some(BACKOFF * 2));
        assert_eq!(two.pause(3, &ended(1)), Some(BACKOFF * 4));
        assert_eq!(two.pause(4, &ended(1)), None);
        let mut many = Attempts::new(Retries { limit: 20, backoff: None });
        assert_eq!(many.pause(12, &ended(1)), Some(LONGEST));
        assert_eq!(many.pause(1, &Outcome::Interrupted(String::new())), None);
    }
}
