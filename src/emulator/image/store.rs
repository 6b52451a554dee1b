//! The folder in which the emulator keeps its images; itself an OCI image layout.
//!
//! Invariants: a blob is renamed into place only after its digest was verified, and `index.json` names only images
//! all of whose blobs are there. Writers take the lock file; readers need none, as files are replaced and never rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::layout::{self, Config, Descriptor, Index, Manifest, Settings};
use super::reference::{Reference, Version};
use super::{ImageError, at, document, unpack};
use super::{archive, blobs};

/// The images of an emulator.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// An image that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The names under which it can now be resolved.
    pub references: Vec<Reference>,
    /// The manifest's digest (`sha256:…`).
    pub digest: String,
}

/// A line of the list of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub reference: Reference,
    /// The manifest's digest (`sha256:…`).
    pub digest: String,
    /// The bytes of its layers, as stored.
    pub bytes: u64,
}

/// How the store came by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// From a file.
    Loaded,
    /// From a registry.
    Pulled {
        /// The digest that the registry gave for the name; of an index where the image has several variants.
        announced: String,
        /// Whether the name is a digest, which always means the same.
        pinned: bool,
    },
}

impl Known {
    /// Whether nobody need be asked what the name means now.
    pub(crate) fn is_certain(&self) -> bool {
        !matches!(self, Self::Pulled { pinned: false, .. })
    }
}

/// An image that can be unpacked and run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The manifest's digest (`sha256:…`).
    pub digest: String,
    /// How it wants to be run.
    pub settings: Settings,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The blob's file.
    pub path: PathBuf,
    /// Whether it is packed with gzip.
    pub gzip: bool,
}

