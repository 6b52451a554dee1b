//! The emulator's end of a first stage: its order, its reports, its lifeline.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, PidfdFlags, Signal};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::order::{self, Failure, Report, TERM};

/// A first stage whose program runs. Dropping it ends its lifeline.
pub(super) struct Keeper {
    /// The program's process id on the machine.
    pub(super) pid: i32,
    child: Child,
    lifeline: Option<ChildStdin>,
    reports: Lines<BufReader<ChildStdout>>,
    /// What was reported of the end; kept because the wait for it may be dropped half-way.
    end: Option<Ended>,
    /// The program itself, by a name that no other process can get.
    program: Option<OwnedFd>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its exit code; 128 + n where signal n ended it.
    pub(super) code: i32,
    /// Whether somebody in its group was ended for want of memory.
    pub(super) starved: bool,
}

impl Ended {
    /// Killed, and nobody tells by whom.
    pub(super) const KILLED: Self = Self { code: 128 + 9, starved: false };
}

impl Keeper {
    /// Starts a first stage and waits until its program runs, or says why it does not.
    pub(super) async fn start(
        init: &Path,
        verb: &str,
        order: &impl Serialize,
        output: Stdio,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::from(format!("{}: {error}", init.display()));
        let mut child = Command::new(init)
            .arg(verb)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .map_err(failed)?;
        let (Some(mut lifeline), Some(reports)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("no pipes")));
        };
        lifeline.write_all(&order::frame(order).map_err(failed)?).await.map_err(failed)?;
        let mut reports = BufReader::new(reports).lines();
        match next(&mut reports).await {
            Some(Report::Started(pid)) => {
                let program = Pid::from_raw(pid)
                    .and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok());
                let lifeline = Some(lifeline);
                Ok(Self { pid, child, lifeline, reports, end: None, program })
            }
            Some(Report::Failed(failure)) => Err(failure),
            Some(Report::Exited { .. }) | None => {
                Err(failed(io::Error::other("it is not a program that calls init_verb")))
            }
        }
    }

    /// Passes SIGTERM on to the program.
    pub(super) async fn term(&mut self) {
        if let Some(lifeline) = &mut self.lifeline {
            // An error says that the stage has ended, which its report tells better.
            let _ = lifeline.write_all(&[TERM]).await;
        }
    }

    /// Kills the program and all that it started.
    pub(super) fn kill(&mut self) {
        self.lifeline = None;
    }

    /// How the program ended, once it has. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> Ended {
        let end = match self.end {
            Some(end) => end,
            None => match next(&mut self.reports).await {
                Some(Report::Exited { code, starved }) => Ended { code, starved },
                // A stage that was killed says nothing. What it kept is killed with it, unless it has changed its user.
                Some(Report::Started(_) | Report::Failed(_)) | None => {
                    if let Some(program) = &self.program {
                        // It may be gone already.
                        let _ = rustix::process::pidfd_send_signal(program, Signal::KILL);
                    }
                    Ended::KILLED
                }
            },
        };
        self.end = Some(end);
        // The end is known; this only waits until nothing is left of the stage.
        let _ = self.child.wait().await;
        end
    }
}

async fn next(reports: &mut Lines<BufReader<ChildStdout>>) -> Option<Report> {
    let line = reports.next_line().await.ok().flatten()?;
    serde_json::from_str(&line).ok()
}
