//! The volumes and files that a container gets beside its image.
//!
//! Invariant: as for the rest of the tree, a place in the container is looked up with the container's tree as root. What
//! is mounted there was prepared before, where no image has a say, and is moved in.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC};
use rustix::mount::{
    MountFlags, MoveMountFlags, OpenTreeFlags, mount, mount_bind, mount_remount, move_mount, open_tree,
};

use super::super::order::{Mount, Source};
use super::{StageError, root};

/// Where the prepared mounts lie, numbered, in the scratch folder.
const FOLDER: &str = "mounts";

/// Says which volume it is about.
fn of<E: Into<io::Error>>(volume: &str, what: &str) -> impl FnOnce(E) -> StageError {
    let (volume, what) = (volume.to_owned(), what.to_owned());
    move |error| StageError::Mount { volume, reason: format!("{what}: {}", error.into()) }
}

/// Prepares them in the current folder, which is the scratch one.
pub(super) fn prepare(mounts: &[Mount]) -> Result<(), StageError> {
    for (number, Mount { volume, path: _, source, read_only }) in mounts.iter().enumerate() {
        let place = Path::new(FOLDER).join(number.to_string());
        fs::create_dir_all(&place).map_err(of(volume, "its place"))?;
        match source {
            Source::Folder(folder) => {
                mount_bind(folder, &place).map_err(of(volume, "its folder"))?;
            }
            Source::Files(files) => {
                let flags = MountFlags::NOSUID | MountFlags::NODEV;
                mount("tmpfs", &place, "tmpfs", flags, Some(c"mode=0755"))
                    .map_err(of(volume, "its memory"))?;
                for (name, text) in files {
                    let bytes = BASE64_STANDARD.decode(text).map_err(io::Error::other);
                    let bytes = bytes.map_err(of(volume, "its files"))?;
                    let file = place.join(name);
                    fs::write(&file, bytes).map_err(of(volume, "its files"))?;
                    // Only the container sees the file, and any user of it may be meant.
                    let mode = fs::Permissions::from_mode(0o444);
                    fs::set_permissions(&file, mode).map_err(of(volume, "its files"))?;
                }
            }
        }
        let inherited = root::inherited(&place)?;
        let access = if *read_only { MountFlags::RDONLY } else { MountFlags::empty() };
        let flags = MountFlags::BIND | MountFlags::NOSUID | MountFlags::NODEV | inherited | access;
        mount_remount(&place, flags, c"").map_err(of(volume, "its access"))?;
    }
    Ok(())
}

/// A prepared mount that is no longer anywhere.
pub(super) struct Loose {
    volume: String,
    path: PathBuf,
    tree: OwnedFd,
}

/// Takes the prepared mounts of the scratch folder in hand, before it goes.
pub(super) fn take(scratch: &Path, mounts: Vec<(String, PathBuf)>) -> Result<Vec<Loose>, StageError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let take = |(number, (volume, path)): (usize, (String, PathBuf))| {
        let place = scratch.join(FOLDER).join(number.to_string());
        let tree = open_tree(CWD, place, flags).map_err(of(&volume, "its mount"))?;
        Ok(Loose { volume, path, tree })
    };
    mounts.into_iter().enumerate().map(take).collect()
}

/// Mounts them; the container's root must be ours by now.
pub(super) fn place(mounts: Vec<Loose>) -> Result<(), StageError> {
    for Loose { volume, path, tree } in mounts {
        let at = format!("mounting at {}", path.display());
        if !path.is_absolute() || path.parent().is_none() {
            return Err(of(&volume, &at)(io::Error::other("it is no path of a folder below the root")));
        }
        fs::create_dir_all(&path).map_err(of(&volume, &at))?;
        // From here on the place cannot change under us.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let place = rustix::fs::open(&path, flags, Mode::empty()).map_err(of(&volume, &at))?;
        let below = rustix::fs::fstatfs(&place).map_err(of(&volume, &at))?;
        if below.f_type == PROC_SUPER_MAGIC {
            return Err(of(&volume, &at)(io::Error::other("nothing can be mounted in /proc")));
        }
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&tree, "", &place, "", flags).map_err(of(&volume, &at))?;
    }
    Ok(())
}
