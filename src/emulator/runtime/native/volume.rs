//! What the containers of a sandbox share, and the config map of each: folders of the machine.
//!
//! Invariants: a name from a group never leaves the folder that it is joined to; a secret volume is never written to
//! disk, but handed to the container's first stage, which lays it out in memory. All but file shares goes with its sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::order::{Failure, Mount, Source};
use crate::contract::{ConfigMap, Content, Launch, SandboxId, Volume};
use crate::runtime::clone;

/// The volumes of a sandbox by name, or why one could not be made.
pub(super) type Volumes = BTreeMap<String, Result<Made, String>>;

/// A volume that can be mounted.
#[derive(Clone)]
pub(super) struct Made {
    source: Source,
    read_only: bool,
}

/// Where the folders lie.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    sandboxes: PathBuf,
    shares: PathBuf,
}

impl Folders {
    /// The folders below these two; what an earlier emulator left of its sandboxes is deleted, and their number told.
    pub(super) fn open(scratch: &Path, shares: &Path) -> io::Result<(Self, usize)> {
        let sandboxes = scratch.join("sandboxes");
        let left = match fs::read_dir(&sandboxes) {
            Ok(entries) => entries.count(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        // A task can make a folder that only root can delete; it takes room and does no other harm.
        if left > 0
            && let Err(error) = fs::remove_dir_all(&sandboxes)
        {
            tracing::warn!(%error, folder = %sandboxes.display(), "old volumes could not be deleted");
        }
        fs::create_dir_all(&sandboxes)?;
        Ok((Self { sandboxes, shares: shares.to_path_buf() }, left))
    }

    /// Makes the volumes of a sandbox; a clone may take a while.
    pub(super) async fn make(&self, sandbox: SandboxId, volumes: Vec<Volume>) -> Volumes {
        let mut made = Volumes::new();
        for (number, Volume { name, content }) in volumes.into_iter().enumerate() {
            let folder = self.of(sandbox).join("volumes").join(number.to_string());
            made.insert(name, self.one(&folder, content).await);
        }
        made
    }

    async fn one(&self, folder: &Path, content: Content) -> Result<Made, String> {
        let (source, read_only) = match content {
            Content::Empty => {
                open_to_all(folder).map_err(|error| at(folder, &error))?;
                (Source::Folder(folder.to_path_buf()), false)
            }
            Content::Files(files) => (Source::Files(encoded(&files)?), true),
            Content::Share { account, share, read_only } => {
                (Source::Folder(self.share(&account, &share)?), read_only)
            }
            Content::Repository { url, directory, revision } => {
                open_to_all(folder).map_err(|error| at(folder, &error))?;
                clone::clone(&url, directory.as_deref(), revision.as_deref(), folder).await?;
                (Source::Folder(folder.to_path_buf()), false)
            }
        };
        Ok(Made { source, read_only })
    }

    /// The folder behind a file share, made where it is not there.
    fn share(&self, account: &str, share: &str) -> Result<PathBuf, String> {
        for (what, name) in [("storage account", account), ("file share", share)] {
            if !is_share_name(name) {
                return Err(format!(
                    "{name:?} is no name of a {what}: it has up to 63 lower-case letters, digits and hyphens"
                ));
            }
        }
        let folder = self.shares.join(account).join(share);
        if !folder.is_dir() {
            open_to_all(&folder).map_err(|error| at(&folder, &error))?;
        }
        Ok(folder)
    }

    /// What a container gets beside its image: its volumes and its config map, the outer places first.
    pub(super) fn mounts(
        &self,
        sandbox: SandboxId,
        container: &str,
        volumes: &Volumes,
        launch: &Launch,
    ) -> Result<Vec<Mount>, Failure> {
        let mut mounts = Vec::new();
        for wish in &launch.mounts {
            let failed = |reason: String| Failure { volume: Some(wish.volume.clone()), reason };
            let made = match volumes.get(&wish.volume) {
                Some(Ok(made)) => made,
                Some(Err(reason)) => return Err(failed(reason.clone())),
                None => return Err(failed("the group has no volume of this name".to_owned())),
            };
            mounts.push(Mount {
                volume: wish.volume.clone(),
                path: Path::new("/").join(&wish.path),
                source: made.source.clone(),
                read_only: wish.read_only || made.read_only,
            });
        }
        let config = self.configure(sandbox, container, &launch.config)?;
        mounts.push(Mount {
            volume: "configmap".to_owned(),
            path: Path::new("/mnt/configmap").join(container),
            source: Source::Folder(config),
            read_only: true,
        });
        mounts.sort_by_key(|mount| mount.path.components().count());
        Ok(mounts)
    }

    /// Replaces the files of a container's config map, each at once, and gives their folder. A running container sees them.
    pub(super) fn configure(
        &self,
        sandbox: SandboxId,
        container: &str,
        ConfigMap(files): &ConfigMap,
    ) -> Result<PathBuf, String> {
        if let Some(name) = files.keys().map(String::as_str).chain([container]).find(|name| !is_plain(name)) {
            return Err(format!("the config map: {name:?} is no name of a file"));
        }
        let folder = self.of(sandbox).join("config").join(container);
        let written = fs::create_dir_all(&folder).and_then(|()| {
            let fresh = self.of(sandbox).join("config-part");
            for (name, text) in files {
                fs::write(&fresh, text)?;
                fs::set_permissions(&fresh, fs::Permissions::from_mode(0o644))?;
                fs::rename(&fresh, folder.join(name))?;
            }
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if !entry.file_name().to_str().is_some_and(|name| files.contains_key(name)) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        });
        written.map_err(|error| format!("the config map: {}", at(&folder, &error)))?;
        Ok(folder)
    }

    /// Deletes what belongs to a sandbox.
    pub(super) fn discard(&self, sandbox: SandboxId) -> io::Result<()> {
        match fs::remove_dir_all(self.of(sandbox)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Deletes what belongs to sandboxes.
    pub(super) fn clear(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.sandboxes)
    }

    fn of(&self, sandbox: SandboxId) -> PathBuf {
        self.sandboxes.join(sandbox.0.to_string())
    }
}

fn at(folder: &Path, error: &io::Error) -> String {
    format!("{}: {error}", folder.display())
}

/// Makes a folder that every user of a container may write to, as a kubelet makes it.
fn open_to_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))
}

