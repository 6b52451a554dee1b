//! Limits of CPU and memory: which control groups a container gets, and what is written to them.
//!
//! Both versions of control groups are known, also beside each other: version 1 has a tree a controller, version 2 one
//! for all. All groups lie in one of our own (`acitask-…`, named after the state folder) in the emulator's own group or
//! the nearest one above that lets us. Where that is nowhere, containers run without limits, and the reason is told.
//! The groups of a container are made and removed by its keeper (`stage::group`); what a killed emulator left is
//! removed by the next one of the same folder.

mod tree;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::tree::{Kind, Tree};
use super::order::Group;
use crate::image::digest;

/// How our groups' names begin.
const PREFIX: &str = "acitask-";
/// The length of a turn in which a quota of CPU is counted, in microseconds; the kernel's own default.
const TURN: u64 = 100_000;
/// How often the removal of a group is tried, with 10 ms between.
const TRIES: u32 = 100;

/// The groups in which those of containers are made.
#[derive(Debug)]
pub(super) struct Limits {
    own: Vec<(Kind, PathBuf)>,
    /// Remembers them for the next emulator.
    note: PathBuf,
    serial: AtomicU64,
}

impl Limits {
    /// Makes our groups, and a container's to see whether it can be done.
    pub(super) fn new(scratch: &Path) -> Result<Self, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let trees = tree::find(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?)?;
        let name = digest(scratch.as_os_str().as_encoded_bytes());
        let name = format!("{PREFIX}{}", &name.trim_start_matches("sha256:")[..12]);
        let note = scratch.join("groups");
        let mut limits = Self { own: Vec::new(), note, serial: AtomicU64::new(0) };
        for tree in &trees {
            match limits.settle(tree, &name) {
                Ok(own) => limits.own.push((tree.kind, own)),
                Err(reason) => {
                    limits.clear();
                    return Err(reason);
                }
            }
        }
        let tried = limits.groups("probe", Some(1_000), Some(64)).into_iter().try_for_each(|group| {
            let made = fs::create_dir(&group.folder).and_then(|()| {
                group.settings.iter().try_for_each(|(file, value)| fs::write(group.folder.join(file), value))
            });
            let _ = fs::remove_dir(&group.folder);
            made.map_err(|error| format!("{}: {error}", group.folder.display()))
        });
        if let Err(reason) = tried {
            limits.clear();
            return Err(reason);
        }
        Ok(limits)
    }

    /// Our group of this tree, remembered before it is made.
    fn settle(&self, tree: &Tree, name: &str) -> Result<PathBuf, String> {
        let mut refused = String::new();
        for above in tree.places() {
            let own = above.join(name);
            match tree.ready(above).and_then(|()| {
                remember(&self.note, &own)?;
                match fs::create_dir(&own) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    Ok(()) | Err(_) => tree.share(&own),
                }
            }) {
                Ok(()) => return Ok(own),
                Err(error) => refused = format!("{}: {error}", own.display()),
            }
        }
        Err(refused)
    }

    /// The groups of a new container.
    pub(super) fn groups(&self, name: &str, cpu_milli: Option<u32>, memory_mib: Option<u32>) -> Vec<Group> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let group = |(kind, own): &(Kind, PathBuf)| Group {
            folder: own.join(format!("{name}-{serial}")),
            settings: settings(*kind, own, cpu_milli, memory_mib),
            kills: kind.kills().map(str::to_owned),
        };
        self.own.iter().map(group).collect()
    }

    /// Removes our groups; those of containers must have ended.
    pub(super) fn clear(&self) {
        for (_, own) in &self.own {
            if let Err(error) = fs::remove_dir(own)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, group = %own.display(), "a control group is left");
                return;
            }
        }
        // What is not there needs no remembering.
        let _ = fs::remove_file(&self.note);
    }
}

