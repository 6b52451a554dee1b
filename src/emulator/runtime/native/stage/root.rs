//! The file tree that a container sees, made of mounts in a private namespace.
//!
//! Invariant: a path of the image is only ever followed with the container's tree as root, as an image may hold any link.
//! What comes from the machine (devices, our own program) is prepared where no image has a say, and moved in afterwards.
//! Nothing is written to disk but in volumes: all else that a task writes lies in a tmpfs that goes with the namespace.

mod copy;
mod files;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind,
    mount_change, mount_remount, move_mount, open_tree, unmount,
};

use super::super::order::Mount;
use super::credentials::{self, Powers};
use super::{StageError, doing, mounts};
use crate::image::unpack::Order;
use crate::image::unpack::layer::{self, Budget, Owners};

/// The devices of a container; the machine's own, as a user namespace may not make any.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// The links that programs expect beside them.
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];
/// What of /proc tells of the machine or its keys (the list of container engines).
const MASKED: [&str; 9] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
];
/// What of /proc would change the machine.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
/// Flags of every mount on which no program lies.
const INERT: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// Keeps our mounts from the rest of the machine.
pub(super) fn keep_mounts_private() -> Result<(), StageError> {
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .map_err(doing("private mounts"))
}

/// Makes our own program read-only for what we start from it: a task could else write to it through `/proc/PID/exe`.
pub(super) fn seal(init: &Path) -> Result<(), StageError> {
    let sealing = || doing("sealing the init program");
    let flags = MountFlags::BIND | MountFlags::RDONLY | inherited(init)?;
    mount_bind(init, init).map_err(sealing())?;
    mount_remount(init, flags, c"").map_err(sealing())
}

