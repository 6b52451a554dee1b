//! The two stages of a container: the keeper outside, and its first process inside.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::Child;

use super::super::order::{BECOME, Become, Keep, Report, TERM};
use super::{Ends, StageError, code, credentials, doing, group, program, root, spawn_second};

/// Stage 1: namespaces and the file tree, then the wait for the program's end or the lifeline's.
pub(super) fn keep(ends: &mut Ends) -> Result<(), StageError> {
    let Keep { init, tree, scratch, hostname, mounts, groups, process } = ends.order()?;
    // Signals from the emulator's terminal are not for us or the task.
    rustix::process::setsid().map_err(doing("own session"))?;
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    let groups = group::make(groups)?;
    let powers = credentials::become_mighty()?;
    unshare(
        CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWIPC,
    )
    .map_err(doing("own namespaces"))?;
    root::keep_mounts_private()?;
    root::seal(&init)?;
    root::assemble(&tree, &scratch, &mounts, powers)?;
    nix::unistd::sethostname(&hostname).map_err(doing("host name"))?;
    let places = mounts.into_iter().map(|mount| (mount.volume, mount.path)).collect();
    let second = Become { scratch, hostname, mounts: places, process };
    let child = spawn_second(&init, BECOME, &second, groups.folders())?;
    ends.report(&Report::Started(child.id().cast_signed()))?;
    let code = wait(&mut ends.lifeline, child)?;
    let starved = groups.starved();
    drop(groups);
    ends.report(&Report::Exited { code, starved })
}

/// Waits for the program; passes TERM on; kills it when the lifeline ends.
pub(super) fn wait(lifeline: &mut File, mut child: Child) -> Result<i32, StageError> {
    let pid = Pid::from_child(&child);
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(doing("wait"))?;
    loop {
        let mut ends =
            [PollFd::new(ended.as_fd(), PollFlags::POLLIN), PollFd::new(lifeline.as_fd(), PollFlags::POLLIN)];
        poll(&mut ends, PollTimeout::NONE).map_err(doing("wait"))?;
        let [has_ended, was_told] = ends.map(|end| end.any().unwrap_or(true));
        if has_ended {
            return child.wait().map(code).map_err(doing("wait"));
        }
        if was_told {
            let mut word = [0];
            match lifeline.read(&mut word).map_err(doing("lifeline"))? {
                0 => {
                    // Its session is its own, and so is its process group.
                    if rustix::process::kill_process_group(pid, Signal::KILL).is_err() {
                        child.kill().map_err(doing("kill"))?;
                    }
                    return child.wait().map(code).map_err(doing("wait"));
                }
                _ if word == [TERM] => {
                    rustix::process::kill_process(pid, Signal::TERM).map_err(doing("term"))?;
                }
                _ => {}
            }
        }
    }
}

/// Stage 2: process 1 of the container, until the program replaces it.
pub(super) fn become_program(ends: &mut Ends) -> Result<(), StageError> {
    let Become { scratch, hostname, mounts, process } = ends.order()?;
    rustix::process::setsid().map_err(doing("own session"))?;
    root::enter(&scratch, &hostname, mounts)?;
    let Some(process) = process else {
        return Ok(());
    };
    let null = File::open("/dev/null").map_err(doing("/dev/null"))?;
    rustix::stdio::dup2_stdin(&null).map_err(doing("standard input"))?;
    let ready = program::prepare(&process)?;
    credentials::drop_to(&ready.user)?;
    // Second to the lifeline: should the keeper alone be killed, the container goes too. It is set this late
    // because a change of user clears it.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(doing("death signal"))?;
    let mut keeper = [PollFd::new(ends.lifeline.as_fd(), PollFlags::empty())];
    poll(&mut keeper, PollTimeout::ZERO).map_err(doing("keeper"))?;
    if keeper[0].any().unwrap_or(true) {
        return Err(StageError::Program("the keeper is gone".to_owned()));
    }
    Err(ready.run())
}
