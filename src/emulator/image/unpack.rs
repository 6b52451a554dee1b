//! File trees of images: laid out once, then only read.
//!
//! Layers are other people's archives, so they are unpacked by a process of our own program whose root is the tree
//! that it fills: whatever links and names an archive holds, they resolve inside. A tree is renamed into place when it is whole.

pub(crate) mod layer;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::store::{Image, Layer, Store};
use super::{ImageError, at, document};

/// The hidden verb that unpacks.
pub(crate) const VERB: &str = "emulator-image-unpack";

/// What the unpacking process is told, as one line on its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) root: PathBuf,
    pub(crate) layers: Vec<(PathBuf, bool)>,
}

/// The file tree of an image. While this value lives, [`Store::remove`] leaves the tree alone.
#[derive(Debug)]
pub struct Tree {
    /// The folder that is the container's root, never to be written.
    pub path: PathBuf,
    _hold: File,
}

/// The tree of this image, unpacked now if it is not there yet. Blocks: layers may be large.
///
/// # Errors
/// A layer is damaged or too large, or the program at `init` is not one that calls `init_verb`.
pub fn tree(store: &Store, image: &Image, init: &Path) -> Result<Tree, ImageError> {
    let _lock = store.lock()?;
    let hex = image.digest.trim_start_matches("sha256:");
    let path = store.trees().join(hex);
    if !path.exists() {
        let part = store.trees().join(format!("{hex}.part"));
        match fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&part)(error)),
            _ => fs::create_dir(&part).map_err(at(&part))?,
        }
        fill(&part, image, init)?;
        fs::rename(&part, &path).map_err(at(&path))?;
    }
    let hold = File::open(&path).map_err(at(&path))?;
    hold.lock_shared().map_err(at(&path))?;
    Ok(Tree { path, _hold: hold })
}

/// Deletes a tree unless a container runs on it.
pub(crate) fn remove_unused(path: &Path) -> io::Result<()> {
    let folder = File::open(path)?;
    match folder.try_lock() {
        Ok(()) => fs::remove_dir_all(path),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn fill(root: &Path, image: &Image, init: &Path) -> Result<(), ImageError> {
    let wrong = |reason: String| ImageError::Unpack { digest: image.digest.clone(), reason };
    let layers = image.layers.iter().map(|Layer { path, gzip }| (path.clone(), *gzip)).collect();
    let order = Order { root: root.to_path_buf(), layers };
    let mut order = serde_json::to_vec(&order).map_err(document("the order to unpack"))?;
    order.push(b'\n');
    let mut child = Command::new(init)
        .arg(VERB)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(at(init))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&order).map_err(|error| wrong(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(at(init))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Err(wrong(if said.is_empty() { output.status.to_string() } else { said }))
}
