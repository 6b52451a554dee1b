//! The second stage of an exec: enters the container's file tree, takes the terminal if it has one, becomes the program.

use std::fs::File;
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns};

use super::super::order::Join;
use super::{Ends, StageError, credentials, doing, program};

pub(super) fn enter(ends: &mut Ends) -> Result<(), StageError> {
    let Join { init: _, pid, terminal, groups: _, process } = ends.order()?;
    let mounts = format!("/proc/{pid}/ns/mnt");
    let mounts = File::open(&mounts).map_err(doing(mounts))?;
    // This also makes the container's root ours.
    setns(mounts, CloneFlags::CLONE_NEWNS).map_err(doing("the container's mounts"))?;
    rustix::process::setsid().map_err(doing("own session"))?;
    let terminal = terminal.map(take).transpose()?;
    let ready = program::prepare(&process).map_err(program::in_exec_words)?;
    if let Some(terminal) = terminal {
        credentials::give(&terminal, &ready.user)?;
        for end in [rustix::stdio::dup2_stdin, rustix::stdio::dup2_stdout, rustix::stdio::dup2_stderr] {
            end(&terminal).map_err(doing("terminal"))?;
        }
    } else {
        let null = File::open("/dev/null").map_err(doing("/dev/null"))?;
        rustix::stdio::dup2_stdin(&null).map_err(doing("standard input"))?;
    }
    credentials::drop_to(&ready.user)?;
    Err(ready.run())
}

/// Makes this terminal the one that controls our session.
fn take(terminal: PathBuf) -> Result<File, StageError> {
    let opened = File::options().read(true).write(true).open(&terminal);
    let terminal = opened.map_err(doing(terminal.display().to_string()))?;
    rustix::process::ioctl_tiocsctty(&terminal).map_err(doing("controlling terminal"))?;
    Ok(terminal)
}
