//! Blobs: files whose name is the digest of their bytes, in the folder of a layout.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::reference::is_digest;
use super::{ImageError, at};
use crate::hex::hex;

/// The most bytes that a JSON document of an image may have (the limit of registries for manifests).
pub(crate) const MAX_DOCUMENT: u64 = 4 << 20;

/// Where a layout keeps the blob.
pub(crate) fn path(folder: &Path, digest: &str) -> Result<PathBuf, ImageError> {
    if !is_digest(digest) {
        return Err(ImageError::Unsupported { what: format!("a digest of the form {digest:?}") });
    }
    Ok(folder.join("blobs/sha256").join(digest.trim_start_matches("sha256:")))
}

/// Copies a blob from one layout to another, where it appears only if its bytes are what its name says.
pub(crate) fn take(from: &Path, to: &Path, digest: &str) -> Result<(), ImageError> {
    let (source, target) = (path(from, digest)?, path(to, digest)?);
    if target.exists() {
        return Ok(());
    }
    let part = to.join("part");
    let file = File::create(&part).map_err(at(&part))?;
    let mut both = Tee { sum: Sum::default(), file };
    let mut bytes = File::open(&source).map_err(at(&source))?;
    io::copy(&mut bytes, &mut both).map_err(at(&source))?;
    let found = both.sum.digest();
    if found != digest {
        return Err(ImageError::Digest { expected: digest.to_owned(), found });
    }
    fs::rename(&part, &target).map_err(at(&target))
}

/// A JSON document, if it is not too large to be one.
pub(crate) fn document<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, ImageError> {
    if fs::metadata(path).map_err(at(path))?.len() > MAX_DOCUMENT {
        return Err(ImageError::TooLarge { what: what.to_owned(), limit: MAX_DOCUMENT });
    }
    let text = fs::read(path).map_err(at(path))?;
    serde_json::from_slice(&text).map_err(super::document(what))
}

/// A SHA-256 that bytes are written into.
#[derive(Default)]
pub(crate) struct Sum(Sha256);

impl Sum {
    /// The digest of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> String {
        let mut sum = Self::default();
        sum.0.update(bytes);
        sum.digest()
    }

    /// `sha256:` and the digest of what was written.
    pub(crate) fn digest(self) -> String {
        format!("sha256:{}", hex(&self.0.finalize()))
    }
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes into a file and its sum at once.
pub(crate) struct Tee {
    pub(crate) sum: Sum,
    pub(crate) file: File,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.write(&bytes[..written])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