/// What is written to the files of a container's group.
fn settings(
    kind: Kind,
    own: &Path,
    cpu_milli: Option<u32>,
    memory_mib: Option<u32>,
) -> Vec<(String, String)> {
    let quota = cpu_milli.map(|milli| (u64::from(milli) * TURN / 1_000).max(1_000));
    let bytes = memory_mib.map(|mib| (u64::from(mib) << 20).to_string());
    let mut settings = Vec::new();
    let mut set = |file: &str, value: Option<String>| {
        settings.extend(value.map(|value| (file.to_owned(), value)));
    };
    match kind {
        Kind::Cpu => {
            set("cpu.cfs_period_us", quota.map(|_| TURN.to_string()));
            set("cpu.cfs_quota_us", quota.map(|quota| quota.to_string()));
        }
        Kind::Memory => {
            set("memory.limit_in_bytes", bytes.clone());
            // Not there where the kernel does not count what is swapped out.
            let swap = "memory.memsw.limit_in_bytes";
            set(swap, bytes.filter(|_| own.join(swap).exists()));
        }
        Kind::Unified => {
            set("cpu.max", quota.map(|quota| format!("{quota} {TURN}")));
            let swap = "memory.swap.max";
            set(swap, bytes.as_ref().filter(|_| own.join(swap).exists()).map(|_| "0".to_owned()));
            set("memory.max", bytes);
        }
    }
    settings
}

fn remember(note: &Path, own: &Path) -> io::Result<()> {
    let mut known = fs::read_to_string(note).unwrap_or_default();
    let line = format!("{}\n", own.display());
    if !known.contains(&line) {
        known.push_str(&line);
        fs::write(note, known)?;
    }
    Ok(())
}

/// Removes the groups that an earlier emulator left, and tells how many of them were containers'.
pub(super) fn recover(scratch: &Path) -> usize {
    let Ok(note) = fs::read_to_string(scratch.join("groups")) else {
        return 0;
    };
    let mut count = 0;
    for own in note.lines().map(Path::new) {
        let is_ours = own.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let Some(entries) = fs::read_dir(own).ok().filter(|_| is_ours) else {
            continue;
        };
        for group in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
            count += 1;
            if let Err(error) = remove(&group) {
                tracing::warn!(%error, group = %group.display(), "a control group is left");
            }
        }
        if let Err(error) = fs::remove_dir(own) {
            tracing::warn!(%error, group = %own.display(), "a control group is left");
        }
    }
    count
}

/// Removes a group; the processes in it, if there are any, are on their way out.
fn remove(folder: &Path) -> io::Result<()> {
    for _ in 0..TRIES {
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => return done,
        }
    }
    fs::remove_dir(folder)
}

/// Removes the groups of a container whose keeper did not.
pub(super) async fn sweep(folders: Vec<PathBuf>) {
    if folders.iter().any(|folder| folder.exists()) {
        let removing = move || folders.iter().try_for_each(|folder| remove(folder));
        match tokio::task::spawn_blocking(removing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a control group is left"),
            Err(error) => tracing::warn!(%error, "a control group is left"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_in_the_words_of_each_kind() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("memory.swap.max"), "")?;
        let written = |kind, cpu, memory| {
            let settings = settings(kind, folder.path(), cpu, memory);
            settings.into_iter().map(|(file, value)| format!("{file}={value}")).collect::<Vec<_>>()
        };
        for (kind, cpu, memory, lines) in [
            (Kind::Cpu, Some(250), None, vec!["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=25000"]),
            (Kind::Cpu, Some(1), None, vec!["cpu.cfs_period_us=100000", "cpu.cfs_quota_us=1000"]),
            (Kind::Memory, Some(250), Some(24), vec!["memory.limit_in_bytes=25165824"]),
            (
                Kind::Unified,
                Some(1_500),
                Some(1),
                vec!["cpu.max=150000 100000", "memory.swap.max=0", "memory.max=1048576"],
            ),
            (Kind::Unified, None, None, vec![]),
        ] {
            assert_eq!(written(kind, cpu, memory), lines, "{kind:?}");
        }
        Ok(())
    }

    #[test]
    fn only_our_own_groups_are_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (ours, other) = (folder.path().join("acitask-1"), folder.path().join("other"));
        fs::create_dir_all(ours.join("1-main-0"))?;
        fs::create_dir_all(other.join("x"))?;
        fs::write(folder.path().join("groups"), format!("{}\n{}\n", ours.display(), other.display()))?;
        assert_eq!(recover(folder.path()), 1);
        assert!(!ours.exists() && other.join("x").exists());
        Ok(())
    }
}
