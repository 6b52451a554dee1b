//! Images in the engine: copies of those in our store, else the engine's own, else what a registry gives it.

use std::io::{self, Write};

use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::ImageInspect;
use bollard::query_parameters::{CreateImageOptionsBuilder, ImportImageOptionsBuilder};
use bytes::Bytes;
use futures::{TryStreamExt as _, stream};
use tokio::sync::{Mutex, mpsc};

use super::engine::{Engine, is_missing, told};
use crate::contract::{Credential, Fact, ImageSource};
use crate::image::reference::Version;
use crate::image::{ImageError, Reference, Store};

/// Bytes on their way to the engine at a time: so many chunks of this size.
const CHUNKS: usize = 16;
const CHUNK: usize = 64 << 10;

/// An image that the engine has.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What the engine calls it.
    pub(super) name: String,
    /// The manifest's digest; the engine's own id for the image where it has no other.
    pub(super) digest: String,
    /// The user that the image wants; empty: root.
    pub(super) user: String,
}

/// Why an image cannot be had.
#[derive(Debug)]
pub(super) enum Missing {
    /// There is none, or it is not for us.
    Image(String),
    /// The registry is out of order or will not serve now.
    Registry { server: String, reason: String },
}

impl Missing {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Image(reason) | Self::Registry { server: _, reason } => reason,
        }
    }

    pub(super) fn fact(self, image: String) -> Fact {
        match self {
            Self::Image(reason) => Fact::ImageMissing { image, reason },
            Self::Registry { server, reason } => Fact::RegistryFailed { server, reason },
        }
    }
}

/// Brings the image into the engine, unless it is there. One at a time, so that two containers do not load the same twice.
pub(super) async fn bring(
    engine: &Engine,
    store: &Store,
    turn: &Mutex<()>,
    source: &ImageSource,
) -> Result<Found, Missing> {
    let ImageSource { image, credential } = source;
    let reference: Reference = image.parse().map_err(|error| unusable(&error))?;
    let held = match store.resolve(&reference) {
        Ok(held) => Some(held.digest),
        Err(ImageError::Missing { .. }) => None,
        Err(error) => return Err(unusable(&error)),
    };
    let _turn = turn.lock().await;
    let engines = held.as_ref().map_or_else(|| reference.to_string(), |digest| engine.copy_of(digest));
    let known = match engine.api.inspect_image(&engines).await {
        Ok(known) => known,
        Err(error) if is_missing(&error) => {
            match &held {
                Some(_) => load(engine, store, &reference, &engines).await.map_err(Missing::Image)?,
                None => pull(engine, &reference, credential.as_ref()).await?,
            }
            engine.api.inspect_image(&engines).await.map_err(|error| Missing::Image(told(&error)))?
        }
        Err(error) => return Err(Missing::Image(told(&error))),
    };
    let user = known.config.as_ref().and_then(|config| config.user.clone()).unwrap_or_default();
    Ok(Found { name: engines, digest: held.unwrap_or_else(|| digest(&known)), user })
}

fn unusable(error: &ImageError) -> Missing {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    Missing::Image(sources.fold(error.to_string(), |text, source| format!("{text}: {source}")))
}

fn digest(known: &ImageInspect) -> String {
    let of_registry = known.repo_digests.iter().flatten().find_map(|name| name.split_once('@'));
    of_registry.map(|(_, digest)| digest.to_owned()).or_else(|| known.id.clone()).unwrap_or_default()
}

/// Copies an image of the store into the engine, as it is read.
async fn load(engine: &Engine, store: &Store, reference: &Reference, name: &str) -> Result<(), String> {
    let (sender, mut chunks) = mpsc::channel(CHUNKS);
    let (store, reference, named) = (store.clone(), reference.clone(), name.to_owned());
    let saving = tokio::task::spawn_blocking(move || {
        let mut into = Sender { sender, held: Vec::with_capacity(CHUNK) };
        let saved = store.save(&reference, &named, &mut into);
        if let Err(error) = &saved {
            into.give_up(&error.to_string());
        }
    });
    let bytes = stream::poll_fn(move |context| chunks.poll_recv(context));
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let loaded = engine.api.import_image_stream(options, bytes, None);
    let loaded = loaded.try_for_each(|_| async { Ok(()) }).await;
    // It has ended: the engine has read all, or nobody reads any more.
    let _ = saving.await;
    loaded.map_err(|error| format!("the image could not be loaded into {}: {}", engine.name, told(&error)))
}

/// Hands bytes over from a thread that writes.
struct Sender {
    sender: mpsc::Sender<Result<Bytes, io::Error>>,
    held: Vec<u8>,
}

impl Sender {
    /// Cuts the archive off, so that the engine does not take a part for the whole.
    fn give_up(&self, reason: &str) {
        let _ = self.sender.blocking_send(Err(io::Error::other(reason.to_owned())));
    }
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK)));
        if chunk.is_empty() {
            return Ok(());
        }
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Has the engine fetch an image from its registry.
async fn pull(
    engine: &Engine,
    reference: &Reference,
    credential: Option<&Credential>,
) -> Result<(), Missing> {
    let (name, version) = (reference.name(), reference.version());
    let options = CreateImageOptionsBuilder::new().from_image(&name);
    let options = match version {
        Version::Tag(version) | Version::Digest(version) => options.tag(version).build(),
    };
    let credentials = credential.map(|Credential { server, username, password }| DockerCredentials {
        username: Some(username.clone()),
        password: Some(password.clone()),
        serveraddress: Some(server.clone()),
        ..DockerCredentials::default()
    });
    let pulled = engine.api.create_image(Some(options), None, credentials);
    let pulled = pulled.try_for_each(|_| async { Ok(()) }).await;
    pulled.map_err(|error| refusal(&error, reference))
}

/// What a failed pull means. Engines give a registry's own answer as text only.
fn refusal(error: &Error, reference: &Reference) -> Missing {
    let reason = told(error);
    let busy = ["toomanyrequests", "429", "500 Internal", "502 Bad", "503 Service", "504 Gateway"];
    if busy.iter().any(|sign| reason.contains(sign)) {
        let name = reference.name();
        let server = name.split('/').next().unwrap_or_default().to_owned();
        return Missing::Registry { server, reason };
    }
    Missing::Image(reason)
}
