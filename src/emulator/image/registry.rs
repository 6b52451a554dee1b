//! Images from registries, by the client of the `oci-client` crate.
//!
//! Invariants: a credential goes to the registry of its image (or to where that one sends for tokens) and into no
//! message; plain http is spoken with this machine's own loopback addresses only; nothing is taken whose size or digest
//! is not what was announced, and no more than ACI takes. Each fetch has a client of its own, because a client keeps the
//! first credential that it was given for a registry.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference as Remote};

use super::blobs::{self, MAX_DOCUMENT, Sum, Tee};
use super::layout::{self, Descriptor, Index, Manifest};
use super::reference::{Reference, Version, is_digest};
use super::store::Store;
use super::{ImageError, at, document, provide_cryptography};
use crate::contract::Credential;

/// How long a registry may take to be reached. A machine without a network should not keep anybody waiting.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a registry may say nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a registry may take for a document, which bounds what it can make us hold in memory as well.
const DOCUMENT: Duration = Duration::from_secs(30);
/// The most bytes that the layers of an image have together ("The maximum size for a deployable container image on Azure
/// Container Instances is 15 GB", Azure's page "Frequently asked questions about Azure Container Instances").
const LARGEST: u64 = 15_000_000_000;
/// What is asked for: manifests and indexes, OCI's and docker's.
const DOCUMENTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// An image in its registry.
pub(crate) struct Source {
    client: Client,
    auth: RegistryAuth,
    name: Reference,
    remote: Remote,
}

impl Source {
    /// The image as this credential's owner sees it; none: as everybody does.
    pub(crate) fn new(name: &Reference, credential: Option<&Credential>) -> Result<Self, ImageError> {
        provide_cryptography();
        let protocol =
            if is_loopback(name.registry()) { ClientProtocol::Http } else { ClientProtocol::Https };
        let config = ClientConfig {
            protocol,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(SILENCE),
            user_agent: concat!("acitask-emulator/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| failed(name, &error))?;
        let auth = match credential {
            Some(Credential { server: _, username, password }) if !username.is_empty() => {
                RegistryAuth::Basic(username.clone(), password.clone())
            }
            // An identity's token is the service's to get.
            Some(_) | None => RegistryAuth::Anonymous,
        };
        let (registry, repository) = (name.registry().to_owned(), name.repository().to_owned());
        let remote = match name.version() {
            Version::Tag(tag) => Remote::with_tag(registry, repository, tag.clone()),
            Version::Digest(digest) => Remote::with_digest(registry, repository, digest.clone()),
        };
        Ok(Self { client, auth, name: name.clone(), remote })
    }

    /// The digest that the name has in its registry now.
    pub(crate) async fn digest(&self) -> Result<String, ImageError> {
        self.within(self.client.fetch_manifest_digest(&self.remote, &self.auth)).await
    }

    /// Takes the image's blobs into the store, and then its name.
    pub(crate) async fn fetch(&self, store: &Store) -> Result<(), ImageError> {
        let (mut text, announced) = self.document(&self.remote).await?;
        let mut digest = announced.clone();
        if let Some(variant) = variant(&text, &digest)? {
            let remote = self.remote.clone_with_digest(variant.clone());
            (text, digest) = self.document(&remote).await?;
            if digest != variant {
                return Err(ImageError::Digest { expected: variant, found: digest });
            }
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(document(&digest))?;
        let bytes = manifest.layers.iter().try_fold(0_u64, |sum, layer| sum.checked_add(layer.size));
        if bytes.is_none_or(|bytes| bytes > LARGEST) {
            return Err(ImageError::TooLarge { what: self.name.to_string(), limit: LARGEST });
        }
        if manifest.config.size > MAX_DOCUMENT {
            return Err(ImageError::TooLarge { what: manifest.config.digest, limit: MAX_DOCUMENT });
        }
        // What we could not unpack need not be fetched.
        for layer in &manifest.layers {
            store.layer(layer)?;
        }
        for blob in [&manifest.config].into_iter().chain(&manifest.layers) {
            self.blob(store, blob).await?;
        }
        let (store, name) = (store.clone(), self.name.clone());
        let naming = tokio::task::spawn_blocking(move || store.adopt(&name, &text, announced));
        naming.await.map_err(|error| failed(&self.name, &error))?
    }

    /// A manifest or an index, with the digest of its bytes.
    async fn document(&self, remote: &Remote) -> Result<(Bytes, String), ImageError> {
        let pulling = self.client.pull_manifest_raw(remote, &self.auth, &DOCUMENTS);
        let (text, _) = self.within(pulling).await?;
        if text.len() as u64 > MAX_DOCUMENT {
            return Err(ImageError::TooLarge { what: self.name.to_string(), limit: MAX_DOCUMENT });
        }
        let digest = Sum::of(&text);
        Ok((text, digest))
    }

    /// Takes a blob into the store, as it comes, unless it is there.
    async fn blob(&self, store: &Store, blob: &Descriptor) -> Result<(), ImageError> {
        let target = blobs::path(store.root(), &blob.digest)?;
        if target.exists() {
            return Ok(());
        }
        let pulling = self.client.pull_blob_stream(&self.remote, blob.digest.as_str());
        let mut stream = self.within(pulling).await?.stream;
        let part = Part::new(store.root());
        let file = File::create(&part.0).map_err(at(&part.0))?;
        let mut both = Tee { sum: Sum::default(), file };
        let mut left = blob.size;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| failed(&self.name, &error))?;
            left = left
                .checked_sub(chunk.len() as u64)
                .ok_or_else(|| ImageError::TooLarge { what: blob.digest.clone(), limit: blob.size })?;
            both.write_all(&chunk).map_err(at(&part.0))?;
        }
        let found = both.sum.digest();
        if left > 0 || found != blob.digest {
            return Err(ImageError::Digest { expected: blob.digest.clone(), found });
        }
        fs::rename(&part.0, &target).map_err(at(&target))
    }

    /// What the registry answers within the time that it has.
    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, OciDistributionError>>,
    ) -> Result<T, ImageError> {
        match tokio::time::timeout(DOCUMENT, answer).await {
            Ok(answer) => answer.map_err(|error| self.told(&error)),
            Err(_) => Err(ImageError::Registry {
                server: server(&self.name),
                reason: format!("no answer within {} seconds", DOCUMENT.as_secs()),
            }),
        }
    }

