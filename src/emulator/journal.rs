//! What clients asked, for people and tests to look at: method, target, answer, never a body or a header.
//!
//! A request is entered when it arrives and completed when it is answered, so that one without an answer shows too.
//! Only the newest are held, in memory, under the bounds below.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many requests are held.
pub const CAPACITY: usize = 100_000;

/// How many bytes their targets may have together; the newest one is held in any case.
pub const CAPACITY_BYTES: usize = 32 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Counted from 1 since the emulator started; never used again.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path with the query, as sent.
    pub target: String,
    /// The status of the answer; none as long as there is no answer.
    pub status: Option<u16>,
    /// Milliseconds from its arrival to its answer.
    pub milliseconds: Option<u64>,
    /// The faults that it met, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// The requests; clones look at the same.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    entries: VecDeque<Entry>,
    bytes: usize,
    last: u64,
}

impl Journal {
    /// The requests with a number above `since`, oldest first.
    pub fn since(&self, since: u64) -> Vec<Entry> {
        let pages = self.pages();
        pages.entries.iter().skip(pages.index_after(since)).cloned().collect()
    }

    /// The number of the newest request; 0 where there was none.
    pub fn last(&self) -> u64 {
        self.pages().last
    }

    /// Enters a request and gives its number.
    pub(crate) fn enter(&self, at: Timestamp, method: &str, target: &str) -> u64 {
        let mut pages = self.pages();
        pages.last += 1;
        let entry = Entry {
            number: pages.last,
            at,
            method: method.to_owned(),
            target: target.to_owned(),
            status: None,
            milliseconds: None,
            faults: Vec::new(),
        };
        pages.bytes += target.len();
        pages.entries.push_back(entry);
        pages.forget();
        pages.last
    }

    /// Notes the answer to the request of a number.
    pub(crate) fn complete(&self, number: u64, status: u16, now: Timestamp) {
        let mut pages = self.pages();
        let index = pages.index_after(number.saturating_sub(1));
        if let Some(entry) = pages.entries.get_mut(index).filter(|entry| entry.number == number) {
            entry.status = Some(status);
            entry.milliseconds = u64::try_from(now.duration_since(entry.at).as_millis()).ok();
        }
    }

    /// Notes the faults that the request of a number met.
    pub(crate) fn meets(&self, number: u64, faults: &[String]) {
        if faults.is_empty() {
            return;
        }
        let mut pages = self.pages();
        let index = pages.index_after(number.saturating_sub(1));
        if let Some(entry) = pages.entries.get_mut(index).filter(|entry| entry.number == number) {
            entry.faults = faults.to_vec();
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Lets the oldest go where there are too many.
    fn forget(&mut self) {
        while self.entries.len() > CAPACITY || (self.bytes > CAPACITY_BYTES && self.entries.len() > 1) {
            let gone = self.entries.pop_front();
            self.bytes -= gone.map_or(0, |entry| entry.target.len());
        }
    }

    /// Where the request of the number after this one is, or would be; numbers follow each other.
    fn index_after(&self, number: u64) -> usize {
        let first = self.entries.front().map_or(0, |entry| entry.number);
        usize::try_from(number.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_requests_after_a_number_with_or_without_answer() {
        let journal = Journal::default();
        let start = Timestamp::UNIX_EPOCH;
        let first = journal.enter(start, "GET", "/a?x=1");
        let second = journal.enter(start, "PUT", "/b");
        journal.complete(second, 201, start + jiff::SignedDuration::from_millis(12));
        journal.complete(99, 200, start);
        let seen: Vec<_> = journal
            .since(0)
            .into_iter()
            .map(|entry| (entry.number, entry.target, entry.status, entry.milliseconds))
            .collect();
        let wanted =
            [(first, "/a?x=1".to_owned(), None, None), (second, "/b".to_owned(), Some(201), Some(12))];
        assert_eq!(seen, wanted);
        assert_eq!(journal.since(first).len(), 1);
        assert_eq!(journal.since(second).len(), 0);
    }

    #[test]
    fn holds_the_newest_and_keeps_counting() {
        let journal = Journal::default();
        for _ in 0..CAPACITY + 5 {
            journal.enter(Timestamp::UNIX_EPOCH, "GET", "/");
        }
        let held = journal.since(0);
        assert_eq!(held.len(), CAPACITY);
        assert_eq!(held.first().map(|entry| entry.number), Some(6));
        assert_eq!(journal.last(), CAPACITY as u64 + 5);
    }

    #[test]
    fn holds_no_more_bytes_than_its_capacity() {
        let journal = Journal::default();
        let long = "x".repeat(CAPACITY_BYTES / 4);
        for _ in 0..6 {
            journal.enter(Timestamp::UNIX_EPOCH, "GET", &long);
        }
        assert_eq!(journal.since(0).iter().map(|entry| entry.number).collect::<Vec<_>>(), [3, 4, 5, 6]);
        let longer = "x".repeat(CAPACITY_BYTES + 1);
        let number = journal.enter(Timestamp::UNIX_EPOCH, "GET", &longer);
        assert_eq!(journal.since(0).iter().map(|entry| entry.number).collect::<Vec<_>>(), [number]);
    }
}