/// The flags of the mount below, which a user namespace may not take away.
pub(super) fn inherited(path: &Path) -> Result<MountFlags, StageError> {
    let below = rustix::fs::statvfs(path).map_err(doing(path.display().to_string()))?.f_flag;
    let flags = [
        (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let held = flags.into_iter().filter(|(flag, _)| below.contains(*flag));
    Ok(held.fold(MountFlags::empty(), |flags, (_, flag)| flags | flag))
}

/// Mounts the image's tree with a writable layer, the devices and the volumes under `scratch`.
pub(super) fn assemble(
    tree: &Path,
    scratch: &Path,
    volumes: &[Mount],
    powers: Powers,
) -> Result<(), StageError> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", scratch, "tmpfs", flags, Some(c"mode=0755")).map_err(doing("scratch tmpfs"))?;
    // Relative names: a path with a colon or a comma could not be told to overlay.
    std::env::set_current_dir(scratch).map_err(doing("scratch folder"))?;
    for folder in ["lower", "upper", "work", "root", "dev"] {
        fs::create_dir(folder).map_err(doing(folder))?;
    }
    mount_bind(tree, "lower").map_err(doing("the image's file tree"))?;
    let mode = fs::metadata("lower").map_err(doing("the image's file tree"))?.permissions();
    for top in ["upper", "root"] {
        fs::set_permissions(top, mode.clone()).map_err(doing(top))?;
    }
    let options = match powers {
        Powers::Machine => c"lowerdir=lower,upperdir=upper,workdir=work",
        Powers::Namespace => c"lowerdir=lower,upperdir=upper,workdir=work,userxattr",
    };
    if mount("overlay", "root", "overlay", flags, Some(options)).is_err() {
        // An overlay on an overlay, as in development containers, is refused by the kernel.
        mount_bind("root", "root").map_err(doing("the container's root"))?;
        copy::tree(Path::new("lower"), Path::new("root"))?;
    }
    devices(Path::new("dev"))?;
    mounts::prepare(volumes)
}

fn devices(dev: &Path) -> Result<(), StageError> {
    let named = |name: &str| dev.join(name);
    let options = c"mode=0755,size=64k";
    mount("tmpfs", dev, "tmpfs", MountFlags::NOSUID, Some(options)).map_err(doing("/dev"))?;
    for device in DEVICES {
        let of_machine = Path::new("/dev").join(device);
        if of_machine.exists() {
            File::create(named(device)).map_err(doing(device))?;
            mount_bind(&of_machine, named(device)).map_err(doing(format!("/dev/{device}")))?;
        }
    }
    for (name, target) in DEVICE_LINKS {
        symlink(target, named(name)).map_err(doing(name))?;
    }
    for folder in ["pts", "shm"] {
        fs::create_dir(named(folder)).map_err(doing(folder))?;
    }
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    let options = c"newinstance,ptmxmode=0666,mode=0620";
    mount("devpts", named("pts"), "devpts", flags, Some(options)).map_err(doing("/dev/pts"))?;
    mount("tmpfs", named("shm"), "tmpfs", INERT, Some(c"mode=1777,size=64m")).map_err(doing("/dev/shm"))
}

/// Makes the assembled tree the root of this process, which is the first of its process namespace, and finishes it.
pub(super) fn enter(
    scratch: &Path,
    hostname: &str,
    volumes: Vec<(String, PathBuf)>,
) -> Result<(), StageError> {
    let volumes = mounts::take(scratch, volumes)?;
    let machine = files::Machine::read();
    std::env::set_current_dir(scratch.join("root")).map_err(doing("the container's root"))?;
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let dev = open_tree(CWD, scratch.join("dev"), flags).map_err(doing("devices"))?;
    // The old root lies on top of the new one until it is unmounted; paths are looked up below it already.
    rustix::process::pivot_root(".", ".").map_err(doing("pivot_root"))?;
    for folder in ["/proc", "/dev"] {
        fs::create_dir_all(folder).map_err(doing(folder))?;
    }
    // Before the old root goes: a user namespace may mount /proc only while it sees a whole one.
    mount("proc", "/proc", "proc", INERT, None).map_err(doing("/proc"))?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
    move_mount(&dev, "", CWD, "/dev", flags).map_err(doing("/dev"))?;
    unmount(".", UnmountFlags::DETACH).map_err(doing("the machine's root"))?;
    std::env::set_current_dir("/").map_err(doing("/"))?;
    hide()?;
    machine.write(hostname)?;
    mounts::place(volumes)
}

/// Takes away what a task may not see or change of the machine.
fn hide() -> Result<(), StageError> {
    for path in MASKED {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let flags = INERT | MountFlags::RDONLY;
                mount("tmpfs", path, "tmpfs", flags, Some(c"size=0k")).map_err(doing(path))?;
            }
            Ok(_) => mount_bind("/dev/null", path).map_err(doing(path))?,
            Err(_) => {}
        }
    }
    for path in READ_ONLY.into_iter().filter(|path| Path::new(path).exists()) {
        mount_bind(path, path).map_err(doing(path))?;
        let flags = INERT | MountFlags::BIND | MountFlags::RDONLY;
        mount_remount(path, flags, c"").map_err(doing(path))?;
    }
    Ok(())
}

/// Unpacks an image's layers with the folder that they fill as this process's root.
pub(super) fn unpack() -> Result<(), StageError> {
    let Order { root, layers } = serde_json::from_reader(io::stdin()).map_err(doing("order"))?;
    let open = |(path, gzip)| {
        let file = File::open(&path).map_err(doing(format!("{path:?}")))?;
        Ok::<_, StageError>((io::BufReader::new(file), gzip))
    };
    let layers = layers.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let owners = match credentials::become_mighty()? {
        Powers::Machine => Owners::Kept,
        Powers::Namespace => Owners::Ours,
    };
    rustix::process::chroot(&root).map_err(doing("chroot"))?;
    std::env::set_current_dir("/").map_err(doing("/"))?;
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    fs::set_permissions("/", fs::Permissions::from_mode(0o755)).map_err(doing("/"))?;
    let mut budget = Budget::default();
    for (file, gzip) in layers {
        if gzip {
            let tar = flate2::bufread::MultiGzDecoder::new(file);
            layer::apply(Path::new("/"), tar, owners, &mut budget)?;
        } else {
            layer::apply(Path::new("/"), file, owners, &mut budget)?;
        }
    }
    Ok(())
}
