//! Records: what outlives the process, by key, each as the text in which it is kept.
//!
//! They are texts and no trees, because there is one beside every entry of the world and it is read once, when a
//! process begins. What a record means is its owner's business; `Debug` shows none, as they can hold secrets.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// The newest record of each key.
pub type Records = BTreeMap<String, Record>;

/// A document of JSON as text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Record(Box<RawValue>);

impl Record {
    /// What is kept of a value; none where it has no form in JSON.
    pub fn of(value: &impl Serialize) -> Option<Self> {
        to_raw_value(value).ok().map(Self)
    }

    /// The value; none where the record is of something else.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }

    /// How many bytes the text has.
    pub fn size(&self) -> usize {
        self.0.get().len()
    }
}

/// By text.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Without the text.
impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Record({} bytes)", self.size())
    }
}

/// The newest record of a key, or that there is none any more.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The key.
    pub key: String,
    /// The record; none: it is gone.
    pub value: Option<Record>,
}

impl Change {
    /// Makes records what they are after it.
    pub fn fold_into(self, records: &mut Records) {
        let Self { key, value } = self;
        match value {
            Some(record) => records.insert(key, record),
            None => records.remove(&key),
        };
    }
}

/// Shows the key only.
impl fmt::Debug for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Change").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_stays_and_what_is_gone_goes() {
        let change = |key: &str, value| Change { key: key.to_owned(), value };
        let mut records = Records::new();
        change("a", Record::of(&json!({"x": 1}))).fold_into(&mut records);
        change("b", Record::of(&2)).fold_into(&mut records);
        change("a", Record::of(&json!(["y"]))).fold_into(&mut records);
        change("b", None).fold_into(&mut records);
        assert_eq!(records.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(records.get("a").and_then(Record::read::<Vec<String>>), Some(vec!["y".to_owned()]));
        assert_eq!(records.get("a").and_then(Record::read::<u32>), None);
    }

    #[test]
    fn a_change_is_a_line_and_comes_back() -> Result<(), serde_json::Error> {
        for (value, line) in [
            (Record::of(&json!({"x": "a\nb"})), r#"{"key":"k","value":{"x":"a\nb"}}"#),
            (None, r#"{"key":"k","value":null}"#),
        ] {
            let change = Change { key: "k".to_owned(), value };
            let written = serde_json::to_string(&change)?;
            assert_eq!(written, line);
            assert_eq!(serde_json::from_str::<Change>(&written)?, change);
        }
        Ok(())
    }

    #[test]
    fn debug_shows_no_content() {
        let record = Record::of(&json!("hush-hush"));
        let shown = format!("{record:?} {:?}", Change { key: "k".to_owned(), value: record.clone() });
        assert!(!shown.contains("hush"), "{shown}");
    }
}
