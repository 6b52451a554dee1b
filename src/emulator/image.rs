//! Container images: references, the local store, OCI layouts and archives, building, unpacking.
//!
//! Invariant: every blob that the store holds has the digest that its name says; it was computed
//! when the blob came in. What was loaded from a file goes before what a registry has.

mod archive;
mod blobs;
pub mod build;
pub(crate) mod find;
mod layout;
pub mod reference;
pub(crate) mod registry;
mod save;
pub mod store;
pub mod unpack;

use std::io;
use std::path::{Path, PathBuf};

pub use build::Build;
pub use layout::Settings;
pub use reference::Reference;
pub use store::{Image, Listed, Loaded, Store};

/// What can be wrong with an image, its source, or the store.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file of the store or of an image's source could not be read or written.
    #[error("{path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The text is no image reference.
    #[error("{text:?} is no image reference: {reason}")]
    Reference {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The source is not an image that we know how to read.
    #[error("{path} is no OCI image layout, OCI archive or docker archive: {reason}")]
    Source {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON document of an image cannot be read.
    #[error("{what} of the image cannot be read")]
    Document {
        /// Which document.
        what: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// A blob's bytes are not those that its digest promises.
    #[error("blob {expected} has the digest {found}")]
    Digest {
        /// What the name says.
        expected: String,
        /// What the bytes say.
        found: String,
    },
    /// A blob or document is larger than we take.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// Which one.
        what: String,
        /// The most we take, in bytes.
        limit: u64,
    },
    /// The image has nothing for this machine.
    #[error("the image has no variant for linux/{architecture}")]
    Platform {
        /// The machine's architecture, in OCI's words (`amd64`).
        architecture: &'static str,
    },
    /// The image uses something that we do not carry out.
    #[error("the image uses {what}, which the emulator does not support")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// The source holds an image without a name, and none was given.
    #[error("{path} holds an image without a name; give it one")]
    Nameless {
        /// The file or folder.
        path: PathBuf,
    },
    /// The store has no such image.
    #[error(
        "no such image in the emulator's store: {reference}; load it with `acitask emulator images load FILE`"
    )]
    Missing {
        /// What was asked for, in full.
        reference: Reference,
    },
    /// The registry does not have the image, or not for us.
    #[error("{reference}: {reason}")]
    Refused {
        /// What was asked for, in full.
        reference: Reference,
        /// What the registry means, for people.
        reason: String,
    },
    /// A registry answered with an error of its own.
    #[error("the registry {server}: {reason}")]
    Registry {
        /// Its host.
        server: String,
        /// What it said, for people.
        reason: String,
    },
    /// A registry could not be reached.
    #[error(
        "the registry {server} cannot be reached: {reason}; without it, load the image with `acitask emulator images load FILE`"
    )]
    Unreachable {
        /// Its host.
        server: String,
        /// Why, for people.
        reason: String,
    },
    /// The layers could not be laid out as a file tree.
    #[error("unpacking image {digest}: {reason}")]
    Unpack {
        /// The image's digest.
        digest: String,
        /// Why.
        reason: String,
    },
}

/// `sha256:` and the digest of these bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    blobs::Sum::of(bytes)
}

/// Chooses the cryptography of every TLS connection of this process, unless its main program has.
pub(crate) fn provide_cryptography() {
    // An error says that it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Names the file in an error of the system.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> ImageError {
    move |source| ImageError::File { path: path.to_path_buf(), source }
}

/// Names the document in an error of serde.
pub(crate) fn document(what: &str) -> impl FnOnce(serde_json::Error) -> ImageError {
    move |source| ImageError::Document { what: what.to_owned(), source }
}
