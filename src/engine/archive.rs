//! Keeps what task runs printed and how they ended, in files beside the manifests.
//!
//! A folder for each run of a TaskRun, with a log for each attempt and an account of its end. Whatever cannot be kept
//! never changes what becomes of a run: it is told once. Secrets of the plan are hidden before a line gets here.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::name::{Name, Owner};
use crate::model::record::{Record, RunId, RunState};

/// The version of the account.
const VERSION: u32 = 1;
/// The file that holds it.
const ACCOUNT: &str = "outcome.json";

/// Where runs are kept, and whose.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
    owner: Owner,
}

/// What is kept of a run beside its logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The version of this form.
    pub version: u32,
    /// The project, with the environment where there is one; absent in what was kept before this was kept.
    #[serde(default)]
    pub owner: Option<String>,
    /// The TaskRun.
    pub run: String,
    /// Which run of it.
    pub id: String,
    /// How far it came: running, succeeded, failed, timed out, interrupted, cancelled.
    pub state: String,
    /// Its exit code, where there is one.
    pub exit: Option<i32>,
    /// What happened.
    pub why: String,
    /// Why it was run.
    pub reason: String,
    /// When it began to be followed, by our clock.
    pub began: String,
    /// When its end was recorded, by our clock; absent while it runs.
    pub ended: Option<String>,
    /// How long that took.
    pub seconds: Option<u64>,
    /// How many attempts it came to.
    pub attempts: u32,
    /// Of a run that is fanned out: how many items there are, and how many of them have succeeded.
    pub items: Option<(u32, u32)>,
    /// The group that it ran in.
    pub group: String,
    /// The container that decided.
    pub container: String,
    /// Where it was run from, such as the address of a pipeline's run.
    pub source: Option<String>,
}

/// An account that was kept, and the logs beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The account.
    pub account: Account,
    /// The logs, in order.
    pub logs: Vec<PathBuf>,
}

/// A log that is being written.
#[derive(Debug)]
pub(crate) struct Recording {
    out: BufWriter<File>,
}

impl Archive {
    /// Keeps the runs of this owner below this folder, which is made when the first is kept. Several owners can share it.
    pub fn new(folder: impl Into<PathBuf>, owner: Owner) -> Self {
        Self { folder: folder.into(), owner }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is kept of the owner's runs of a TaskRun, or of all; the newest last. What cannot be read is left out.
    pub fn kept(&self, run: Option<&Name>) -> Vec<Kept> {
        let runs: Vec<PathBuf> = match run {
            Some(run) => vec![self.folder.join(plain(run.as_str()))],
            None => folders(&self.folder),
        };
        let ours =
            |kept: &Kept| kept.account.owner.as_deref().is_none_or(|owner| owner == self.owner.as_str());
        let mut kept: Vec<Kept> =
            runs.iter().flat_map(|run| folders(run)).filter_map(|run| read(&run)).filter(ours).collect();
        kept.sort_by(|a, b| (&a.account.began, &a.account.id).cmp(&(&b.account.began, &b.account.id)));
        kept
    }

    /// Begins the log of an attempt. One that was begun before, by a process that has ended since, is begun anew: the
    /// service gives the whole log again.
    pub(crate) fn record(
        &self,
        run: &Name,
        id: &RunId,
        item: Option<u32>,
        attempt: u32,
    ) -> io::Result<Recording> {
        let folder = self.place(run, id);
        fs::create_dir_all(&folder)?;
        let item = item.map_or_else(String::new, |item| format!("item-{item:04}."));
        let file = File::create(folder.join(format!("{item}attempt-{attempt:02}.log")))?;
        Ok(Recording { out: BufWriter::new(file) })
    }

    /// Keeps the account of a run, in one piece or not at all.
    pub(crate) fn keep(&self, run: &Name, id: &RunId, account: &Account) -> io::Result<()> {
        let folder = self.place(run, id);
        fs::create_dir_all(&folder)?;
        let account = Account { owner: Some(self.owner.to_string()), ..account.clone() };
        let text = serde_json::to_string_pretty(&account).map_err(io::Error::other)?;
        let draft = folder.join(format!("{ACCOUNT}.new"));
        fs::write(&draft, text + "\n")?;
        fs::rename(draft, folder.join(ACCOUNT))
    }

    /// Forgets a run that was to begin and did not.
    pub(crate) fn forget(&self, run: &Name, id: &RunId) -> io::Result<()> {
        fs::remove_dir_all(self.place(run, id))
    }

    fn place(&self, run: &Name, id: &RunId) -> PathBuf {
        self.folder.join(plain(run.as_str())).join(plain(id.as_str()))
    }
}

impl Account {
    /// Of a run with this record.
    pub(crate) fn new(run: &Name, record: &Record, why: String, reason: String, began: String) -> Self {
        let Record { id, state, input: _, exit, at, container_start: _, attempt, item: _, done, source } =
            record;
        let ended = at.filter(|_| *state != RunState::Open).map(|at| at.to_string());
        Self {
            version: VERSION,
            owner: None,
            run: run.to_string(),
            id: id.to_string(),
            state: state.to_string(),
            exit: *exit,
            why,
            reason,
            began,
            ended,
            seconds: None,
            attempts: *attempt,
            items: done.as_ref().map(|done| (done.count(), done.succeeded())),
            group: String::new(),
            container: String::new(),
            source: source.clone(),
        }
    }
}

impl Recording {
    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Brings everything to the file.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn read(folder: &Path) -> Option<Kept> {
    let account = serde_json::from_slice(&fs::read(folder.join(ACCOUNT)).ok()?).ok()?;
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut logs: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect();
    logs.sort();
    Some(Kept { account, logs })
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// A name that is one part of a path, whatever was read from a tag.
fn plain(name: &str) -> String {
    let letter = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' };
    let text: String = name.to_ascii_lowercase().chars().map(letter).collect();
    if text.chars().all(|char| char == '.') { "_".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_kept_with_their_logs_and_found_again() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let archive = Archive::new(folder.path().join("runs"), Owner::new(&Name::from("jobs"), None));
        assert_eq!(archive.kept(None), []);
        let run = Name::from("Nightly");
        for (id, at) in [("r-2", "2026-01-02T00:00:00Z"), ("r-1", "2026-01-01T00:00:00Z")] {
            let id = RunId::new(id);
            let mut record = Record::open(id.clone(), "1.2.3.4".parse()?, Some(at.parse()?));
            record.state = RunState::Failed;
            let mut log = archive.record(&run, &id, None, 1)?;
            log.line("hello")?;
            log.flush()?;
            archive.keep(
                &run,
                &id,
                &Account::new(&run, &record, "exit 3".into(), "never ran".into(), at.into()),
            )?;
        }
        let kept = archive.kept(Some(&run));
        let ids: Vec<&str> = kept.iter().map(|kept| kept.account.id.as_str()).collect();
        assert_eq!(ids, ["r-1", "r-2"]);
        assert_eq!(fs::read_to_string(&kept[0].logs[0])?, "hello\n");
        assert_eq!(archive.kept(None), kept);
        let other = Archive::new(
            folder.path().join("runs"),
            Owner::new(&Name::from("jobs"), Some(&Name::from("test"))),
        );
        assert_eq!(other.kept(None), []);
        Ok(())
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (name, part) in [("a/../b", "a_.._b"), ("..", "_"), ("", "_"), ("R-1", "r-1")] {
            assert_eq!(plain(name), part);
        }
    }
}
