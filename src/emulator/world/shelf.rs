//! A map that remembers which of its entries were touched, so that the store writes only those.
//!
//! Every mutable access counts as a change; keys are lower-case resource ids, so that what lies in a scope is a range.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Change;

/// Entries by key, and which were touched since the last [`Shelf::changes`].
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    /// The first part of each record's key.
    label: &'static str,
    entries: BTreeMap<String, T>,
    touched: BTreeSet<String>,
    /// How often anything was touched.
    touches: u64,
}

impl<T: Serialize + DeserializeOwned> Shelf<T> {
    /// An empty shelf whose records are named `label:key`.
    pub(crate) fn new(label: &'static str) -> Self {
        Self { label, entries: BTreeMap::new(), touched: BTreeSet::new(), touches: 0 }
    }

    /// The shelf as its records tell; a record that cannot be read is left out.
    pub(crate) fn restore(label: &'static str, records: &BTreeMap<String, Value>) -> Self {
        let entries = records
            .iter()
            .filter_map(|(key, value)| {
                let key = key.strip_prefix(label)?.strip_prefix(':')?;
                Some((key.to_owned(), T::deserialize(value).ok()?))
            })
            .collect();
        Self { label, entries, touched: BTreeSet::new(), touches: 0 }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let entry = self.entries.get_mut(key)?;
        self.touched.insert(key.to_owned());
        self.touches += 1;
        Some(entry)
    }

    /// Grows with every change: as long as it is the same, so is everything on the shelf.
    pub(crate) fn touches(&self) -> u64 {
        self.touches
    }

    pub(crate) fn insert(&mut self, key: String, entry: T) {
        self.touched.insert(key.clone());
        self.touches += 1;
        self.entries.insert(key, entry);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let entry = self.entries.remove(key)?;
        self.touched.insert(key.to_owned());
        self.touches += 1;
        Some(entry)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.entries.iter()
    }

    /// The entries whose key begins with `prefix`, in order.
    pub(crate) fn within(&self, prefix: &str) -> impl Iterator<Item = (&String, &T)> {
        self.entries.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The keys of the entries that `wanted` picks.
    pub(crate) fn keys_where(&self, wanted: impl Fn(&T) -> bool) -> Vec<String> {
        self.entries.iter().filter(|(_, e)| wanted(e)).map(|(key, _)| key.clone()).collect()
    }

    /// What was touched since the last call, as records.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.touched)
            .into_iter()
            .map(|key| {
                let entry = self.entries.get(&key);
                let value = entry.and_then(|e| serde_json::to_value(e).ok()).unwrap_or(Value::Null);
                Change { key: format!("{}:{key}", self.label), value }
            })
            .collect()
    }
}
