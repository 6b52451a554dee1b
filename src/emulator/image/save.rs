//! An image of the store as a docker archive, which every container engine can load.
//!
//! The archive is written as it is read, never held: images can be large.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::build::{append, header};
use super::layout::Manifest;
use super::reference::Reference;
use super::store::Store;
use super::{ImageError, at, blobs, document};

/// One image of docker's own archive format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

impl Store {
    /// Writes the image as a docker archive in which it has the given name.
    ///
    /// # Errors
    /// The store has no such image or cannot be read, or the archive cannot be written.
    pub(crate) fn save(&self, reference: &Reference, name: &str, into: impl Write) -> Result<(), ImageError> {
        let described = self.described(reference)?;
        let manifest: Manifest = self.document(&described.digest)?;
        let hex = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
        let saved = Saved {
            config: format!("{}.json", hex(&manifest.config.digest)),
            repo_tags: vec![name.to_owned()],
            layers: manifest.layers.iter().map(|layer| format!("{}.tar", hex(&layer.digest))).collect(),
        };
        let mut tar = tar::Builder::new(into);
        let archive = Path::new("the docker archive");
        let config = blobs::path(self.root(), &manifest.config.digest)?;
        add(&mut tar, &saved.config, &config)?;
        for (layer, name) in manifest.layers.iter().zip(&saved.layers) {
            add(&mut tar, name, &self.layer(layer)?.path)?;
        }
        let text = serde_json::to_vec(&[saved]).map_err(document("manifest.json"))?;
        append(&mut tar, Path::new("manifest.json"), 0o644, &text).map_err(at(archive))?;
        tar.into_inner().and_then(|mut into| into.flush()).map_err(at(archive))
    }
}

/// A blob under another name.
fn add<W: Write>(tar: &mut tar::Builder<W>, name: &str, blob: &Path) -> Result<(), ImageError> {
    let copy = |tar: &mut tar::Builder<W>| -> io::Result<()> {
        let file = File::open(blob)?;
        let mut header = header(0o644, file.metadata()?.len(), tar::EntryType::Regular);
        tar.append_data(&mut header, name, file)
    };
    copy(tar).map_err(at(blob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Build;

    #[test]
    fn what_is_saved_can_be_loaded_and_is_the_same_image() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let reference: Reference = "test/saved:1".parse()?;
        let (made, saved) = (folder.path().join("made.tar"), folder.path().join("saved.tar"));
        Build::default().file("/a", 0o755, b"a".to_vec()).write(&reference, &made)?;
        let store = Store::open(folder.path().join("one"))?;
        store.load(&made)?;
        store.save(&reference, "localhost/other:2", File::create(&saved)?)?;
        let other = Store::open(folder.path().join("two"))?;
        let loaded = other.load(&saved)?;
        let names: Vec<_> =
            loaded.iter().flat_map(|loaded| &loaded.references).map(ToString::to_string).collect();
        assert_eq!(names, ["localhost/other:2"]);
        let blobs = |store: &Store, name: &str| -> Result<_, ImageError> {
            let layers = store.resolve(&name.parse()?)?.layers;
            Ok(layers
                .into_iter()
                .map(|layer| layer.path.file_name().map(ToOwned::to_owned))
                .collect::<Vec<_>>())
        };
        assert_eq!(blobs(&store, "test/saved:1")?, blobs(&other, "localhost/other:2")?);
        let missing = store.save(&"test/other:1".parse()?, "x", io::sink());
        assert!(matches!(missing, Err(ImageError::Missing { .. })), "{missing:?}");
        Ok(())
    }
}
