//! The volumes of a sandbox: volumes of the engine, filled through its API so that the engine may be anywhere, and folders of shares.
//!
//! The engine unpacks files into a container only. So a container that never starts, the carrier, stands between:
//! it mounts every volume where it may write, while the tasks mount some of them where they may not.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount as EngineMount, MountType, MountVolumeOptions, VolumeCreateRequest,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;

use super::engine::{Engine, told};
use crate::contract::{ConfigMap, Content, Mount, SandboxId, Volume};
use crate::runtime::clone;

/// Where the carrier has the volumes.
const CARRIED: &str = "/acitask";

/// The volumes of one sandbox by name.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    places: BTreeMap<String, Place>,
    is_filled: bool,
}

/// Where a volume is.
enum Place {
    /// In the engine under this name, to be filled with this.
    Engine { name: String, load: Load },
    /// A folder of this machine.
    Folder { path: String, read_only: bool },
    /// It could not be made, for this reason.
    Nowhere(String),
}

/// What is in a volume of the engine at first.
#[derive(Clone)]
enum Load {
    Empty,
    /// Files that are only read.
    Files(BTreeMap<String, Bytes>),
    /// A folder of this machine, which is deleted afterwards.
    Folder(PathBuf),
}

/// Without the files, which can be secrets.
impl std::fmt::Debug for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine { name, load: _ } => out.debug_tuple("Engine").field(name).finish(),
            Self::Folder { path, read_only } => {
                out.debug_tuple("Folder").field(path).field(read_only).finish()
            }
            Self::Nowhere(reason) => out.debug_tuple("Nowhere").field(reason).finish(),
        }
    }
}

/// A volume that cannot be mounted.
#[derive(Debug)]
pub(super) struct Unmounted {
    pub(super) volume: String,
    pub(super) reason: String,
}

impl Volumes {
    /// Makes the volumes; what cannot be made is told when it is mounted. A clone may take a while.
    pub(super) async fn open(
        engine: &Engine,
        (shares, clones): (&Path, &Path),
        sandbox: SandboxId,
        volumes: Vec<Volume>,
    ) -> Self {
        let mut places = BTreeMap::new();
        for (number, Volume { name, content }) in volumes.into_iter().enumerate() {
            let place = match content {
                Content::Empty => in_engine(engine, sandbox, &name, Load::Empty).await,
                Content::Files(files) => in_engine(engine, sandbox, &name, Load::Files(files)).await,
                Content::Share { account, share, read_only } => {
                    share_folder(shares, &account, &share).map(|path| Place::Folder { path, read_only })
                }
                Content::Repository { url, directory, revision } => {
                    let folder = clones.join(format!("{}-{number}", sandbox.0));
                    match cloned(&folder, &url, directory.as_deref(), revision.as_deref()).await {
                        Ok(()) => in_engine(engine, sandbox, &name, Load::Folder(folder)).await,
                        Err(reason) => Err(reason),
                    }
                }
            };
            places.insert(name, place.unwrap_or_else(Place::Nowhere));
        }
        Self { places, is_filled: false }
    }

    /// What a container is to mount.
    pub(super) fn mounts(&self, mounts: &[Mount]) -> Result<Vec<EngineMount>, Unmounted> {
        mounts.iter().map(|mount| self.mount(mount)).collect()
    }

    fn mount(&self, mount: &Mount) -> Result<EngineMount, Unmounted> {
        let Mount { volume, path, read_only } = mount;
        let unmounted = |reason: &str| Unmounted { volume: volume.clone(), reason: reason.to_owned() };
        let (typ, source, is_fixed) = match self.places.get(volume) {
            Some(Place::Engine { name, load }) => (MountType::VOLUME, name, matches!(load, Load::Files(_))),
            Some(Place::Folder { path, read_only }) => (MountType::BIND, path, *read_only),
            Some(Place::Nowhere(reason)) => return Err(unmounted(reason)),
            None => return Err(unmounted("the group has no such volume")),
        };
        Ok(engine_mount(typ, source, path, *read_only || is_fixed))
    }

