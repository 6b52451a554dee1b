//! The trees of control groups of this machine, and where in them we are.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What a tree is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Version 1, CPU.
    Cpu,
    /// Version 1, memory.
    Memory,
    /// Version 2, everything.
    Unified,
}

impl Kind {
    /// The file that counts whom it ended for want of memory.
    pub(super) fn kills(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Memory => Some("memory.oom_control"),
            Self::Unified => Some("memory.events"),
        }
    }
}

/// A tree of control groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) kind: Kind,
    /// Where it is mounted.
    top: PathBuf,
    /// Our own group in it.
    own: PathBuf,
}

/// The trees for memory and CPU, from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
pub(super) fn find(mounts: &str, groups: &str) -> Result<Vec<Tree>, String> {
    let mounts: Vec<Mounted<'_>> = mounts.lines().filter_map(Mounted::parse).collect();
    let first = |controller: &str, kind| {
        let mounted = mounts.iter().find(|mounted| mounted.is_first(controller))?;
        let own = groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|one| one == controller).then_some(path)
        })?;
        Some(mounted.tree(kind, own))
    };
    if let (Some(memory), Some(cpu)) = (first("memory", Kind::Memory), first("cpu", Kind::Cpu)) {
        return Ok(vec![memory, cpu]);
    }
    let mounted = mounts.iter().find(|mounted| mounted.kind == "cgroup2");
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
    match (mounted, own) {
        (Some(mounted), Some(own)) => Ok(vec![mounted.tree(Kind::Unified, own)]),
        _ => Err("this machine has no control groups for memory and CPU".to_owned()),
    }
}

/// A line of mountinfo.
struct Mounted<'a> {
    kind: &'a str,
    options: &'a str,
    /// The group that is mounted.
    root: &'a str,
    place: &'a str,
}

impl<'a> Mounted<'a> {
    /// A mount of control groups. Places with spaces are written in a way that none of these has.
    fn parse(line: &'a str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, place) = (left.next()?, left.next()?);
        let mut right = right.split(' ');
        let kind = right.next().filter(|kind| matches!(*kind, "cgroup" | "cgroup2"))?;
        Some(Self { kind, options: right.nth(1)?, root, place })
    }

    /// Whether it is the tree of this controller in version 1.
    fn is_first(&self, controller: &str) -> bool {
        self.kind == "cgroup" && self.options.split(',').any(|option| option == controller)
    }

    /// A group that is not below the one that is mounted counts as that one.
    fn tree(&self, kind: Kind, own: &str) -> Tree {
        let top = PathBuf::from(self.place);
        let below = Path::new(own).strip_prefix(self.root).unwrap_or(Path::new(""));
        let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        let is_below = plain && below.components().next().is_some();
        let own = if is_below { top.join(below) } else { top.clone() };
        Tree { kind, top, own }
    }
}

impl Tree {
    /// The groups in which ours can be: our own and those above, the nearest first.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors().take_while(|place| place.starts_with(&self.top))
    }

    /// Sees to it that groups in this one have what we write to. In version 2 only a group without processes of its
    /// own can hand controllers on, unless it is the highest one.
    pub(super) fn ready(&self, place: &Path) -> io::Result<()> {
        if self.kind == Kind::Unified && !has_both(&place.join("cgroup.subtree_control"))? {
            if place != self.top {
                return Err(io::Error::other("the group above hands memory and CPU on to no other"));
            }
            return hand_on(place);
        }
        Ok(())
    }

    /// Lets the groups in ours have what it has.
    pub(super) fn share(&self, own: &Path) -> io::Result<()> {
        if self.kind == Kind::Unified { hand_on(own) } else { Ok(()) }
    }
}

fn has_both(controllers: &Path) -> io::Result<bool> {
    let text = fs::read_to_string(controllers)?;
    Ok(["memory", "cpu"].iter().all(|wanted| text.split_whitespace().any(|found| found == *wanted)))
}

fn hand_on(group: &Path) -> io::Result<()> {
    if !has_both(&group.join("cgroup.controllers"))? {
        return Err(io::Error::other("control groups of version 2 do not have both memory and CPU here"));
    }
    fs::write(group.join("cgroup.subtree_control"), "+memory +cpu")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
30 24 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
    const SECOND: &str = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const INSIDE: &str = "30 24 0:26 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
31 24 0:27 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu
";

    #[test]
    fn both_versions_are_found() {
        for (mounts, groups, found) in [
            (
                HYBRID,
                "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n",
                vec![(Kind::Memory, "/sys/fs/cgroup/memory/a/b"), (Kind::Cpu, "/sys/fs/cgroup/cpu")],
            ),
            (SECOND, "0::/user.slice/x.scope\n", vec![(Kind::Unified, "/sys/fs/cgroup/user.slice/x.scope")]),
            (
                INSIDE,
                "4:memory:/docker/ab/c\n1:cpu:/elsewhere\n",
                vec![(Kind::Memory, "/sys/fs/cgroup/memory/c"), (Kind::Cpu, "/sys/fs/cgroup/cpu")],
            ),
            (SECOND, "0::/../x\n", vec![(Kind::Unified, "/sys/fs/cgroup")]),
        ] {
            let trees = find(mounts, groups).unwrap_or_default();
            let trees: Vec<_> =
                trees.iter().map(|tree| (tree.kind, tree.own.to_str().unwrap_or(""))).collect();
            assert_eq!(trees, found, "{groups}");
        }
        assert!(find("", "").is_err());
        assert!(find(HYBRID, "").is_err());
    }

    #[test]
    fn the_nearest_group_that_hands_both_on_is_taken() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let group = |name: &str, controllers: &str, shared: &str| {
            let place = folder.path().join(name);
            fs::create_dir_all(&place)?;
            fs::write(place.join("cgroup.controllers"), controllers)?;
            fs::write(place.join("cgroup.subtree_control"), shared)?;
            io::Result::Ok(place)
        };
        let top = group("", "cpu memory pids", "memory pids")?;
        let slice = group("slice", "cpu memory pids", "cpu memory")?;
        let own = group("slice/own", "cpu memory", "")?;
        let tree = Tree { kind: Kind::Unified, top: top.clone(), own: own.clone() };
        assert_eq!(tree.places().collect::<Vec<_>>(), [&own, &slice, &top]);
        assert!(tree.ready(&own).is_err());
        tree.ready(&slice)?;
        // The highest group may hand on what it has.
        tree.ready(&top)?;
        assert_eq!(fs::read_to_string(top.join("cgroup.subtree_control"))?, "+memory +cpu");
        group("", "hugetlb", "")?;
        assert!(tree.ready(&top).is_err());
        Ok(())
    }
}
