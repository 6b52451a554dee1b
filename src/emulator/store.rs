//! What outlives the process: the newest value of each key, as JSON lines that are only ever appended.
//!
//! Invariants: [`Store::append`] returns after the operating system has the lines, so a killed process loses nothing
//! that was acknowledged; a line that a crash tore is dropped; a failed append leaves no half line behind.
//! The file is rewritten when opened and when it has doubled. It protects against a dying process, not against a
//! dying machine. What the records mean is their owner's business, and so is that only one process has the file open.

use std::fmt;
use std::fs::{File, OpenOptions, remove_file, rename};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::record::{Change, Records};

/// Below this size a file is not rewritten for having doubled.
const SMALL: u64 = 64 * 1024;

/// What keeps records from being kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that is not the last is no record.
    #[error("line {line} of {} is not a record", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        source: serde_json::Error,
    },
}

/// An open file of records.
pub struct Store {
    path: PathBuf,
    /// None: nothing outlives this.
    file: Option<File>,
    torn: usize,
    length: u64,
    length_when_rewritten: u64,
    records: Records,
}

/// Shows the file and how many records it has: the records can hold secrets.
impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.records.len();
        out.debug_struct("Store").field("path", &self.path).field("records", &records).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the file, or makes it, and rewrites it with only the newest value of each key.
    ///
    /// # Errors
    /// The file cannot be read or written, or a line before the last is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (records, torn) = match std::fs::read(path) {
            Ok(bytes) => read(path, &bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Records::new(), 0),
            Err(source) => {
                return Err(StoreError::Io { path: path.to_owned(), source });
            }
        };
        let (file, length) = rewrite(path, &records).map_err(at(path))?;
        let (path, file) = (path.to_owned(), Some(file));
        Ok(Self { path, file, torn, length, length_when_rewritten: length, records })
    }

    /// Records in memory only.
    pub(crate) fn in_memory() -> Self {
        let (path, records) = (PathBuf::new(), Records::new());
        Self { path, file: None, torn: 0, length: 0, length_when_rewritten: 0, records }
    }

    /// How many bytes of a torn last line were dropped when the file was opened.
    pub fn torn(&self) -> usize {
        self.torn
    }

    /// The newest value of each key.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Keeps changes; they are with the operating system when this returns.
    ///
    /// # Errors
    /// The file cannot be written; then nothing of these changes is kept.
    pub fn append(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let Some(file) = &mut self.file else {
            changes.iter().for_each(|change| change.clone().fold_into(&mut self.records));
            return Ok(());
        };
        let mut lines = Vec::new();
        for change in changes {
            write_line(&mut lines, change).map_err(at(&self.path))?;
        }
        if let Err(error) = file.write_all(&lines) {
            self.drop_half_line().map_err(at(&self.path))?;
            return Err(StoreError::Io { path: self.path.clone(), source: error });
        }
        self.length += lines.len() as u64;
        for change in changes {
            change.clone().fold_into(&mut self.records);
        }
        if self.length > SMALL.max(self.length_when_rewritten.saturating_mul(2))
            && let Err(error) = self.compact()
        {
            // The changes are kept; a file that is longer than it needs to be is rewritten when it has doubled again.
            tracing::warn!(%error, "the records could not be rewritten");
            self.length_when_rewritten = self.length;
        }
        Ok(())
    }

    /// Forgets every record.
    ///
    /// # Errors
    /// The file cannot be written; then nothing is forgotten.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.replace(Records::new())
    }

    /// Forgets every record and keeps these.
    ///
    /// # Errors
    /// The file cannot be written; then nothing is changed.
    pub fn replace(&mut self, records: Records) -> Result<(), StoreError> {
        let before = std::mem::replace(&mut self.records, records);
        self.compact().inspect_err(|_| self.records = before)
    }

    /// Lets every write fail as on a full disk, or no more; the file itself stays as it is.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self, full: bool) -> std::io::Result<()> {
        let path = if full { Path::new("/dev/full") } else { &self.path };
        self.file = Some(OpenOptions::new().append(true).open(path)?);
        Ok(())
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            return Ok(());
        }
        let (file, length) = rewrite(&self.path, &self.records).map_err(at(&self.path))?;
        self.file = Some(file);
        self.length = length;
        self.length_when_rewritten = length;
        Ok(())
    }

    fn drop_half_line(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| {
            file.set_len(self.length)?;
            file.seek(SeekFrom::End(0)).map(|_| ())
        })
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    |source| StoreError::Io { path, source }
}