    /// The volume whose folder the engine does not find, if its refusal is about one.
    pub(super) fn refused(&self, told: &str) -> Option<String> {
        let named = self.places.iter().find(|(_, place)| match place {
            Place::Folder { path, read_only: _ } => told.contains(path.as_str()),
            Place::Engine { .. } | Place::Nowhere(_) => false,
        });
        named.map(|(name, _)| name.clone())
    }

    /// Puts the files in, once; an image is needed to make the carrier of.
    pub(super) async fn fill(&mut self, engine: &Engine, sandbox: SandboxId, image: &str) {
        if std::mem::replace(&mut self.is_filled, true) {
            return;
        }
        let carried: Vec<_> = self
            .places
            .values()
            .filter_map(|place| match place {
                Place::Engine { name, load } => Some((name.clone(), load.clone())),
                Place::Folder { .. } | Place::Nowhere(_) => None,
            })
            .collect();
        if carried.is_empty() {
            return;
        }
        let done = carry(engine, sandbox, image, &carried).await;
        self.forget_clones();
        if let Err(reason) = done {
            for place in self.places.values_mut().filter(|place| matches!(place, Place::Engine { .. })) {
                *place = Place::Nowhere(reason.clone());
            }
        }
    }
}

impl Volumes {
    /// Deletes the folders that are in the engine now, or never will be.
    pub(super) fn forget_clones(&self) {
        for place in self.places.values() {
            if let Place::Engine { name: _, load: Load::Folder(folder) } = place
                && let Err(error) = fs::remove_dir_all(folder)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, folder = %folder.display(), "a clone could not be deleted");
            }
        }
    }
}

async fn cloned(
    folder: &Path,
    url: &str,
    directory: Option<&str>,
    revision: Option<&str>,
) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let done = clone::clone(url, directory, revision, folder).await;
    if done.is_err() {
        // What came of it is of no use, and a folder that stays is deleted by the next emulator.
        let _ = fs::remove_dir_all(folder);
    }
    done
}

async fn in_engine(engine: &Engine, sandbox: SandboxId, volume: &str, load: Load) -> Result<Place, String> {
    let name = engine.name_of(sandbox, volume);
    let labels = Some(engine.labels(sandbox));
    let wanted = VolumeCreateRequest { name: Some(name.clone()), labels, ..VolumeCreateRequest::default() };
    engine.api.create_volume(wanted).await.map_err(|error| told(&error))?;
    Ok(Place::Engine { name, load })
}

/// The folder of a share, which every user of a container may write to, as on Azure's mounts.
fn share_folder(shares: &Path, account: &str, share: &str) -> Result<String, String> {
    let plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('/');
    if !plain(account) || !plain(share) {
        return Err(format!("{account}/{share} is no name of a file share"));
    }
    let folder = shares.join(account).join(share);
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    if !folder.is_dir() {
        DirBuilder::new().recursive(true).mode(0o755).create(&folder).map_err(told)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).map_err(told)?;
    }
    Ok(folder.display().to_string())
}

fn engine_mount(typ: MountType, source: &str, target: &str, read_only: bool) -> EngineMount {
    // What the image has at this place is no part of the volume.
    let options = MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() };
    EngineMount {
        volume_options: (typ == MountType::VOLUME).then_some(options),
        typ: Some(typ),
        source: Some(source.to_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..EngineMount::default()
    }
}

