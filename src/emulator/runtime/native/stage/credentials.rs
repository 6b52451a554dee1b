//! The powers of a stage, and those that are left to the program.
//!
//! With the emulator as root, the stages use its powers. Else they make a user namespace in which they are root and
//! nobody else exists. The program keeps podman's default capabilities within either, and can gain none.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, fchown, getegid, geteuid, setgid, setgroups, setuid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::user::User;
use super::{StageError, doing};

/// What the program keeps: the defaults of podman. Without NET_RAW, because the network is the machine's own, and without
/// MKNOD, because no device list stands between a device file and the machine's disks.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SYS_CHROOT);

/// Whether we may make namespaces and mounts as we are.
pub(super) fn are_mighty() -> Result<bool, StageError> {
    let own = rustix::thread::capabilities(None).map_err(doing("capabilities"))?;
    Ok(own.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Where a stage's powers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Powers {
    /// They are the emulator's own.
    Machine,
    /// They hold in a user namespace only.
    Namespace,
}

/// Makes a user namespace where we are root, if that is what it takes.
pub(super) fn become_mighty() -> Result<Powers, StageError> {
    if are_mighty()? {
        return Ok(Powers::Machine);
    }
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(doing("user namespace"))?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ] {
        fs::write(format!("/proc/self/{file}"), text).map_err(doing(format!("user namespace: {file}")))?;
    }
    Ok(Powers::Namespace)
}

/// Lets the user read and write the terminal that was made for it.
pub(super) fn give(terminal: &fs::File, user: &User) -> Result<(), StageError> {
    if user.uid == 0 {
        return Ok(());
    }
    fchown(terminal, Some(Uid::from_raw(user.uid)), None).map_err(doing("the terminal's owner"))
}

/// Becomes the user and gives up every power but those of [`KEPT`], for good.
pub(super) fn drop_to(user: &User) -> Result<(), StageError> {
    let refused = || format!("unable to run as user {}:{}", user.uid, user.gid);
    for bit in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        // The kernel refuses to tell about capabilities that it does not know: those end the list.
        let Ok(bounded) = rustix::thread::capability_is_in_bounding_set(one) else {
            break;
        };
        if bounded && !KEPT.contains(one) {
            rustix::thread::remove_capability_from_bounding_set(one).map_err(doing("bounding set"))?;
        }
    }
    let mapped = fs::read_to_string("/proc/self/setgroups").is_ok_and(|word| word.trim() == "allow");
    if mapped {
        let groups: Vec<_> = user.groups.iter().copied().map(Gid::from_raw).collect();
        setgroups(&groups).map_err(doing(refused()))?;
    }
    setgid(Gid::from_raw(user.gid)).map_err(doing(refused()))?;
    setuid(Uid::from_raw(user.uid)).map_err(doing(refused()))?;
    let kept = if user.uid == 0 { KEPT } else { CapabilitySet::empty() };
    let own = rustix::thread::capabilities(None).map_err(doing("capabilities"))?;
    let kept = kept & own.permitted;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).map_err(doing("capabilities"))?;
    rustix::thread::set_no_new_privs(true).map_err(doing("no new privileges"))
}
