//! The command itself: started in a session of its own, watched, and signalled as a group.
//!
//! Invariant: the process is reaped only by [`Command::reap`]; until then its number cannot be
//! given to another process, so that no signal can hit a stranger.

use std::io::ErrorKind;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Stdio};

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::request::Order;

/// A command that has started.
#[derive(Debug)]
pub struct Command {
    child: Box<dyn ChildWrapper>,
    pid: Pid,
}

/// Its three streams, each a pipe.
#[derive(Debug)]
pub struct Pipes {
    /// What the command reads.
    pub input: ChildStdin,
    /// What it writes.
    pub output: ChildStdout,
    /// What it complains.
    pub errors: ChildStderr,
}

/// Why a command could not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// There is no such program: code 127.
    #[error("{0:?}: not found")]
    NotFound(std::ffi::OsString),
    /// The working directory is none: code 126.
    #[error("working directory {0:?}: not a directory")]
    Folder(std::path::PathBuf),
    /// The kernel refused it: code 126.
    #[error("{0:?}: {1}")]
    Refused(std::ffi::OsString, std::io::ErrorKind),
    /// It has no number or no pipes: code 125.
    #[error("the process came without a number or a pipe")]
    Incomplete,
}

impl NotStarted {
    /// The code that says so, as podman and the shells have it.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::NotFound(_) => 127,
            Self::Folder(_) | Self::Refused(_, _) => 126,
            Self::Incomplete => 125,
        }
    }
}

/// Starts a command. It has no terminal: a terminal's hang-up does not reach it.
pub fn start(order: &Order) -> Result<(Command, Pipes), NotStarted> {
    let mut command = std::process::Command::new(&order.program);
    command.args(&order.arguments).envs(order.variables.iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = &order.folder {
        // Else the kernel's "not found" could mean the program or the folder.
        if !folder.is_dir() {
            return Err(NotStarted::Folder(folder.clone()));
        }
        command.current_dir(folder);
    }
    let mut child =
        CommandWrap::from(command).wrap(ProcessSession).spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => NotStarted::NotFound(order.program.clone()),
            kind => NotStarted::Refused(order.program.clone(), kind),
        })?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pipes = (child.stdin().take(), child.stdout().take(), child.stderr().take());
    match (pid, pipes) {
        (Some(pid), (Some(input), Some(output), Some(errors))) => {
            Ok((Command { child, pid }, Pipes { input, output, errors }))
        }
        _ => Err(NotStarted::Incomplete),
    }
}

impl Command {
    /// Its process, which leads its session and its group.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends its whole group a signal. A group that is gone is what was wanted.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Lets its number go, once it has ended.
    pub fn reap(mut self) {
        let _ = self.child.wait();
    }
}

/// Waits until a process ends, without reaping it: its exit code, or 128 and the signal's number.
#[must_use]
pub fn end_of(pid: Pid) -> u8 {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) | Ok(None) => {}
            Ok(Some(status)) => {
                let code =
                    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
                return code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
            }
            // Only somebody else's reaping could take the end from us; then nobody knows it.
            Err(_) => return 255,
        }
    }
}
