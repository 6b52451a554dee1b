//! The control groups of a container: made before its first process, and gone when its last one is.
//!
//! Which groups there can be and what is written to them is the emulator's to say; here it is done.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::super::order::Group;
use super::{StageError, doing};

/// How often a removal is tried: a group is in use until the kernel has done with the processes that ended in it.
const TRIES: u32 = 100;

/// Groups that exist; dropped, they are gone.
pub(super) struct Made(Vec<Held>);

/// A group by its open folders: when the container's first process changes the root of its mounts, ours changes too, and
/// no path leads there any more.
struct Held {
    group: Group,
    folder: OwnedFd,
    above: OwnedFd,
    name: OsString,
}

impl Held {
    fn open(group: Group) -> io::Result<Self> {
        let open = |path: &Path| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(CWD, path, flags, Mode::empty())
        };
        let path = &group.folder;
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other("it has no name"));
        };
        Ok(Self { folder: open(path)?, above: open(above)?, name: name.to_owned(), group })
    }
}

/// Makes the groups; where one cannot be made there is none of them.
pub(super) fn make(groups: Vec<Group>) -> Result<Made, StageError> {
    let mut made = Made(Vec::new());
    for group in groups {
        let folder = group.folder.clone();
        let named = || doing(format!("control group {}", folder.display()));
        fs::create_dir(&folder).map_err(named())?;
        let settings = group.settings.clone();
        made.0.push(Held::open(group).map_err(named())?);
        for (file, value) in settings {
            let path = folder.join(file);
            fs::write(&path, value).map_err(doing(path.display().to_string()))?;
        }
    }
    Ok(made)
}

/// Puts a process in them.
pub(super) fn enter<'a>(folders: impl Iterator<Item = &'a Path>, pid: u32) -> Result<(), StageError> {
    for folder in folders {
        let path = folder.join("cgroup.procs");
        fs::write(&path, pid.to_string()).map_err(doing(path.display().to_string()))?;
    }
    Ok(())
}

impl Made {
    /// Their folders.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|held| held.group.folder.as_path())
    }

    /// Whether one of them had to end somebody for want of memory.
    pub(super) fn starved(&self) -> bool {
        let counts = self.0.iter().filter_map(|held| {
            let kills = held.group.kills.as_ref()?;
            let file = openat(&held.folder, kills, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
            let mut text = String::new();
            File::from(file).read_to_string(&mut text).ok()?;
            Some(count(&text))
        });
        counts.sum::<u64>() > 0
    }
}

impl Drop for Made {
    /// What cannot be removed is left to the emulator.
    fn drop(&mut self) {
        self.0.iter().for_each(remove);
    }
}

/// Removes a group as soon as nobody is in it.
fn remove(held: &Held) {
    for _ in 0..TRIES {
        match unlinkat(&held.above, &held.name, AtFlags::REMOVEDIR) {
            Err(Errno::BUSY) => std::thread::sleep(Duration::from_millis(5)),
            Ok(()) | Err(_) => return,
        }
    }
}

/// The number in the line `oom_kill n`.
fn count(text: &str) -> u64 {
    let number = |line: &str| line.strip_prefix("oom_kill ")?.trim().parse().ok();
    text.lines().find_map(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_in_both_kinds_of_files() {
        for (text, kills) in [
            ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 1),
            ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", 2),
            ("oom_kill_disable 1\nunder_oom 0\n", 0),
            ("", 0),
        ] {
            assert_eq!(count(text), kills, "{text:?}");
        }
    }
}
