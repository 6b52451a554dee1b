//! A map that remembers which of its entries were touched, so that the store writes only those, and finds entries
//! also by when they are due and by their marks.
//!
//! Every mutable access counts as a change; keys are lower-case resource ids, so that what lies in a scope is a range.
//! An entry is filed anew when something is asked for after it was touched: no search looks at more than it finds and
//! what was touched since the last one.

mod index;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::text::{Shown, Slot};

use self::index::Index;
use crate::record::{Change, Record, Records};

/// What can stand on a shelf.
pub(crate) trait Shelved: Serialize + DeserializeOwned {
    /// What an entry is found by beside its key.
    type Mark: Ord + Clone;

    /// When the entry next needs something done to it.
    fn due(&self) -> Option<Timestamp> {
        None
    }

    /// Its marks.
    fn marks(&self) -> Vec<Self::Mark> {
        Vec::new()
    }
}

/// Entries by key, and which were touched since the last [`Shelf::changes`].
#[derive(Debug)]
pub(crate) struct Shelf<T: Shelved> {
    /// The first part of each record's key.
    label: &'static str,
    entries: BTreeMap<String, Slot<T>>,
    touched: BTreeSet<String>,
    index: Index<T::Mark>,
    /// What was touched since it was filed.
    unfiled: BTreeSet<String>,
}

impl<T: Shelved> Shelf<T> {
    /// An empty shelf whose records are named `label:key`.
    pub(crate) fn new(label: &'static str) -> Self {
        let (entries, touched, unfiled) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { label, entries, touched, index: Index::new(), unfiled }
    }

    /// The shelf as its records tell; a record that cannot be read is left out.
    pub(crate) fn restore(label: &'static str, records: &Records) -> Self {
        let mut shelf = Self::new(label);
        for (key, record) in records {
            let key = key.strip_prefix(label).and_then(|key| key.strip_prefix(':'));
            if let Some((key, entry)) = key.and_then(|key| Some((key, record.read::<T>()?))) {
                shelf.index.file(key, Some(&entry));
                shelf.entries.insert(key.to_owned(), Slot::new(entry));
            }
        }
        shelf
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(key).map(Slot::entry)
    }

    /// The same, with what is shown of it.
    pub(crate) fn slot(&self, key: &str) -> Option<&Slot<T>> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let slot = self.entries.get_mut(key)?;
        self.touched.insert(key.to_owned());
        self.unfiled.insert(key.to_owned());
        Some(slot.entry_mut())
    }

    pub(crate) fn insert(&mut self, key: String, entry: T) {
        self.touched.insert(key.clone());
        self.unfiled.insert(key.clone());
        self.entries.insert(key, Slot::new(entry));
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let slot = self.entries.remove(key)?;
        self.touched.insert(key.to_owned());
        self.unfiled.insert(key.to_owned());
        Some(slot.into_entry())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.entries.iter().map(|(key, slot)| (key, slot.entry()))
    }

    /// The entries whose key begins with `prefix`, in order.
    pub(crate) fn within(&self, prefix: &str) -> impl Iterator<Item = (&String, &T)> {
        self.slots(prefix, "").map(|(key, slot)| (key, slot.entry()))
    }

    /// The entries whose key begins with `prefix` and comes after `after`, in order.
    pub(crate) fn within_after(&self, prefix: &str, after: &str) -> impl Iterator<Item = (&String, &T)> {
        self.slots(prefix, after).map(|(key, slot)| (key, slot.entry()))
    }

    /// The same, with what lists show of each.
    pub(crate) fn slots(&self, prefix: &str, after: &str) -> impl Iterator<Item = (&String, &Slot<T>)> {
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        self.entries
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// All keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// When the first entry is due.
    pub(crate) fn first_due(&mut self) -> Option<Timestamp> {
        self.file();
        self.index.first_due()
    }

    /// The keys of the entries that are due by `now`, in their order.
    pub(crate) fn due_by(&mut self, now: Timestamp) -> Vec<String> {
        self.file();
        let mut keys: Vec<String> = self.index.due_by(now).cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// The keys of the entries with this mark, in their order.
    pub(crate) fn marked(&self, mark: &T::Mark) -> Vec<&String> {
        let has_it = |key: &&String| self.get(key).is_some_and(|entry| entry.marks().contains(mark));
        let filed = self.index.marked(mark).filter(|key| !self.unfiled.contains(*key));
        let mut keys: Vec<&String> = filed.chain(self.unfiled.iter().filter(has_it)).collect();
        keys.sort_unstable();
        keys
    }

    /// What was touched since the last call, as records.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        self.file();
        std::mem::take(&mut self.touched)
            .into_iter()
            .map(|key| {
                let value = self.get(&key).and_then(Record::of);
                Change { key: format!("{}:{key}", self.label), value }
            })
            .collect()
    }

    /// Files what was touched.
    fn file(&mut self) {
        while let Some(key) = self.unfiled.pop_first() {
            self.index.file(&key, self.entries.get(&key).map(Slot::entry));
        }
    }
}
