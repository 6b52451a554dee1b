//! The logs of all containers of a runtime, and the files where they are kept.
//!
//! Invariant: a log is in memory while its container runs, and afterwards only where no file holds the whole of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::log::{self, Log};
use crate::contract::{LogLine, SandboxId};

/// A container of a sandbox.
pub(super) type Key = (SandboxId, String);

/// A log that its container writes and its readers read.
pub(super) type SharedLog = Arc<Mutex<Log>>;

/// All logs.
#[derive(Debug)]
pub(super) struct Logs {
    /// None: they do not outlive the emulator.
    folder: Option<PathBuf>,
    open: Mutex<BTreeMap<Key, SharedLog>>,
}

impl Logs {
    /// Those of this folder.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, open: Mutex::default() }
    }

    /// The empty log of a container that starts; the one of its run before is gone.
    ///
    /// # Errors
    /// Its file cannot be made.
    pub(super) fn begin(&self, key: &Key) -> io::Result<SharedLog> {
        let log = Arc::new(Mutex::new(Log::new(self.file(key))?));
        held(&self.open).insert(key.clone(), Arc::clone(&log));
        Ok(log)
    }

    /// The lines of a container, the oldest first; none where it never ran.
    pub(super) fn lines(&self, key: &Key) -> Vec<LogLine> {
        let open = held(&self.open).get(key).cloned();
        if let Some(log) = open {
            return held(&log).lines();
        }
        let lines = self.file(key).map(|path| log::read(&path)).unwrap_or_else(|| Ok(Vec::new()));
        lines.unwrap_or_else(|error| {
            tracing::warn!(%error, "a log file could not be read");
            Vec::new()
        })
    }

    /// Lets go of the log of a container that has ended, where its file tells the same.
    pub(super) fn put_away(&self, key: &Key) {
        let mut open = held(&self.open);
        if open.get(key).is_some_and(|log| held(log).is_kept()) {
            open.remove(key);
        }
    }

    /// Deletes those of a sandbox.
    pub(super) fn forget(&self, sandbox: SandboxId) {
        held(&self.open).retain(|(known, _), _| *known != sandbox);
        let Some(folder) = self.of(sandbox) else { return };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, folder = %folder.display(), "logs could not be deleted");
            }
            _ => {}
        }
    }

    fn of(&self, sandbox: SandboxId) -> Option<PathBuf> {
        self.folder.as_ref().map(|logs| logs.join(sandbox.0.to_string()))
    }

    /// None where no logs are kept, or where the name could not be a file's.
    fn file(&self, (sandbox, container): &Key) -> Option<PathBuf> {
        let plain = !container.is_empty() && !container.starts_with('.') && !container.contains('/');
        self.of(*sandbox).filter(|_| plain).map(|folder| folder.join(container))
    }
}

/// No task panics while it holds a lock; what it left is whole.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn texts(logs: &Logs, key: &Key) -> Vec<Vec<u8>> {
        logs.lines(key).into_iter().map(|line| line.text.to_vec()).collect()
    }

    #[test]
    fn a_log_is_read_from_its_file_when_its_container_has_ended() -> Outcome {
        let folder = tempfile::tempdir()?;
        let logs = Logs::new(Some(folder.path().to_owned()));
        let key = (SandboxId(1), "main".to_owned());
        assert_eq!(texts(&logs, &key), Vec::<Vec<u8>>::new());
        let log = logs.begin(&key)?;
        held(&log).write(b"a\nb", Timestamp::UNIX_EPOCH)?;
        assert_eq!(texts(&logs, &key), [b"a", b"b"]);
        // Not whole in its file yet.
        logs.put_away(&key);
        assert_eq!(held(&logs.open).len(), 1);
        held(&log).end()?;
        logs.put_away(&key);
        assert_eq!(held(&logs.open).len(), 0);
        assert_eq!(texts(&logs, &key), [b"a", b"b"]);
        logs.forget(SandboxId(1));
        assert_eq!(texts(&logs, &key), Vec::<Vec<u8>>::new());
        Ok(())
    }

    #[test]
    fn a_name_that_is_no_files_is_kept_in_memory_alone() -> Outcome {
        let folder = tempfile::tempdir()?;
        let logs = Logs::new(Some(folder.path().to_owned()));
        for name in ["", "..", "../../escaped", ".hidden"] {
            let key = (SandboxId(1), name.to_owned());
            let log = logs.begin(&key)?;
            held(&log).write(b"x\n", Timestamp::UNIX_EPOCH)?;
            logs.put_away(&key);
            assert_eq!(texts(&logs, &key), [b"x"], "{name:?}");
        }
        assert_eq!(fs::read_dir(folder.path())?.count(), 0);
        Ok(())
    }
}
