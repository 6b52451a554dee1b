//! Moving a clock that stands: everything that is due on the way happens, each at its own time and in order.
//!
//! Invariant: the hands go on only when nothing more can happen where they are.

use jiff::{SignedDuration, Timestamp};

use super::Emulator;
use crate::home::HomeError;
use crate::store::StoreError;

/// The longest way of one move.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How far the hands go where the world asks for the time that they show already.
const SHORT: SignedDuration = SignedDuration::from_millis(1);

/// What keeps the clock from being moved.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// It goes by itself.
    #[error("the emulator's time is real and passes by itself; start it with explicit time to move it")]
    RealTime,
    /// Back, or too far on.
    #[error("time moves on, and by 366 days at most, not by {0}")]
    OutOfRange(SignedDuration),
    /// A change that came of it cannot be kept.
    #[error("what happened on the way cannot be kept")]
    Store(#[from] StoreError),
    /// The time cannot be kept.
    #[error("the time cannot be kept")]
    Home(#[from] HomeError),
}

impl Emulator {
    /// Moves a clock that stands on, lets everything happen that is due until then (back-offs, deletions, ends of
    /// simulated containers), and gives the time that it shows afterwards. Calls at the same time come one after another.
    ///
    /// # Errors
    /// The time is real, the way is no way forward, or what happened cannot be kept.
    pub async fn advance(&self, by: SignedDuration) -> Result<Timestamp, AdvanceError> {
        let Some(standing) = self.0.clock.standing() else {
            return Err(AdvanceError::RealTime);
        };
        if by.is_negative() || by > LONGEST {
            return Err(AdvanceError::OutOfRange(by));
        }
        let _alone = self.0.advancing.lock().await;
        standing.settled().await;
        let mut now = self.0.clock.now();
        let target = now.checked_add(by).map_err(|_| AdvanceError::OutOfRange(by))?;
        let mut came = None;
        loop {
            if self.0.quiet.is_cancelled() {
                return Ok(now);
            }
            let due = self.core().world.due().into_iter().chain(standing.next()).min();
            let Some(due) = due.filter(|due| *due <= target) else {
                break;
            };
            now = match came {
                Some(before) if due <= before => (before + SHORT).min(target),
                _ => due.max(now),
            };
            let stuck = came == Some(now);
            self.go_to(now).await?;
            if stuck {
                break;
            }
            came = Some(now);
        }
        self.go_to(target).await?;
        if let Some(home) = &self.0.home {
            home.keep_time(target)?;
        }
        Ok(target)
    }

    async fn go_to(&self, time: Timestamp) -> Result<(), AdvanceError> {
        if let Some(standing) = self.0.clock.standing() {
            standing.set(time);
            self.turn(|world, now| ((), world.advance(now))).1?;
            standing.settled().await;
        }
        Ok(())
    }
}
