//! What the entries of a shelf are found by beside their keys: when they are due, and their marks.
//!
//! Invariant: it tells of an entry exactly what the entry said when it was last filed. What the key is of and when to
//! file it again is the shelf's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Shelved;

/// The due times and marks of entries, in order, and by key so that they can be taken out again.
#[derive(Debug)]
pub(super) struct Index<M> {
    due: BTreeSet<(Timestamp, String)>,
    marked: BTreeMap<M, BTreeSet<String>>,
    filed: BTreeMap<String, (Option<Timestamp>, Vec<M>)>,
}

impl<M: Ord + Clone> Index<M> {
    pub(super) fn new() -> Self {
        Self { due: BTreeSet::new(), marked: BTreeMap::new(), filed: BTreeMap::new() }
    }

    /// Files an entry as it is now; none: it is gone.
    pub(super) fn file<T: Shelved<Mark = M>>(&mut self, key: &str, entry: Option<&T>) {
        let new = entry.map(|entry| (entry.due(), entry.marks()));
        let new = new.filter(|(due, marks)| due.is_some() || !marks.is_empty());
        if self.filed.get(key) == new.as_ref() {
            return;
        }
        if let Some((due, marks)) = self.filed.remove(key) {
            if let Some(due) = due {
                self.due.remove(&(due, key.to_owned()));
            }
            for mark in marks {
                if let Some(keys) = self.marked.get_mut(&mark) {
                    keys.remove(key);
                    if keys.is_empty() {
                        self.marked.remove(&mark);
                    }
                }
            }
        }
        if let Some((due, marks)) = new {
            self.due.extend(due.map(|due| (due, key.to_owned())));
            for mark in &marks {
                self.marked.entry(mark.clone()).or_default().insert(key.to_owned());
            }
            self.filed.insert(key.to_owned(), (due, marks));
        }
    }

    /// The earliest due time.
    pub(super) fn first_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The keys of what is due by `now`, the earliest first.
    pub(super) fn due_by(&self, now: Timestamp) -> impl Iterator<Item = &String> {
        self.due.iter().take_while(move |(due, _)| *due <= now).map(|(_, key)| key)
    }

    /// The keys of what has this mark, in order.
    pub(super) fn marked(&self, mark: &M) -> impl Iterator<Item = &String> {
        self.marked.get(mark).into_iter().flatten()
    }
}