async fn carry(
    engine: &Engine,
    sandbox: SandboxId,
    image: &str,
    volumes: &[(String, Load)],
) -> Result<(), String> {
    let place = |number: usize| format!("{CARRIED}/{number}");
    let mounts = volumes
        .iter()
        .enumerate()
        .map(|(number, (name, _))| engine_mount(MountType::VOLUME, name, &place(number), false))
        .collect();
    let carrier = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec!["/nothing".to_owned()]),
        labels: Some(engine.labels(sandbox)),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(mounts),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(&engine.name_of(sandbox, "_carrier")).build();
    let carrier = engine.api.create_container(Some(options), carrier).await.map_err(|error| told(&error))?.id;
    let filled = async {
        for (number, (_, load)) in volumes.iter().enumerate() {
            upload(engine, &carrier, &place(number), packed(load)?).await?;
        }
        // Docker does not touch the folder that it unpacks into, only those inside.
        for (number, (_, load)) in volumes.iter().enumerate() {
            let mut tar = tar::Builder::new(Vec::new());
            folder(&mut tar, &format!("{number}/"), mode(load))?;
            upload(engine, &carrier, CARRIED, finished(tar)?).await?;
        }
        Ok(())
    };
    let filled = filled.await;
    engine.remove_container(&carrier).await;
    filled
}

/// Every user may write into a volume that is not only read.
fn mode(load: &Load) -> u32 {
    match load {
        Load::Empty | Load::Folder(_) => 0o777,
        Load::Files(_) => 0o755,
    }
}

/// Puts the files of a config map into a container that has just been made.
pub(super) async fn configure(
    engine: &Engine,
    id: &str,
    container: &str,
    config: &ConfigMap,
) -> Result<(), String> {
    let mut tar = tar::Builder::new(Vec::new());
    folder(&mut tar, "mnt/", 0o755)?;
    folder(&mut tar, "mnt/configmap/", 0o755)?;
    fill(&mut tar, &format!("mnt/configmap/{container}/"), &config.0)?;
    upload(engine, id, "/", finished(tar)?).await
}

/// Replaces the files of a config map in a container.
pub(super) async fn reconfigure(
    engine: &Engine,
    id: &str,
    container: &str,
    config: &ConfigMap,
) -> Result<(), String> {
    let mut tar = tar::Builder::new(Vec::new());
    // Nothing can be deleted through the API but by something of another kind at its place.
    file(&mut tar, container, b"")?;
    fill(&mut tar, &format!("{container}/"), &config.0)?;
    upload(engine, id, "/mnt/configmap", finished(tar)?).await
}

fn fill(
    tar: &mut tar::Builder<Vec<u8>>,
    place: &str,
    files: &BTreeMap<String, String>,
) -> Result<(), String> {
    folder(tar, place, 0o755)?;
    files.iter().try_for_each(|(name, text)| file(tar, &format!("{place}{name}"), text.as_bytes()))
}

/// A tar of what is in a volume at first.
fn packed(load: &Load) -> Result<Bytes, String> {
    let mut tar = tar::Builder::new(Vec::new());
    folder(&mut tar, "./", mode(load))?;
    match load {
        Load::Empty => {}
        Load::Files(files) => {
            files.iter().try_for_each(|(name, bytes)| file(&mut tar, &format!("./{name}"), bytes))?;
        }
        Load::Folder(folder) => {
            tar.follow_symlinks(false);
            let packed = tar.append_dir_all(".", folder);
            packed.map_err(|error| format!("{}: {error}", folder.display()))?;
        }
    }
    finished(tar)
}

fn folder(tar: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32) -> Result<(), String> {
    entry(tar, path, tar::EntryType::Directory, mode, b"")
}

fn file(tar: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8]) -> Result<(), String> {
    entry(tar, path, tar::EntryType::Regular, 0o644, bytes)
}

fn entry(
    tar: &mut tar::Builder<Vec<u8>>,
    path: &str,
    kind: tar::EntryType,
    mode: u32,
    bytes: &[u8],
) -> Result<(), String> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    tar.append_data(&mut header, path, bytes).map_err(|error| format!("{path}: {error}"))
}

fn finished(tar: tar::Builder<Vec<u8>>) -> Result<Bytes, String> {
    tar.into_inner().map(Bytes::from).map_err(|error| error.to_string())
}

async fn upload(engine: &Engine, id: &str, path: &str, tar: Bytes) -> Result<(), String> {
    let options = UploadToContainerOptionsBuilder::new().path(path).build();
    let uploaded = engine.api.upload_to_container(id, Some(options), bollard::body_full(tar)).await;
    uploaded.map_err(|error| told(&error))
}
