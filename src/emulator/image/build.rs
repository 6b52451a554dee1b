//! Images made from files, without a container engine: one layer, written as an OCI archive.
//!
//! Invariant: the same [`Build`] gives the same bytes on every machine, so that an image that did not change keeps its digest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use super::blobs::Sum;
use super::layout::{self, Config, Descriptor, Index, Manifest, Platform, RootFs, Settings};
use super::reference::Reference;
use super::{ImageError, at, document};

/// What an image is made of.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// The files by their path in the image (with or without a leading slash); folders above them are made.
    pub files: BTreeMap<PathBuf, Content>,
    /// How the image wants to be run.
    pub settings: Settings,
}

/// A file of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A plain file.
    File {
        /// Permission bits.
        mode: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: PathBuf,
    },
    /// A folder; needed only where it is empty or its mode is not 0755.
    Folder {
        /// Permission bits.
        mode: u32,
    },
}

impl Build {
    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, mode: u32, bytes: Vec<u8>) -> Self {
        self.files.insert(path.into(), Content::File { mode, bytes });
        self
    }

    /// Writes the image as an OCI archive (a tar of an OCI layout) and gives the manifest's digest.
    ///
    /// # Errors
    /// The file cannot be written, or a path would leave the image.
    pub fn write(&self, reference: &Reference, archive: &Path) -> Result<String, ImageError> {
        let file = File::create(archive).map_err(at(archive))?;
        self.pack(reference, file).map_err(|error| match error {
            Failure::Image(error) => error,
            Failure::System(error) => at(archive)(error),
        })
    }

    fn pack(&self, reference: &Reference, into: impl Write) -> Result<String, Failure> {
        let Self { files, settings } = self;
        let layer = layer(files)?;
        let diff_id = Sum::of(&layer);
        let config = Config {
            architecture: layout::architecture().into(),
            os: "linux".into(),
            config: Some(settings.clone()),
            rootfs: RootFs { kind: "layers".into(), diff_ids: vec![diff_id] },
        };
        let config = serde_json::to_vec(&config).map_err(document("the configuration"))?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: layout::MANIFEST.into(),
            config: described(&config, layout::CONFIG),
            layers: vec![described(&layer, layout::LAYER)],
        };
        let manifest = serde_json::to_vec(&manifest).map_err(document("the manifest"))?;
        let mut named = described(&manifest, layout::MANIFEST);
        named.annotations.insert(layout::REF_NAME.into(), reference.to_string());
        named.platform = Some(Platform { os: "linux".into(), architecture: layout::architecture().into() });
        let digest = named.digest.clone();
        let index = Index { schema_version: 2, manifests: vec![named] };
        let index = serde_json::to_vec(&index).map_err(document("the index"))?;

        let mut tar = tar::Builder::new(into);
        append(&mut tar, Path::new(layout::MARK.0), 0o644, layout::MARK.1.as_bytes())?;
        for bytes in [&layer, &config, &manifest] {
            let name = format!("blobs/sha256/{}", Sum::of(bytes).trim_start_matches("sha256:"));
            append(&mut tar, Path::new(&name), 0o644, bytes)?;
        }
        append(&mut tar, Path::new("index.json"), 0o644, &index)?;
        tar.into_inner()?.flush()?;
        Ok(digest)
    }
}

/// What can go wrong while packing; the file's name is added above.
enum Failure {
    Image(ImageError),
    System(io::Error),
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// The tar of the files, each folder before what is in it.
fn layer(files: &BTreeMap<PathBuf, Content>) -> Result<Vec<u8>, Failure> {
    let mut tree = BTreeMap::new();
    for (path, content) in files {
        let path = inside(path)?;
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            tree.entry(folder.to_path_buf()).or_insert(Content::Folder { mode: 0o755 });
        }
        tree.insert(path, content.clone());
    }
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in &tree {
        match content {
            Content::File { mode, bytes } => append(&mut tar, path, *mode, bytes)?,
            Content::Link { target } => {
                let mut header = header(0o777, 0, tar::EntryType::Symlink);
                tar.append_link(&mut header, path, target)?;
            }
            Content::Folder { mode } => {
                let mut header = header(*mode, 0, tar::EntryType::Directory);
                tar.append_data(&mut header, path, io::empty())?;
            }
        }
    }
    Ok(tar.into_inner()?)
}

fn inside(path: &Path) -> Result<PathBuf, ImageError> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || relative.as_os_str().is_empty() {
        return Err(ImageError::Source {
            path: path.to_path_buf(),
            reason: "a path in an image has only plain parts".into(),
        });
    }
    Ok(relative.to_path_buf())
}

pub(super) fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    path: &Path,
    mode: u32,
    bytes: &[u8],
) -> io::Result<()> {
    let mut header = header(mode, bytes.len() as u64, tar::EntryType::Regular);
    tar.append_data(&mut header, path, bytes)
}

/// A header without owner and time, as neither is part of what an image is.
pub(super) fn header(mode: u32, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn described(bytes: &[u8], media_type: &str) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest: Sum::of(bytes),
        size: bytes.len() as u64,
        annotations: BTreeMap::new(),
        platform: None,
    }
}
