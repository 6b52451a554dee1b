//! The trace of a run: a small file in the container that tells whether it runs or how it ended.
//!
//! `begun <unix seconds>`, then `pid <n>`, then `exit <code>`, a line each. Invariant: a trace is
//! created once (O_EXCL), its first line stands before the command starts, and its last before
//! the command's process is reaped; so a process that is gone without an `exit` line is lost.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, getsid, kill_process_group};

use super::frame::Fate;
use super::request::{RunId, Stop};

/// Where traces are kept.
pub const FOLDER: &str = "/tmp";

/// How long a line that must come soon is waited for: between the start and its `pid` line, and
/// between the end and its `exit` line, lies no more than a moment.
const MOMENT: Duration = Duration::from_secs(1);

/// The open trace of a run that this helper started.
#[derive(Debug)]
pub struct Trace(File);

/// What came of beginning a trace.
#[derive(Debug)]
pub enum Beginning {
    /// It stands, and holds its first line.
    Begun(Trace),
    /// There is one of this id.
    Already,
    /// It cannot be written here.
    Unwritable,
}

/// Begins the trace of a run at a time in unix seconds; makes the folder where it is missing.
#[must_use]
pub fn begin(folder: &Path, id: &RunId, seconds: u64) -> Beginning {
    let path = path(folder, id);
    match create(folder, &path, &format!("begun {seconds}\n")) {
        Ok(file) => Beginning::Begun(Trace(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Beginning::Already,
        Err(_) => Beginning::Unwritable,
    }
}

impl Trace {
    /// Writes the process of the command. A trace that cannot be written does not stop its run.
    pub fn started(&mut self, pid: u32) {
        let _ = self.0.write_all(format!("pid {pid}\n").as_bytes());
    }

    /// Writes how the command ended, or that it could not start.
    pub fn ended(&mut self, code: u8) {
        let _ = self.0.write_all(format!("exit {code}\n").as_bytes());
    }
}

/// What became of a run, by its trace.
#[must_use]
pub fn query(folder: &Path, id: &RunId) -> Fate {
    let path = path(folder, id);
    let until = Instant::now() + MOMENT;
    loop {
        let lines = match read(&path) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => return absent(folder),
            Err(_) => return Fate::Unknown,
        };
        match lines {
            Lines { exit: Some(code), pid: _ } => return Fate::Ended(code),
            Lines { exit: None, pid: Some(pid) } if lives(pid) => return Fate::Running(pid),
            Lines { exit: None, pid: _ } if Instant::now() >= until => return Fate::Lost,
            Lines { exit: None, pid: _ } => std::thread::sleep(MOMENT / 50),
        }
    }
}

/// Sends the process group of a run a signal, if it runs; then tells what became of it.
#[must_use]
pub fn signal(folder: &Path, id: &RunId, stop: Stop) -> Fate {
    let fate = query(folder, id);
    let Fate::Running(pid) = fate else {
        return fate;
    };
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let signal = match stop {
            Stop::Terminate => Signal::TERM,
            Stop::Kill => Signal::KILL,
        };
        // A group that has just gone is what was wanted.
        let _ = kill_process_group(pid, signal);
    }
    query(folder, id)
}

/// The lines of a trace that matter to a query.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    pid: Option<u32>,
    exit: Option<u8>,
}

/// Reads the text of a trace; a torn line counts for nothing.
fn parse(text: &str) -> Lines {
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let value =
        |name: &str| whole.lines().filter_map(|line| line.split_once(' ')).find(|(word, _)| *word == name);
    Lines {
        pid: value("pid").and_then(|(_, number)| number.parse().ok()),
        exit: value("exit").and_then(|(_, number)| number.parse().ok()),
    }
}

fn path(folder: &Path, id: &RunId) -> PathBuf {
    folder.join(format!(".acitask-{}", id.as_str()))
}