fn encoded(files: &BTreeMap<String, Bytes>) -> Result<BTreeMap<String, String>, String> {
    let encode = |(name, bytes): (&String, &Bytes)| {
        let name = Some(name).filter(|name| is_plain(name));
        let name = name.ok_or_else(|| "a file of it has a name that no file can have".to_owned())?;
        Ok((name.clone(), BASE64_STANDARD.encode(bytes)))
    };
    files.iter().map(encode).collect()
}

/// Whether the text names a file of a folder and no other place.
fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= 255 && !name.contains(['/', '\0'])
}

/// The letters of the names of storage accounts and shares (Azure's "Naming and referencing shares"); which lengths and
/// places they allow is the service's to refuse.
fn is_share_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 63 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn names_do_not_leave_their_folder() {
        for (name, plain, share) in [
            ("data-1", true, true),
            ("Data.txt", true, false),
            ("..data", true, false),
            ("", false, false),
            (".", false, false),
            ("..", false, false),
            ("a/b", false, false),
            ("/etc", false, false),
            ("a\0", false, false),
        ] {
            assert_eq!((is_plain(name), is_share_name(name)), (plain, share), "{name:?}");
        }
    }

    #[test]
    fn a_config_map_is_replaced_as_a_whole() -> Outcome {
        let folder = tempfile::tempdir()?;
        let (folders, _) = Folders::open(folder.path(), folder.path())?;
        let config = |files: &[(&str, &str)]| {
            ConfigMap(files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
        };
        let sandbox = SandboxId(1);
        folders.configure(sandbox, "c", &config(&[("a", "1"), ("b", "2")]))?;
        let place = folders.configure(sandbox, "c", &config(&[("b", "3"), ("..c", "4")]))?;
        let mut found: Vec<_> =
            fs::read_dir(&place)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        found.sort();
        assert_eq!(found, ["..c", "b"]);
        assert_eq!(fs::read_to_string(place.join("b"))?, "3");
        assert!(folders.configure(sandbox, "c", &config(&[("../x", "")])).is_err());
        assert!(folders.configure(sandbox, "../c", &config(&[])).is_err());
        Ok(())
    }

    #[test]
    fn what_was_left_is_deleted_and_counted() -> Outcome {
        let folder = tempfile::tempdir()?;
        let (folders, left) = Folders::open(folder.path(), folder.path())?;
        assert_eq!(left, 0);
        folders.configure(SandboxId(7), "c", &ConfigMap::default())?;
        assert_eq!(Folders::open(folder.path(), folder.path())?.1, 1);
        assert_eq!(Folders::open(folder.path(), folder.path())?.1, 0);
        Ok(())
    }
}
