//! What an emulator found when it was opened.

use serde::{Deserialize, Serialize};

/// What was found in the state folder, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovered {
    /// The emulator before ended without saying so: it was killed.
    pub killed: bool,
    /// How many records were read.
    pub records: usize,
    /// How many bytes of a torn last line were dropped; it was never acknowledged.
    pub torn_bytes: usize,
    /// How many container groups ran before and were started again.
    pub restarted: usize,
}

impl Recovered {
    /// For people: one sentence, none where there was nothing to recover.
    pub fn told(&self) -> Option<String> {
        let Self { killed, records, torn_bytes, restarted } = *self;
        if records == 0 && torn_bytes == 0 && !killed {
            return None;
        }
        let many = |count: usize, one: &str, more: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {more}"),
        };
        let mut parts = vec![format!("{} read", many(records, "record", "records"))];
        if torn_bytes > 0 {
            parts.push(format!("a torn last line of {} dropped", many(torn_bytes, "byte", "bytes")));
        }
        if restarted > 0 {
            parts.push(format!("{} started again", many(restarted, "container group", "container groups")));
        }
        let how = if killed { "after it was killed" } else { "from the last time" };
        Some(format!("Recovered {how}: {}.", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_a_sentence() {
        let rows = [
            (Recovered::default(), None),
            (
                Recovered { killed: true, records: 12, torn_bytes: 7, restarted: 1 },
                Some(
                    "Recovered after it was killed: 12 records read, a torn last line of 7 bytes dropped, 1 container group started again.",
                ),
            ),
            (
                Recovered { records: 1, ..Recovered::default() },
                Some("Recovered from the last time: 1 record read."),
            ),
        ];
        for (recovered, wanted) in rows {
            assert_eq!(recovered.told().as_deref(), wanted);
        }
    }
}
