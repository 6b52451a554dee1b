//! One layer applied to a file tree.
//!
//! It trusts that the process's root is the tree (or a folder of a test), so that a link in a path cannot lead out;
//! `..` in names is refused all the same. Whiteouts as in the OCI image specification 1.1. Devices and pipes are left out
//! (a container's /dev is always ours), extended attributes are dropped.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::EntryType;

/// What a tree may still take, over all its layers.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes of plain files.
    pub(crate) bytes: u64,
    /// Files, folders and links.
    pub(crate) entries: u64,
}

impl Default for Budget {
    /// Far above any image in use; it only keeps an archive made in malice from filling the disk.
    fn default() -> Self {
        Self { bytes: 16 << 30, entries: 1_000_000 }
    }
}

/// Whether files get the owners that the archive names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owners {
    /// As the archive says.
    Kept,
    /// All belong to us, as nobody else can be named in our user namespace.
    Ours,
}

/// Why a layer could not be applied, for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerError {
    #[error("the layer names {0}, outside its root")]
    Outside(PathBuf),
    #[error("the layer holds more than an image may")]
    TooLarge,
    #[error("{0} is of kind {1:?}, which no layer has")]
    Kind(PathBuf, EntryType),
    #[error("{0}: {1}")]
    System(PathBuf, io::Error),
}

/// Applies a tar to the tree at `root`.
pub(crate) fn apply(
    root: &Path,
    tar: impl Read,
    owners: Owners,
    budget: &mut Budget,
) -> Result<(), LayerError> {
    let mut archive = tar::Archive::new(tar);
    let mut written = BTreeSet::new();
    let torn = |error| LayerError::System(PathBuf::from("the archive"), error);
    for entry in archive.entries().map_err(torn)? {
        let mut entry = entry.map_err(torn)?;
        budget.entries = budget.entries.checked_sub(1).ok_or(LayerError::TooLarge)?;
        let name = inside(&entry.path().map_err(torn)?)?;
        let named = |error| LayerError::System(name.clone(), error);
        if let Some(parent) = name.parent() {
            fs::create_dir_all(root.join(parent)).map_err(named)?;
        }
        match whiteout(&name) {
            Some(Whiteout::Folder(folder)) => clear(root, &folder, &written).map_err(named)?,
            Some(Whiteout::Entry(gone)) => remove(&root.join(gone)).map_err(named)?,
            None => {
                place(root, &name, &mut entry, owners, budget)?;
                written.insert(name);
            }
        }
    }
    Ok(())
}

/// What a whiteout hides.
enum Whiteout {
    /// Everything that lower layers have in the folder.
    Folder(PathBuf),
    /// One entry.
    Entry(PathBuf),
}

fn whiteout(name: &Path) -> Option<Whiteout> {
    let hidden = name.file_name()?.to_str()?.strip_prefix(".wh.")?;
    if hidden == ".wh..opq" {
        return Some(Whiteout::Folder(name.parent()?.to_path_buf()));
    }
    // `.wh...` would name the folder above.
    matches!(Path::new(hidden).components().next(), Some(Component::Normal(_)))
        .then(|| Whiteout::Entry(name.with_file_name(hidden)))
}

fn inside(name: &Path) -> Result<PathBuf, LayerError> {
    let mut plain = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(LayerError::Outside(name.to_path_buf()));
            }
        }
    }
    Ok(plain)
}

fn place<R: Read>(
    root: &Path,
    name: &Path,
    entry: &mut tar::Entry<'_, R>,
    owners: Owners,
    budget: &mut Budget,
) -> Result<(), LayerError> {
    let path = root.join(name);
    let named = |error| LayerError::System(name.to_path_buf(), error);
    let target = |entry: &tar::Entry<'_, R>| match entry.link_name() {
        Ok(Some(target)) => Ok(target.into_owned()),
        Ok(None) => Err(named(io::Error::other("a link to nowhere"))),
        Err(error) => Err(named(error)),
    };
    let kind = entry.header().entry_type();
    let mode = entry.header().mode().map_err(named)? & 0o7777;
    let is_root = name.as_os_str().is_empty();
    let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
    let stays = is_root || (is_folder && kind == EntryType::Directory);
    if !stays {
        remove(&path).map_err(named)?;
    }
    match kind {
        EntryType::Directory => {
            fs::create_dir_all(&path).map_err(named)?;
            own(&path, entry, owners).map_err(named)?;
            // Folders that we cannot write could not be deleted by us later.
            let mode = if owners == Owners::Ours { mode | 0o700 } else { mode };
            fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(named)
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mut file = File::create_new(&path).map_err(named)?;
            let limit = budget.bytes;
            let copied = io::copy(&mut entry.by_ref().take(limit + 1), &mut file).map_err(named)?;
            budget.bytes = limit.checked_sub(copied).ok_or(LayerError::TooLarge)?;
            own(&path, entry, owners).map_err(named)?;
            file.set_permissions(Permissions::from_mode(mode)).map_err(named)?;
            let seconds = entry.header().mtime().map_err(named)?;
            let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            file.set_modified(modified.unwrap_or(SystemTime::UNIX_EPOCH)).map_err(named)
        }
        EntryType::Symlink => {
            symlink(target(entry)?, &path).map_err(named)?;
            own(&path, entry, owners).map_err(named)
        }
        EntryType::Link => {
            let target = inside(&target(entry)?)?;
            fs::hard_link(root.join(target), &path).map_err(named)
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo | EntryType::XGlobalHeader => Ok(()),
        other => Err(LayerError::Kind(name.to_path_buf(), other)),
    }
}