/// The records, and how many bytes of a torn last line there are.
fn read(path: &Path, bytes: &[u8]) -> Result<(Records, usize), StoreError> {
    let mut records = Records::new();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for (index, line) in bytes.split_at(whole).0.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let change: Change = serde_json::from_slice(line).map_err(|source| StoreError::Corrupt {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        change.fold_into(&mut records);
    }
    Ok((records, bytes.len() - whole))
}

fn write_line(into: &mut Vec<u8>, change: &Change) -> std::io::Result<()> {
    serde_json::to_writer(&mut *into, change)?;
    into.push(b'\n');
    Ok(())
}

/// Writes the records beside the file and moves them into its place, so that there is a whole file at any moment.
fn rewrite(path: &Path, records: &Records) -> std::io::Result<(File, u64)> {
    let mut lines = Vec::new();
    for (key, value) in records {
        write_line(&mut lines, &Change { key: key.clone(), value: Some(value.clone()) })?;
    }
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(&lines).and_then(|()| file.sync_data()).and_then(|()| rename(&fresh, path));
    if written.is_err() {
        // Half a file helps nobody, least of all on a full disk.
        let _ = remove_file(&fresh);
    }
    written.map(|()| (file, lines.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn change(key: &str, value: Value) -> Change {
        let value = (!value.is_null()).then_some(value).as_ref().and_then(Record::of);
        Change { key: key.to_owned(), value }
    }

    /// What the records say.
    fn said(store: &Store) -> BTreeMap<String, Value> {
        let value = |record: &Record| record.read().unwrap_or_default();
        store.records().iter().map(|(key, record)| (key.clone(), value(record))).collect()
    }

    #[test]
    fn keeps_the_newest_value_of_each_key() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("world.jsonl");
        let mut store = Store::open(&path)?;
        store.append(&[change("a", json!(1)), change("b", json!({"x": "line\nbreak"}))])?;
        store.append(&[change("a", json!(2)), change("c", json!(3))])?;
        store.append(&[change("c", Value::Null)])?;
        let wanted =
            BTreeMap::from([("a".to_owned(), json!(2)), ("b".to_owned(), json!({"x": "line\nbreak"}))]);
        assert_eq!(said(&store), wanted);
        drop(store);
        assert_eq!(said(&Store::open(&path)?), wanted);
        Ok(())
    }

    #[test]
    fn drops_a_torn_last_line_and_goes_on() -> Outcome {
        let whole = b"{\"key\":\"a\",\"value\":1}\n{\"key\":\"b\",\"value\":2}\n";
        let first = 23;
        for cut in first..whole.len() {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("world.jsonl");
            std::fs::write(&path, whole.get(..cut).unwrap_or_default())?;
            let mut store = Store::open(&path)?;
            assert_eq!(store.records().keys().collect::<Vec<_>>(), ["a"], "cut at {cut}");
            assert_eq!(store.torn(), cut + 1 - first, "cut at {cut}");
            store.append(&[change("c", json!(3))])?;
            drop(store);
            assert_eq!(Store::open(&path)?.records().keys().collect::<Vec<_>>(), ["a", "c"]);
        }
        Ok(())
    }

    #[test]
    fn damage_before_the_last_line_is_an_error_with_its_line() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("world.jsonl");
        std::fs::write(&path, "{\"key\":\"a\",\"value\":1}\nnonsense\n{\"key\":\"b\",\"value\":2}\n")?;
        assert!(matches!(Store::open(&path), Err(StoreError::Corrupt { line: 2, .. })));
        Ok(())
    }

    #[test]
    fn a_full_disk_loses_nothing_that_was_kept() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("world.jsonl");
        let mut store = Store::open(&path)?;
        store.append(&[change("a", json!(1))])?;
        store.fill_disk(true)?;
        assert!(matches!(store.append(&[change("a", json!(2))]), Err(StoreError::Io { .. })));
        assert_eq!(said(&store).get("a"), Some(&json!(1)));
        store.fill_disk(false)?;
        store.append(&[change("b", json!(3))])?;
        drop(store);
        let kept = BTreeMap::from([("a".to_owned(), json!(1)), ("b".to_owned(), json!(3))]);
        assert_eq!(said(&Store::open(&path)?), kept);
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_rewritten_goes_on_as_it_is() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("world.jsonl");
        let mut store = Store::open(&path)?;
        // A folder in the place of the new file: it cannot be opened for writing.
        std::fs::create_dir(path.with_extension("new"))?;
        let text = "x".repeat(10_000);
        for round in 0..20 {
            store.append(&[change("same", json!([round, text]))])?;
        }
        assert!(matches!(store.clear(), Err(StoreError::Io { .. })));
        let wanted = BTreeMap::from([("same".to_owned(), json!([19, text]))]);
        assert_eq!(said(&store), wanted);
        drop(store);
        std::fs::remove_dir(path.with_extension("new"))?;
        assert_eq!(said(&Store::open(&path)?), wanted);
        Ok(())
    }

    #[test]
    fn is_rewritten_when_it_has_doubled() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("world.jsonl");
        let mut store = Store::open(&path)?;
        let text = "x".repeat(10_000);
        for round in 0..100 {
            store.append(&[change("same", json!([round, text]))])?;
        }
        let kept = std::fs::read(&path)?;
        assert!((kept.len() as u64) <= SMALL, "{} bytes", kept.len());
        assert_eq!(said(&Store::open(&path)?).get("same"), Some(&json!([99, text])));
        Ok(())
    }
}