impl Store {
    /// The store in this folder, which is made where it is not there.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, ImageError> {
        let root = root.into();
        for folder in [root.join("blobs/sha256"), root.join("rootfs")] {
            fs::create_dir_all(&folder).map_err(at(&folder))?;
        }
        let store = Self { root };
        let mark = store.root.join(layout::MARK.0);
        fs::write(&mark, layout::MARK.1).map_err(at(&mark))?;
        Ok(store)
    }

    /// Takes in all images of an OCI layout (a folder), an OCI archive or a docker archive, under the names they carry.
    ///
    /// # Errors
    /// The source cannot be read, is damaged, or holds an image without a full name.
    pub fn load(&self, source: &Path) -> Result<Vec<Loaded>, ImageError> {
        self.take(source, None)
    }

    /// Takes in the one image of a source under a name of the caller's choice.
    ///
    /// # Errors
    /// As [`Store::load`]; also where the source holds several images.
    pub fn load_as(&self, source: &Path, reference: &Reference) -> Result<Loaded, ImageError> {
        let several =
            || ImageError::Source { path: source.to_path_buf(), reason: "one image was expected".into() };
        let mut loaded = self.take(source, Some(reference))?;
        loaded.pop().filter(|_| loaded.is_empty()).ok_or_else(several)
    }

    /// All images by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, ImageError> {
        let mut all = Vec::new();
        for (reference, descriptor) in self.names()? {
            let manifest: Manifest = self.document(&descriptor.digest)?;
            let bytes = manifest.layers.iter().map(|layer| layer.size).sum();
            all.push(Listed { reference, digest: descriptor.digest, bytes });
        }
        Ok(all)
    }

    /// The image of this name.
    ///
    /// # Errors
    /// [`ImageError::Missing`] where the store has none; else the store cannot be read.
    pub fn resolve(&self, reference: &Reference) -> Result<Image, ImageError> {
        let descriptor = self.described(reference)?;
        let manifest: Manifest = self.document(&descriptor.digest)?;
        let config: Config = self.document(&manifest.config.digest)?;
        let layers = manifest.layers.iter().map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        Ok(Image { digest: descriptor.digest, settings: config.config.unwrap_or_default(), layers })
    }

    /// The descriptor of the manifest of this name.
    pub(super) fn described(&self, reference: &Reference) -> Result<Descriptor, ImageError> {
        let mut names = self.names()?;
        let found = names.remove(reference).or_else(|| match reference.version() {
            Version::Tag(_) => None,
            Version::Digest(digest) => {
                let name = reference.name();
                names.into_iter().find_map(|(known, descriptor)| {
                    (known.name() == name && descriptor.digest == *digest).then_some(descriptor)
                })
            }
        });
        found.ok_or_else(|| ImageError::Missing { reference: reference.clone() })
    }

    /// How the store came by a name, if it has it.
    pub(crate) fn known(&self, reference: &Reference) -> Result<Option<Known>, ImageError> {
        let descriptor = match self.described(reference) {
            Ok(descriptor) => descriptor,
            Err(ImageError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let pinned = matches!(reference.version(), Version::Digest(_));
        let pulled = descriptor.annotations.get(layout::PULLED).cloned();
        Ok(Some(pulled.map_or(Known::Loaded, |announced| Known::Pulled { announced, pinned })))
    }

    /// Names an image whose other blobs were put here from its registry, which announced it by this digest.
    pub(crate) fn adopt(
        &self,
        reference: &Reference,
        manifest: &[u8],
        announced: String,
    ) -> Result<(), ImageError> {
        let _lock = self.lock()?;
        let digest = blobs::Sum::of(manifest);
        let (part, path) = (self.root.join("manifest.part"), blobs::path(&self.root, &digest)?);
        fs::write(&part, manifest).map_err(at(&part))?;
        fs::rename(&part, &path).map_err(at(&path))?;
        let document: Manifest = self.document(&digest)?;
        self.check_platform(&document)?;
        // While they came, somebody may have removed an image that shared them.
        for layer in &document.layers {
            let path = blobs::path(&self.root, &layer.digest)?;
            fs::metadata(&path).map_err(at(&path))?;
        }
        let mut names = self.names()?;
        let annotations = BTreeMap::from([(layout::PULLED.to_owned(), announced)]);
        let (media_type, size) = (layout::MANIFEST.to_owned(), manifest.len() as u64);
        names.insert(reference.clone(), Descriptor { media_type, digest, size, annotations, platform: None });
        self.write_names(&names)
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Forgets a name, and what no other name needs; false where there was no such name.
    /// A file tree that containers run on stays until the next removal.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn remove(&self, reference: &Reference) -> Result<bool, ImageError> {
        let _lock = self.lock()?;
        let mut names = self.names()?;
        let was_there = names.remove(reference).is_some();
        self.write_names(&names)?;
        self.sweep(&names)?;
        Ok(was_there)
    }

    /// Where the file trees of images are kept.
    pub(crate) fn trees(&self) -> PathBuf {
        self.root.join("rootfs")
    }

    fn take(&self, source: &Path, name: Option<&Reference>) -> Result<Vec<Loaded>, ImageError> {
        let _lock = self.lock()?;
        if source.is_dir() {
            return self.take_layout(source, source, name);
        }
        let scratch = self.root.join("loading");
        clear(&scratch)?;
        fs::create_dir_all(&scratch).map_err(at(&scratch))?;
        let taken =
            archive::lay_out(source, &scratch).and_then(|()| self.take_layout(&scratch, source, name));
        clear(&scratch)?;
        taken
    }

    fn take_layout(
        &self,
        folder: &Path,
        source: &Path,
        name: Option<&Reference>,
    ) -> Result<Vec<Loaded>, ImageError> {
        let index: Index = blobs::document(&folder.join("index.json"), "index.json")?;
        let mut names = self.names()?;
        let mut loaded: BTreeMap<String, Vec<Reference>> = BTreeMap::new();
        for described in &index.manifests {
            let reference = match (name, layout::full_name(described)) {
                (Some(name), _) => name.clone(),
                (None, Some(name)) => name.parse()?,
                (None, None) => {
                    return Err(ImageError::Nameless { path: source.to_path_buf() });
                }
            };
            let manifest = self.take_image(folder, described)?;
            loaded.entry(manifest.digest.clone()).or_default().push(reference.clone());
            names.insert(reference, manifest);
        }
        if loaded.is_empty() {
            let reason = "its index names no image".to_owned();
            return Err(ImageError::Source { path: source.to_path_buf(), reason });
        }
        self.write_names(&names)?;
        let named = |(digest, mut references): (String, Vec<Reference>)| {
            references.dedup();
            Loaded { references, digest }
        };
        Ok(loaded.into_iter().map(named).collect())
    }

    /// Copies the blobs of one image, and gives the descriptor of its manifest.
    fn take_image(&self, folder: &Path, described: &Descriptor) -> Result<Descriptor, ImageError> {
        blobs::take(folder, &self.root, &described.digest)?;
        if layout::is_index(described) {
            let index: Index = self.document(&described.digest)?;
            return self.take_image(folder, layout::variant(&index)?);
        }
        let manifest: Manifest = self.document(&described.digest)?;
        blobs::take(folder, &self.root, &manifest.config.digest)?;
        self.check_platform(&manifest)?;
        for layer in &manifest.layers {
            self.layer(layer)?;
            blobs::take(folder, &self.root, &layer.digest)?;
        }
        let mut described = described.clone();
        // A store may be loaded from, and what is loaded is not pulled.
        described.annotations.remove(layout::PULLED);
        Ok(described)
    }

    /// A manifest may come without an index that tells its platform, but its configuration tells.
    fn check_platform(&self, manifest: &Manifest) -> Result<(), ImageError> {
        let config: Config = self.document(&manifest.config.digest)?;
        let fits = |found: &str, wanted: &str| found.is_empty() || found == wanted;
        let architecture = layout::architecture();
        if fits(&config.os, "linux") && fits(&config.architecture, architecture) {
            return Ok(());
        }
        Err(ImageError::Platform { architecture })
    }

    pub(super) fn layer(&self, layer: &Descriptor) -> Result<Layer, ImageError> {
        let gzip = match layer.media_type.as_str() {
            layout::LAYER => false,
            layout::LAYER_GZIP | "application/vnd.docker.image.rootfs.diff.tar.gzip" => true,
            other => {
                return Err(ImageError::Unsupported { what: format!("layers of type {other}") });
            }
        };
        Ok(Layer { path: blobs::path(&self.root, &layer.digest)?, gzip })
    }

    pub(super) fn document<T: DeserializeOwned>(&self, digest: &str) -> Result<T, ImageError> {
        blobs::document(&blobs::path(&self.root, digest)?, digest)
    }

    fn names(&self) -> Result<BTreeMap<Reference, Descriptor>, ImageError> {
        let path = self.root.join("index.json");
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        let index: Index = blobs::document(&path, "index.json")?;
        let mut names = BTreeMap::new();
        for descriptor in index.manifests {
            if let Some(name) = layout::full_name(&descriptor) {
                names.insert(name.parse()?, descriptor);
            }
        }
        Ok(names)
    }

    fn write_names(&self, names: &BTreeMap<Reference, Descriptor>) -> Result<(), ImageError> {
        let manifests = names
            .iter()
            .map(|(reference, descriptor)| {
                let mut descriptor = Descriptor { platform: None, ..descriptor.clone() };
                descriptor.annotations.retain(|name, _| name == layout::PULLED);
                descriptor.annotations.insert(layout::REF_NAME.to_owned(), reference.to_string());
                descriptor
            })
            .collect();
        let index = Index { schema_version: 2, manifests };
        let text = serde_json::to_vec_pretty(&index).map_err(document("index.json"))?;
        let (part, path) = (self.root.join("index.part"), self.root.join("index.json"));
        fs::write(&part, text).map_err(at(&part))?;
        fs::rename(&part, &path).map_err(at(&path))
    }

    /// Deletes blobs and file trees that no name needs.
    fn sweep(&self, names: &BTreeMap<Reference, Descriptor>) -> Result<(), ImageError> {
        let mut needed = BTreeSet::new();
        for descriptor in names.values() {
            let manifest: Manifest = self.document(&descriptor.digest)?;
            needed.insert(descriptor.digest.clone());
            needed.insert(manifest.config.digest);
            needed.extend(manifest.layers.into_iter().map(|layer| layer.digest));
        }
        for (folder, remove) in [
            (self.root.join("blobs/sha256"), delete as fn(&Path) -> io::Result<()>),
            (self.trees(), unpack::remove_unused),
        ] {
            for entry in fs::read_dir(&folder).map_err(at(&folder))? {
                let path = entry.map_err(at(&folder))?.path();
                let hex = path.file_name().map(|name| name.to_string_lossy().into_owned());
                if !needed.contains(&format!("sha256:{}", hex.unwrap_or_default())) {
                    remove(&path).map_err(at(&path))?;
                }
            }
        }
        Ok(())
    }

    /// Held while the store changes.
    pub(crate) fn lock(&self) -> Result<File, ImageError> {
        let path = self.root.join("lock");
        let file = File::create(&path).map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    }
}

fn delete(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

fn clear(folder: &Path) -> Result<(), ImageError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        _ => Ok(()),
    }
}