fn own<R: Read>(path: &Path, entry: &tar::Entry<'_, R>, owners: Owners) -> io::Result<()> {
    match owners {
        Owners::Ours => Ok(()),
        Owners::Kept => {
            let id = |id: u64| u32::try_from(id).map_err(io::Error::other);
            lchown(path, Some(id(entry.header().uid()?)?), Some(id(entry.header().gid()?)?))
        }
    }
}

/// Deletes what lower layers have in a folder, and keeps what this one wrote.
fn clear(root: &Path, folder: &Path, written: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let name = folder.join(entry?.file_name());
        if written.contains(&name) {
            if fs::symlink_metadata(root.join(&name))?.is_dir() {
                clear(root, &name, written)?;
            }
        } else if !written.iter().any(|kept| kept.starts_with(&name)) {
            remove(&root.join(&name))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// A tar of plain files; a name that ends with a slash is a folder. Names are taken raw, as `tar` itself refuses bad ones.
    fn tar(names: &[&str]) -> Result<Vec<u8>, io::Error> {
        let mut tar = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_gnu();
            let field = header.as_gnu_mut().map(|header| &mut header.name);
            if let Some(field) = field {
                field[..name.len()].copy_from_slice(name.as_bytes());
            }
            let folder = name.ends_with('/');
            header.set_entry_type(if folder { EntryType::Directory } else { EntryType::Regular });
            header.set_mode(if folder { 0o755 } else { 0o644 });
            header.set_size(if folder { 0 } else { 1 });
            header.set_cksum();
            tar.append(&header, if folder { &b""[..] } else { &b"x"[..] })?;
        }
        tar.into_inner()
    }

    fn tree(root: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let mut names = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                names.push(path.strip_prefix(root)?.display().to_string());
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        names.sort();
        Ok(names)
    }

    #[test]
    fn whiteouts_hide_what_lower_layers_have() -> Outcome {
        let lower = ["a/", "a/one", "a/two", "b/", "b/one", "c"];
        for (upper, left) in [
            (vec!["a/.wh.one"], vec!["a", "a/two", "b", "b/one", "c"]),
            (vec![".wh.a", ".wh.c"], vec!["b", "b/one"]),
            (vec!["a/new", "a/.wh..wh..opq"], vec!["a", "a/new", "b", "b/one", "c"]),
            (vec!["a/.wh..wh..opq", "a/new"], vec!["a", "a/new", "b", "b/one", "c"]),
            (vec!["a"], vec!["a", "b", "b/one", "c"]),
            (vec!["c/"], vec!["a", "a/one", "a/two", "b", "b/one", "c"]),
            (vec![".wh.nothing"], vec!["a", "a/one", "a/two", "b", "b/one", "c"]),
        ] {
            let root = tempfile::tempdir()?;
            let mut budget = Budget::default();
            apply(root.path(), &*tar(&lower)?, Owners::Ours, &mut budget)?;
            apply(root.path(), &*tar(&upper)?, Owners::Ours, &mut budget)?;
            assert_eq!(tree(root.path())?, left, "{upper:?}");
        }
        Ok(())
    }

    #[test]
    fn names_above_the_root_are_refused() -> Outcome {
        for name in ["../a", "a/../../b", "a/.."] {
            let root = tempfile::tempdir()?;
            let applied = apply(root.path(), &*tar(&[name])?, Owners::Ours, &mut Budget::default());
            assert!(matches!(applied, Err(LayerError::Outside(_))), "{name}: {applied:?}");
        }
        let root = tempfile::tempdir()?;
        apply(root.path(), &*tar(&["/etc/x", "./y"])?, Owners::Ours, &mut Budget::default())?;
        assert_eq!(tree(root.path())?, ["etc", "etc/x", "y"]);
        Ok(())
    }

    #[test]
    fn a_tree_has_a_budget() -> Outcome {
        for (bytes, entries, fits) in [(2, 2, true), (1, 2, false), (2, 1, false)] {
            let root = tempfile::tempdir()?;
            let mut budget = Budget { bytes, entries };
            let applied = apply(root.path(), &*tar(&["a", "b"])?, Owners::Ours, &mut budget);
            assert_eq!(applied.is_ok(), fits, "{bytes} bytes, {entries} entries: {applied:?}");
        }
        Ok(())
    }
}
