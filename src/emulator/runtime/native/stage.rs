//! What the hidden verbs of our own program do: the processes between the emulator and a container's program.
//!
//! Each container and each exec has two. The first makes or joins namespaces and stays until the end; the second is
//! born inside and becomes the program. Both are single-threaded, and run before the binary builds anything else, because
//! user and mount namespaces want one thread.
//!
//! Invariant: nothing outlives the emulator. A first stage holds the reading end of its lifeline; when that ends, however the
//! emulator ended, it kills the container's first process, and with it the kernel ends the process namespace. Mounts are made in private
//! namespaces only and go with them. A lifeline and not a parent-death signal, because that signal is forgotten when a
//! process changes its user, and because it fires when the spawning *thread* ends.

mod credentials;
mod enter;
mod group;
mod join;
mod keep;
mod mounts;
mod program;
mod root;
mod user;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use serde::Serialize;

use super::order::{self, Failure, Report};
use crate::image::unpack;

/// Carries a hidden verb out, if the arguments (the program's name first) hold one: then the caller's `main` must
/// return the code at once. To be called before anything else, above all before threads are made.
pub fn init_verb(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let verb = arguments.nth(1)?;
    let verb = verb.to_str()?;
    let stage: fn() -> Result<(), StageError> = match verb {
        unpack::VERB => unpack_layers,
        order::KEEP => || first(keep::keep),
        order::JOIN => || first(join::join),
        order::BECOME => || second(keep::become_program),
        order::ENTER => || second(enter::enter),
        _ => return None,
    };
    close_inherited();
    // What went wrong was reported; where even that failed, the code is all there is to say.
    Some(stage().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}

/// Closes whatever files the emulator's own parents left open: a task must not get hold of them.
fn close_inherited() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<i32> = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for file in open.into_iter().filter(|file| *file > 2) {
        // The folder that was just read is among them, and is closed already.
        let _ = nix::unistd::close(file);
    }
}

/// Why a stage could not do its part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    /// The system refused something.
    #[error("{doing}")]
    System {
        /// What was tried.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
    /// The program cannot be run; in a container runtime's words.
    #[error("{0}")]
    Program(String),
    /// The path of the environment has no such program.
    #[error("exec: {0:?}: executable file not found in $PATH")]
    NotInPath(String),
    /// The second stage said this.
    #[error("{}", .0.reason)]
    Second(Failure),
    /// A volume cannot be mounted.
    #[error("{reason}")]
    Mount {
        /// Its name.
        volume: String,
        /// Why.
        reason: String,
    },
    /// A layer cannot be applied.
    #[error("{0}")]
    Layer(#[from] unpack::layer::LayerError),
}

/// Says what was tried when the system refuses.
fn doing<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> StageError {
    move |error| StageError::System { doing: what.into(), source: error.into() }
}

/// The error with its source, for people.
fn told(error: &StageError) -> String {
    match error {
        StageError::System { doing, source } => format!("{doing}: {source}"),
        other => other.to_string(),
    }
}

/// The error as it goes into a report.
fn failure(error: &StageError) -> Failure {
    match error {
        StageError::Second(failure) => failure.clone(),
        StageError::Mount { volume, reason } => {
            Failure { volume: Some(volume.clone()), reason: reason.clone() }
        }
        other => Failure::from(told(other)),
    }
}

/// A first stage: the order comes in, reports go out, the lifeline stays.
fn first(stage: impl FnOnce(&mut Ends) -> Result<(), StageError>) -> Result<(), StageError> {
    let mut ends = Ends::take()?;
    let done = stage(&mut ends);
    if let Err(error) = &done {
        ends.report(&Report::Failed(failure(error)))?;
    }
    done
}

/// A second stage: silence means that the program runs, as the report's end is closed by the exec.
fn second(stage: impl FnOnce(&mut Ends) -> Result<(), StageError>) -> Result<(), StageError> {
    let mut ends = Ends::take()?;
    // From here on, standard output is the task's own.
    rustix::stdio::dup2_stdout(io::stderr().as_fd()).map_err(doing("standard output"))?;
    let done = stage(&mut ends);
    if let Err(error) = &done {
        let said = serde_json::to_vec(&failure(error)).map_err(doing("report"))?;
        ends.reports.write_all(&said).map_err(doing("report"))?;
    }
    done
}

/// A stage's own ends of its pipes; none of them reaches the program.
struct Ends {
    lifeline: File,
    reports: File,
}

impl Ends {
    fn take() -> Result<Self, StageError> {
        let own = |fd: std::os::fd::BorrowedFd<'_>| {
            rustix::io::fcntl_dupfd_cloexec(fd, 3).map(File::from).map_err(doing("own pipes"))
        };
        Ok(Self { lifeline: own(io::stdin().as_fd())?, reports: own(io::stdout().as_fd())? })
    }

    fn order<T: serde::de::DeserializeOwned>(&self) -> Result<T, StageError> {
        order::read(&self.lifeline).map_err(doing("order"))
    }

    fn report(&mut self, report: &Report) -> Result<(), StageError> {
        let mut line = serde_json::to_vec(report).map_err(doing("report"))?;
        line.push(b'\n');
        self.reports.write_all(&line).map_err(doing("report"))
    }
}

/// Starts the second stage within these control groups and waits until it has become the program.
fn spawn_second<'a>(
    init: &Path,
    verb: &str,
    order: &impl Serialize,
    groups: impl Iterator<Item = &'a Path>,
) -> Result<Child, StageError> {
    let order = order::frame(order).map_err(doing("order"))?;
    let mut child = Command::new(init)
        .arg(verb)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(doing("second stage"))?;
    // It waits for its order, so that nothing of the program happens outside its groups.
    if let Err(error) = group::enter(groups, child.id()) {
        child.kill().and_then(|()| child.wait()).map_err(doing("end of the second stage"))?;
        return Err(error);
    }
    // The pipe stays open as long as we live: its end tells the second stage that we are gone.
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(&order).map_err(doing("order to the second stage"))?;
    }
    let mut said = String::new();
    if let Some(mut reports) = child.stdout.take() {
        reports.read_to_string(&mut said).map_err(doing("report of the second stage"))?;
    }
    if said.is_empty() {
        return Ok(child);
    }
    // It has nothing more to do; its exit code says no more than its report.
    child.wait().map_err(doing("end of the second stage"))?;
    Err(StageError::Second(serde_json::from_str(&said).unwrap_or(Failure { volume: None, reason: said })))
}

/// The exit code of a process in a shell's numbers.
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// The unpacking process: its order comes whole, its standard output says why it failed.
fn unpack_layers() -> Result<(), StageError> {
    let done = root::unpack();
    if let Err(error) = &done {
        io::stdout().write_all(told(error).as_bytes()).map_err(doing("report"))?;
    }
    done
}
