//! The docker runtime: containers of an engine that speaks Docker's API (Docker, Podman), which may also be another machine's.
//!
//! Invariants: everything that is made in the engine carries the label of this emulator, so that what a killed one left
//! is found by the next and removed; nothing else in the engine is ever touched. Containers share the machine's network,
//! as in the native runtime, so that those of a sandbox share localhost and tasks reach the emulator.

mod container;
mod engine;
mod exec;
mod fleet;
mod images;
mod order;
mod probe;
mod volumes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::engine::Engine;
pub use self::engine::EngineError;
use self::fleet::Fleet;
use crate::contract::{Command, ExecSession, Fact, LogLine, Question, SandboxId};
use crate::image::{self, ImageError, Store};
use crate::runtime::{Events, ExecStream};

/// What the docker runtime needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where an engine may listen, tried in this order: `unix:///…`, `tcp://…` or `http://…`.
    pub addresses: Vec<String>,
    /// The folder of the image store.
    pub images: PathBuf,
    /// Where logs are kept, one file a container; none: in memory only.
    pub logs: Option<PathBuf>,
    /// The folder of file shares, which the engine must see under the same path.
    pub shares: PathBuf,
    /// A folder of the emulator's own for clones of repositories on their way into the engine.
    pub clones: PathBuf,
    /// Which emulator this is, in letters and digits: the label of all that it makes.
    pub owner: String,
}

/// What keeps the docker runtime from being opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No engine answers.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The image store cannot be used.
    #[error("the image store cannot be used")]
    Store(#[from] ImageError),
}

/// The docker runtime.
#[derive(Clone, Debug)]
pub struct Docker {
    fleet: Arc<Fleet>,
    recovered: Vec<String>,
}

/// Where engines usually listen on this machine, given the user's runtime folder (`XDG_RUNTIME_DIR`).
pub fn usual_addresses(runtime_folder: Option<&Path>) -> Vec<String> {
    let own = |name: &str| runtime_folder.map(|folder| folder.join(name));
    let known = |path: &str| Some(PathBuf::from(path));
    [
        known("/var/run/docker.sock"),
        own("docker.sock"),
        own("podman/podman.sock"),
        known("/run/podman/podman.sock"),
    ]
    .into_iter()
    .flatten()
    .map(|path| format!("unix://{}", path.display()))
    .collect()
}

impl Docker {
    /// A runtime on the first engine that answers, without what an earlier emulator of this name left there.
    /// To be called within a tokio runtime, which carries its tasks.
    ///
    /// # Errors
    /// No engine answers, or the image store cannot be used.
    pub async fn open(options: Options, events: Events) -> Result<Self, OpenError> {
        let engine = Engine::find(&options.addresses, &options.owner).await?;
        let left = engine.sweep().await?;
        let store = Store::open(&options.images)?;
        if options.clones.exists() {
            std::fs::remove_dir_all(&options.clones).map_err(image::at(&options.clones))?;
        }
        engine.forget_images(&store).await;
        let left = [(left.containers, "containers"), (left.volumes, "volumes")];
        let left = left.iter().filter(|(count, _)| *count > 0);
        let recovered =
            left.map(|(count, what)| format!("{count} {what} were left and are removed")).collect();
        Ok(Self { fleet: Arc::new(Fleet::new(options, engine, store, events)), recovered })
    }

    /// What an earlier emulator had left in the engine, for people.
    pub fn recovered(&self) -> &[String] {
        &self.recovered
    }

    /// The engine's name, version and address, for people.
    pub fn engine(&self) -> &str {
        &self.fleet.engine.name
    }

    /// Whether the engine tells that a container was ended for its memory: Podman does not on cgroups of version 1.
    pub fn tells_out_of_memory(&self) -> bool {
        !self.fleet.engine.is_podman
    }

    pub(crate) fn perform(&self, command: Command) {
        self.fleet.perform(command);
    }

    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Images(sources) = question;
        self.fleet.images_found(sources).await
    }

    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        self.fleet.logs.lines(&(sandbox, container.to_owned()))
    }

    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        let ExecSession { password: _, sandbox, container, argv, rows, cols } = session;
        let Some(running) = self.fleet.running(*sandbox, container) else {
            return Err(format!("cannot exec in a stopped container: {container} is not running"));
        };
        exec::exec(&self.fleet.engine, &self.fleet.tasks, &running.container.id, argv.clone(), *rows, *cols)
            .await
    }

    pub(crate) async fn shutdown(&self) {
        self.fleet.shutdown().await;
    }
}