fn create(folder: &Path, path: &Path, first: &str) -> std::io::Result<File> {
    if DirBuilder::new().mode(0o1777).create(folder).is_ok() {
        // The process's umask has taken bits away that everybody needs in such a folder.
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o1777))?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    if let Err(error) = file.write_all(first.as_bytes()) {
        // An empty trace would be taken for a run that was lost.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

fn read(path: &Path) -> std::io::Result<String> {
    // Everybody may write to the folder: a link or a pipe set there in a trace's place is no trace.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

/// There is no trace: does that mean anything? Only if one could be written, which is tried.
fn absent(folder: &Path) -> Fate {
    // The underscore keeps the probe's name apart from every trace's.
    let probe = folder.join(format!(".acitask_probe-{}", std::process::id()));
    match create(folder, &probe, "begun 0\n") {
        Ok(_) => {
            let _ = std::fs::remove_file(&probe);
            Fate::Never
        }
        Err(_) => Fate::Unknown,
    }
}

/// Whether the process of a run lives. It leads a session of its own, which tells it from most
/// processes that were given the same number later; a zombie does not live.
fn lives(pid: u32) -> bool {
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    if getsid(Some(process)) != Ok(process) {
        return false;
    }
    // Without /proc the session is all there is to go by.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            let (_, rest) = stat.rsplit_once(')')?;
            rest.trim_start().chars().next()
        })
        .is_none_or(|state| !matches!(state, 'Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_trace_tells_how_its_run_ended() -> Outcome {
        let folder = tempfile::tempdir()?;
        let id = RunId::parse(b"one")?;
        assert_eq!(query(folder.path(), &id), Fate::Never);
        let Beginning::Begun(mut trace) = begin(folder.path(), &id, 1_700_000_000) else {
            return Err("the trace did not begin".into());
        };
        assert!(matches!(begin(folder.path(), &id, 1), Beginning::Already));
        trace.started(4_000_000);
        assert_eq!(query(folder.path(), &id), Fate::Lost);
        trace.ended(7);
        assert_eq!(query(folder.path(), &id), Fate::Ended(7));
        let text = std::fs::read_to_string(folder.path().join(".acitask-one"))?;
        assert_eq!(text, "begun 1700000000\npid 4000000\nexit 7\n");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "the probe is gone");
        Ok(())
    }

    #[test]
    fn the_folder_is_made_for_everybody() -> Outcome {
        let above = tempfile::tempdir()?;
        let folder = above.path().join("tmp");
        let id = RunId::parse(b"one")?;
        assert!(matches!(begin(&folder, &id, 1), Beginning::Begun(_)));
        assert_eq!(std::fs::metadata(&folder)?.permissions().mode() & 0o7777, 0o1777);
        Ok(())
    }

    #[test]
    fn where_no_trace_can_be_written_its_absence_says_nothing() -> Outcome {
        let id = RunId::parse(b"one")?;
        let folder = Path::new("/dev/null/tmp");
        assert!(matches!(begin(folder, &id, 1), Beginning::Unwritable));
        assert_eq!(query(folder, &id), Fate::Unknown);
        Ok(())
    }

    #[test]
    fn a_link_in_the_place_of_a_trace_is_not_followed() -> Outcome {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("other"), "exit 0\n")?;
        std::os::unix::fs::symlink("other", folder.path().join(".acitask-one"))?;
        assert_eq!(query(folder.path(), &RunId::parse(b"one")?), Fate::Unknown);
        Ok(())
    }

    #[test]
    fn a_torn_line_counts_for_nothing() {
        let cases = [
            ("", None, None),
            ("begun 1\n", None, None),
            ("begun 1\npid 1", None, None),
            ("begun 1\npid 12\nexit 1", Some(12), None),
            ("begun 1\npid 12\nexit 137\n", Some(12), Some(137)),
            ("begun 1\nexit 127\n", None, Some(127)),
        ];
        for (text, pid, exit) in cases {
            assert_eq!(parse(text), Lines { pid, exit }, "{text:?}");
        }
    }
}
