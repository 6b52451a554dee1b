//! Archives of images, laid out as a folder that [`store`](super::store) can read.
//!
//! Only plain files whose names are made of plain parts are taken, so that an archive cannot name a place
//! outside the folder. Old docker archives, which know no layout, get one here.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::blobs::Sum;
use super::layout::{self, Descriptor, Index, Manifest};
use super::{ImageError, at, document};

/// The most bytes that the files of one archive may have together.
const MAX_BYTES: u64 = 16 << 30;

/// One image of docker's own archive format.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// Lays the archive (tar, or tar packed with gzip) out in an empty folder.
pub(crate) fn lay_out(archive: &Path, folder: &Path) -> Result<(), ImageError> {
    let wrong = |reason: String| ImageError::Source { path: archive.to_path_buf(), reason };
    let mut total = 0;
    let mut tar = tar::Archive::new(unpacked(archive)?);
    for entry in tar.entries().map_err(|error| wrong(error.to_string()))? {
        let mut entry = entry.map_err(|error| wrong(error.to_string()))?;
        let name = entry.path().map_err(|error| wrong(error.to_string()))?.into_owned();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let Some(name) = plain(&name) else {
            return Err(wrong(format!("it names {} outside itself", name.display())));
        };
        total += entry.size();
        if total > MAX_BYTES {
            return Err(ImageError::TooLarge { what: "the archive".into(), limit: MAX_BYTES });
        }
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(at(parent))?;
        let mut file = File::create(&path).map_err(at(&path))?;
        io::copy(&mut entry, &mut file).map_err(|error| wrong(error.to_string()))?;
    }
    if folder.join("index.json").exists() {
        return Ok(());
    }
    if !folder.join("manifest.json").exists() {
        return Err(wrong("it has neither an index.json nor a manifest.json".into()));
    }
    convert(folder)
}

/// The bytes of the tar, whether packed or not.
fn unpacked(archive: &Path) -> Result<Box<dyn Read>, ImageError> {
    let mut start = Vec::new();
    File::open(archive).and_then(|file| file.take(2).read_to_end(&mut start)).map_err(at(archive))?;
    let file = BufReader::new(File::open(archive).map_err(at(archive))?);
    Ok(if start == [0x1f, 0x8b] { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) })
}

/// The name without `./`; none where it would leave the folder.
fn plain(name: &Path) -> Option<PathBuf> {
    name.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(part) => Some(part),
            _ => None,
        })
        .collect::<Option<PathBuf>>()
        .filter(|name| !name.as_os_str().is_empty())
}

/// Writes the layout that docker's `manifest.json` describes in its own way.
fn convert(folder: &Path) -> Result<(), ImageError> {
    let path = folder.join("manifest.json");
    let text = fs::read(&path).map_err(at(&path))?;
    let saved: Vec<Saved> = serde_json::from_slice(&text).map_err(document("manifest.json"))?;
    let mut manifests = Vec::new();
    for Saved { config, repo_tags, layers } in saved {
        let manifest = Manifest {
            schema_version: 2,
            media_type: layout::MANIFEST.into(),
            config: adopt(folder, &config, layout::CONFIG)?,
            layers: layers
                .iter()
                .map(|layer| adopt(folder, layer, layout::LAYER))
                .collect::<Result<_, _>>()?,
        };
        let text = serde_json::to_vec(&manifest).map_err(document("the manifest"))?;
        fs::write(folder.join("made"), text).map_err(at(folder))?;
        let made = adopt(folder, "made", layout::MANIFEST)?;
        let tags = repo_tags.unwrap_or_default();
        if tags.is_empty() {
            manifests.push(made.clone());
        }
        manifests.extend(tags.into_iter().map(|tag| {
            let annotations = BTreeMap::from([(layout::FULL_NAME.to_owned(), tag)]);
            Descriptor { annotations, ..made.clone() }
        }));
    }
    let index = Index { schema_version: 2, manifests };
    let text = serde_json::to_vec(&index).map_err(document("the index"))?;
    fs::write(folder.join("index.json"), text).map_err(at(folder))
}

/// Puts a file of the archive where a layout keeps its blobs.
fn adopt(folder: &Path, name: &str, media_type: &str) -> Result<Descriptor, ImageError> {
    let path = plain(Path::new(name)).map(|name| folder.join(name)).ok_or_else(|| ImageError::Source {
        path: folder.to_path_buf(),
        reason: format!("it names {name} outside itself"),
    })?;
    let mut sum = Sum::default();
    let mut file = File::open(&path).map_err(at(&path))?;
    let size = io::copy(&mut file, &mut sum).map_err(at(&path))?;
    let digest = sum.digest();
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(at(&blobs))?;
    let blob = blobs.join(digest.trim_start_matches("sha256:"));
    // Two images of one archive may share the file: it stays where it was.
    fs::hard_link(&path, &blob).or_else(|_| fs::copy(&path, &blob).map(|_| ())).map_err(at(&blob))?;
    Ok(Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size,
        annotations: BTreeMap::new(),
        platform: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for (name, taken) in [
            ("./blobs/sha256/ab", Some("blobs/sha256/ab")),
            ("index.json", Some("index.json")),
            ("../index.json", None),
            ("/etc/passwd", None),
            ("a/../../b", None),
            (".", None),
        ] {
            assert_eq!(plain(Path::new(name)), taken.map(PathBuf::from), "{name}");
        }
    }
}