    /// What an error of the client means for us.
    fn told(&self, error: &OciDistributionError) -> ImageError {
        let server = server(&self.name);
        let refused = |reason: &str| {
            let (reference, reason) = (self.name.clone(), reason.to_owned());
            ImageError::Refused { reference, reason }
        };
        match error {
            OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_) => refused(
                "the registry does not let us have it with these credentials, or has no such repository",
            ),
            OciDistributionError::ImageManifestNotFoundError(_) => refused("the registry has no such image"),
            OciDistributionError::RegistryError { envelope, url: _ } => {
                let codes = envelope.errors.iter().map(|error| &error.code);
                let said = envelope.errors.first().map_or("", |error| error.message.as_str());
                if codes.clone().any(|code| matches!(code, OciErrorCode::Toomanyrequests)) {
                    return ImageError::Registry { server, reason: short("too many requests", said) };
                }
                refused(&short("the registry has no such image, or does not let us have it", said))
            }
            OciDistributionError::ServerError { code: 404, .. } => refused("the registry has no such image"),
            OciDistributionError::ServerError { code: 401 | 403, .. } => {
                refused("the registry does not let us have it")
            }
            OciDistributionError::ServerError { code: 429, .. } => {
                ImageError::Registry { server, reason: "too many requests (HTTP 429)".to_owned() }
            }
            OciDistributionError::ServerError { code, .. } => {
                ImageError::Registry { server, reason: format!("it answered with HTTP {code}") }
            }
            OciDistributionError::RequestError(_) => ImageError::Unreachable { server, reason: root(error) },
            other => ImageError::Registry { server, reason: root(other) },
        }
    }
}

/// The variant for this machine, if the document is an index over platforms.
fn variant(text: &[u8], digest: &str) -> Result<Option<String>, ImageError> {
    #[derive(serde::Deserialize)]
    struct Kind {
        manifests: Option<serde::de::IgnoredAny>,
    }
    let kind: Kind = serde_json::from_slice(text).map_err(document(digest))?;
    if kind.manifests.is_none() {
        return Ok(None);
    }
    let index: Index = serde_json::from_slice(text).map_err(document(digest))?;
    let variant = layout::variant(&index)?.digest.clone();
    if is_digest(&variant) {
        return Ok(Some(variant));
    }
    Err(ImageError::Unsupported { what: format!("a digest of the form {variant:?}") })
}

/// Whether a registry is on this machine.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// The host that is asked, as the service's messages name it.
fn server(name: &Reference) -> String {
    let registry = name.registry();
    if registry == "docker.io" { "index.docker.io" } else { registry }.to_owned()
}

/// A failure on our side of the wire, or a stream that broke.
fn failed(name: &Reference, error: &dyn Error) -> ImageError {
    ImageError::Registry { server: server(name), reason: root(error) }
}

/// The innermost cause, which says what happened; those around it repeat the address.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What it means, with what the registry said of it, which it may say at length.
fn short(meaning: &str, said: &str) -> String {
    let said: String = said.chars().filter(|letter| !letter.is_control()).take(200).collect();
    if said.is_empty() { meaning.to_owned() } else { format!("{meaning}: {said}") }
}

/// A file of a blob that is not whole; dropped, it is gone.
struct Part(PathBuf);

impl Part {
    fn new(root: &std::path::Path) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Self(root.join(format!("{PART}{}-{serial}", std::process::id())))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Usually it is whole and has its own name by now.
        let _ = fs::remove_file(&self.0);
    }
}

/// How the names of such files begin.
const PART: &str = "pulling-";

/// Deletes the files of pulls that a killed process did not end, and tells their number.
pub(crate) fn recover(store: &Store) -> usize {
    let entries = fs::read_dir(store.root()).into_iter().flatten().flatten();
    let parts = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PART));
    parts.filter(|entry| fs::remove_file(entry.path()).is_ok()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_registries_only() {
        for (registry, plain) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.8.0.1", true),
            ("10.0.0.1:5000", false),
            ("docker.io", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com:80", false),
        ] {
            assert_eq!(is_loopback(registry), plain, "{registry}");
        }
    }

    #[test]
    fn a_registry_is_quoted_in_one_short_line() {
        assert_eq!(short("no", ""), "no");
        assert_eq!(short("no", "a\nb"), "no: ab");
        assert_eq!(short("no", &"x".repeat(1000)).len(), 204);
    }
}
