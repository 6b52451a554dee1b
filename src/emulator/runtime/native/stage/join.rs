//! The first stage of an exec: joins the container's namespaces and waits for the program's end.

use std::fs::File;
use std::path::PathBuf;

use nix::sched::{CloneFlags, setns, unshare};

use super::super::order::{ENTER, Join, Report};
use super::{Ends, StageError, credentials, doing, keep, root, spawn_second};

/// Joins all but the mount namespace, which would take our own program away before the second stage is started.
pub(super) fn join(ends: &mut Ends) -> Result<(), StageError> {
    let order: Join = ends.order()?;
    rustix::process::setsid().map_err(doing("own session"))?;
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    let namespace = |name: &str| {
        let path = format!("/proc/{}/ns/{name}", order.pid);
        File::open(&path).map_err(doing(path))
    };
    let others = [namespace("ipc")?, namespace("uts")?, namespace("pid")?];
    if !credentials::are_mighty()? {
        setns(namespace("user")?, CloneFlags::CLONE_NEWUSER).map_err(doing("user namespace"))?;
    }
    unshare(CloneFlags::CLONE_NEWNS).map_err(doing("own mounts"))?;
    root::keep_mounts_private()?;
    root::seal(&order.init)?;
    for other in others {
        setns(other, CloneFlags::empty()).map_err(doing("the container's namespaces"))?;
    }
    let groups = order.groups.iter().map(PathBuf::as_path);
    let child = spawn_second(&order.init, ENTER, &order, groups)?;
    ends.report(&Report::Started(child.id().cast_signed()))?;
    let code = keep::wait(&mut ends.lifeline, child)?;
    ends.report(&Report::Exited { code, starved: false })
}
