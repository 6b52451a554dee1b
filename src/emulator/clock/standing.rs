//! A clock that stands still, those who wait for it, and whether they have all come to rest.
//!
//! A task counts as busy from the moment that something wakes it until it has been polled and waits again. What one task
//! does wakes the next before it rests itself, so that none is busy only when nothing more can happen at this time.
//! Where the hands go and in which steps is the emulator's business.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use jiff::Timestamp;
use tokio::sync::watch;

/// A clock that stands.
pub(crate) struct Standing {
    face: Mutex<Face>,
    busy: watch::Sender<usize>,
}

struct Face {
    now: Timestamp,
    /// Who waits until when, in the order in which they began to.
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    last: u64,
}

impl fmt::Debug for Standing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Standing").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Standing {
    pub(super) fn at(now: Timestamp) -> Self {
        let face = Face { now, sleepers: BTreeMap::new(), last: 0 };
        Self { face: Mutex::new(face), busy: watch::Sender::new(0) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.face().now
    }

    /// When the next sleeper wakes.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.face().sleepers.keys().next().map(|(time, _)| *time)
    }

    /// Moves the hands on, never back, and wakes whoever waited for that, in order.
    pub(crate) fn set(&self, time: Timestamp) {
        let mut face = self.face();
        let now = face.now.max(time);
        face.now = now;
        let later = face.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut face.sleepers, later);
        drop(face);
        due.into_values().for_each(Waker::wake);
    }

    /// Returns when no counted task has anything to do at this time.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as this does, so that the wait cannot fail.
        let _ = self.busy.subscribe().wait_for(|busy| *busy == 0).await;
    }

    pub(super) fn nap(self: Arc<Self>, until: Timestamp) -> Nap {
        Nap { standing: self, until, place: None }
    }

    pub(super) fn count<F: Future>(self: Arc<Self>, task: F) -> Counted<F> {
        self.busy.send_modify(|busy| *busy += 1);
        let mark = Mark { scheduled: AtomicBool::new(true), task: AtomicWaker::new(), standing: self };
        Counted { task: Box::pin(task), mark: Arc::new(mark) }
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self) {
        self.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
    }
}

/// Ready when the hands have come there.
pub(super) struct Nap {
    standing: Arc<Standing>,
    until: Timestamp,
    place: Option<u64>,
}

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let standing = Arc::clone(&self.standing);
        let mut face = standing.face();
        if face.now >= self.until {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or(face.last + 1);
        face.last = face.last.max(place);
        self.place = Some(place);
        face.sleepers.insert((self.until, place), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Nap {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.standing.face().sleepers.remove(&(self.until, place));
        }
    }
}

/// A task of which the clock knows whether it has something to do.
pub(super) struct Counted<F> {
    task: Pin<Box<F>>,
    mark: Arc<Mark>,
}

struct Mark {
    /// Whether the task is counted as busy.
    scheduled: AtomicBool,
    task: AtomicWaker,
    standing: Arc<Standing>,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::AcqRel) {
            self.standing.busy.send_modify(|busy| *busy += 1);
        }
        self.task.wake();
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mark = Arc::clone(&self.mark);
        mark.task.register(context.waker());
        let was_scheduled = mark.scheduled.swap(false, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(&mark));
        let polled = self.task.as_mut().poll(&mut Context::from_waker(&waker));
        if was_scheduled {
            mark.standing.rest();
        }
        polled
    }
}

impl<F> Drop for Counted<F> {
    fn drop(&mut self) {
        // It stays marked, so that no late wake counts it again.
        if self.mark.scheduled.swap(true, Ordering::AcqRel) {
            self.mark.standing.rest();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::SignedDuration;
    use tokio::sync::mpsc;
    use tokio::time::Duration;

    use super::super::Clock;
    use super::*;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_rests_only_when_everything_that_follows_has_happened() {
        let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (first, mut second) = mpsc::unbounded_channel();
        for seconds in [20_u64, 10, 30] {
            let (clock, first) = (clock.clone(), first.clone());
            clock.clone().spawn(async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                assert_eq!(first.send(seconds), Ok(()));
            });
        }
        let told = Arc::clone(&seen);
        clock.spawn(async move {
            while let Some(seconds) = second.recv().await {
                told.lock().unwrap_or_else(PoisonError::into_inner).push(seconds);
            }
        });
        let Some(standing) = clock.standing() else { panic!("it stands") };
        standing.settled().await;
        assert_eq!(standing.next(), Some(after(10)));
        for (time, wanted) in [(9, vec![]), (10, vec![10]), (25, vec![10, 20]), (60, vec![10, 20, 30])] {
            standing.set(after(time));
            standing.settled().await;
            assert_eq!(*seen.lock().unwrap_or_else(PoisonError::into_inner), wanted, "{time}");
        }
        assert_eq!((standing.next(), clock.now()), (None, after(60)));
        standing.set(after(1));
        assert_eq!(clock.now(), after(60), "it never goes back");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_is_forgotten() {
        let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
        let mut nap = Box::pin(clock.sleep(Duration::from_secs(5)));
        assert!(futures::poll!(&mut nap).is_pending());
        let Some(standing) = clock.standing() else { panic!("it stands") };
        assert_eq!(standing.next(), Some(after(5)));
        drop(nap);
        assert_eq!(standing.next(), None);
        clock.spawn(std::future::pending::<()>());
        standing.settled().await;
    }
}
