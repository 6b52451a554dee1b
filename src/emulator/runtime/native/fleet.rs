//! The containers of all sandboxes, and the tasks that carry their commands out.
//!
//! Invariant: the commands of a sandbox are carried out one after the other, by one task a sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Options;
use super::container::{self, Container, SharedLog};
use super::log::Log;
use super::order::{Keep, Process};
use crate::contract::{Command, Event, Launch, SandboxId};
use crate::image::unpack::Tree;
use crate::image::{Image, ImageError, Store, unpack};
use crate::runtime::Events;

/// A container of a sandbox.
type Key = (SandboxId, String);

/// All containers, and what the tasks of the sandboxes share.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) options: Options,
    /// All tasks; a shutdown waits for them.
    pub(super) tasks: TaskTracker,
    store: Store,
    events: Events,
    runtime: Handle,
    closing: CancellationToken,
    sandboxes: Mutex<BTreeMap<SandboxId, mpsc::UnboundedSender<Command>>>,
    running: Mutex<BTreeMap<Key, Running>>,
    /// The logs of those that run, and of those that ended and have no whole file.
    logs: Mutex<BTreeMap<Key, SharedLog>>,
}

/// A container and what an exec needs to know of it.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) container: Arc<Container>,
    pub(super) process: Arc<Process>,
    /// Its end is not told: the world has forgotten it or is about to end.
    muted: CancellationToken,
}

impl std::fmt::Debug for Running {
    /// Without the process, whose environment may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { container, process: _, muted } = self;
        f.debug_tuple("Running").field(container).field(muted).finish()
    }
}

impl Fleet {
    /// No container yet. Tasks run where this is called.
    pub(super) fn new(options: Options, store: Store, events: Events) -> Self {
        Self {
            options,
            tasks: TaskTracker::new(),
            store,
            events,
            runtime: Handle::current(),
            closing: CancellationToken::new(),
            sandboxes: Mutex::default(),
            running: Mutex::default(),
            logs: Mutex::default(),
        }
    }

    /// Hands a command to the task of its sandbox.
    pub(super) fn perform(self: &Arc<Self>, command: Command) {
        if self.closing.is_cancelled() {
            return;
        }
        let mut sandboxes = held(&self.sandboxes);
        let commands = sandboxes.entry(sandbox_of(&command)).or_insert_with(|| {
            let (sender, commands) = mpsc::unbounded_channel();
            self.tasks.spawn_on(Arc::clone(self).attend(commands), &self.runtime);
            sender
        });
        // The task listens until its sender is taken out of the map, which needs the lock that we hold.
        let _ = commands.send(command);
    }

    /// A container that runs.
    pub(super) fn running(&self, sandbox: SandboxId, container: &str) -> Option<Running> {
        let running = held(&self.running).get(&(sandbox, container.to_owned())).cloned();
        running.filter(|running| running.container.runs())
    }

    /// The log of a container, if it is in memory.
    pub(super) fn log(&self, sandbox: SandboxId, container: &str) -> Option<SharedLog> {
        held(&self.logs).get(&(sandbox, container.to_owned())).cloned()
    }

    /// Ends every container and every task; no event follows.
    pub(super) async fn shutdown(&self) {
        self.closing.cancel();
        held(&self.sandboxes).clear();
        let running: Vec<_> = held(&self.running).values().cloned().collect();
        join_all(running.iter().map(|running| running.container.stop())).await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Carries out the commands of one sandbox.
    async fn attend(self: Arc<Self>, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            if self.closing.is_cancelled() {
                return;
            }
            match command {
                Command::Open { sandbox: _, volumes: _ }
                | Command::Configure { sandbox: _, container: _, config: _ }
                | Command::Probe { .. }
                | Command::Kill { .. } => {}
                Command::Pull { sandbox, container, source } => {
                    self.tell(match self.pull(source.image).await {
                        Ok((image, _)) => Event::Pulled { sandbox, container, digest: image.digest },
                        Err(reason) => Event::PullFailed { sandbox, container, reason },
                    });
                }
                Command::Start { sandbox, container, launch } => {
                    if let Err(reason) = self.start(sandbox, &container, &launch).await {
                        self.tell(Event::StartFailed { sandbox, container, reason });
                    }
                }
                Command::Stop { sandbox } => {
                    let running = self.of(sandbox);
                    join_all(running.iter().map(|running| running.container.stop())).await;
                }
                Command::Discard { sandbox } => {
                    self.discard(sandbox).await;
                    return;
                }
            }
        }
    }

    async fn start(self: &Arc<Self>, sandbox: SandboxId, name: &str, launch: &Launch) -> Result<(), String> {
        let key = (sandbox, name.to_owned());
        let log = Log::new(self.log_file(sandbox, name)).map_err(|error| format!("its log: {error}"))?;
        let log = Arc::new(Mutex::new(log));
        held(&self.logs).insert(key.clone(), Arc::clone(&log));
        let (image, tree) = self.pull(launch.source.image.clone()).await?;
        let process = container::process(&image.settings, launch);
        let keep = self.keep(tree.path.clone(), launch.hostname.clone(), Some(process.clone()));
        let container = Container::start(&keep, Some(tree), log).await.map_err(in_runtime_words)?;
        let running = Running {
            container: Arc::new(container),
            process: Arc::new(process),
            muted: CancellationToken::new(),
        };
        held(&self.running).insert(key.clone(), running.clone());
        self.tell(Event::Started { sandbox, container: name.to_owned() });
        self.tasks.spawn(Arc::clone(self).watch(key, running));
        Ok(())
    }

    /// The image and its file tree, which may have to be unpacked first.
    async fn pull(&self, reference: String) -> Result<(Image, Tree), String> {
        let image = self.image(&reference).map_err(|error| told(&error))?;
        let (store, init) = (self.store.clone(), self.options.init.clone());
        let unpacking = tokio::task::spawn_blocking(move || {
            let tree = unpack::tree(&store, &image, &init)?;
            Ok::<_, ImageError>((image, tree))
        });
        unpacking.await.map_err(|error| error.to_string())?.map_err(|error| told(&error))
    }

    /// Tells of a container's end.
    async fn watch(self: Arc<Self>, key: Key, running: Running) {
        let code = tokio::select! {
            code = running.container.ended() => code,
            // A start that a shutdown overtook.
            () = self.closing.cancelled() => {
                running.container.stop().await;
                return;
            }
        };
        let mut all = held(&self.running);
        if all.get(&key).is_some_and(|known| Arc::ptr_eq(&known.container, &running.container)) {
            all.remove(&key);
            self.put_away(&key);
        }
        drop(all);
        if !running.muted.is_cancelled() {
            let (sandbox, container) = key;
            self.tell(Event::Exited { sandbox, container, code, out_of_memory: false });
        }
    }

    /// Lets go of the log of a container that has ended, where its file tells the same.
    fn put_away(&self, key: &Key) {
        let mut logs = held(&self.logs);
        if logs.get(key).is_some_and(|log| held(log).is_kept()) {
            logs.remove(key);
        }
    }

    async fn discard(&self, sandbox: SandboxId) {
        held(&self.sandboxes).remove(&sandbox);
        let running = self.of(sandbox);
        join_all(running.iter().map(|running| {
            running.muted.cancel();
            running.container.kill()
        }))
        .await;
        held(&self.logs).retain(|(known, _), _| *known != sandbox);
        let Some(folder) = self.log_folder(sandbox) else {
            return;
        };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, folder = %folder.display(), "logs could not be deleted");
            }
            _ => {}
        }
    }

    fn of(&self, sandbox: SandboxId) -> Vec<Running> {
        let running = held(&self.running);
        running
            .iter()
            .filter(|((known, _), _)| *known == sandbox)
            .map(|(_, running)| running.clone())
            .collect()
    }

    /// The image of the store.
    pub(super) fn image(&self, reference: &str) -> Result<Image, ImageError> {
        self.store.resolve(&reference.parse()?)
    }

    /// The order for a container on this file tree.
    pub(super) fn keep(&self, tree: PathBuf, hostname: String, process: Option<Process>) -> Keep {
        let Options { images: _, scratch, logs: _, init } = &self.options;
        Keep { init: init.clone(), tree, scratch: scratch.join("container"), hostname, process }
    }

    fn log_folder(&self, sandbox: SandboxId) -> Option<PathBuf> {
        self.options.logs.as_ref().map(|logs| logs.join(sandbox.0.to_string()))
    }

    /// None where no logs are kept, or where the name could not be a file's.
    pub(super) fn log_file(&self, sandbox: SandboxId, container: &str) -> Option<PathBuf> {
        let plain = !container.is_empty() && !container.starts_with('.') && !container.contains('/');
        self.log_folder(sandbox).filter(|_| plain).map(|folder| folder.join(container))
    }

    /// Nobody may listen any more while the emulator ends.
    fn tell(&self, event: Event) {
        if !self.closing.is_cancelled() {
            let _ = self.events.send(event);
        }
    }
}

fn sandbox_of(command: &Command) -> SandboxId {
    match command {
        Command::Open { sandbox, .. }
        | Command::Pull { sandbox, .. }
        | Command::Start { sandbox, .. }
        | Command::Configure { sandbox, .. }
        | Command::Probe { sandbox, .. }
        | Command::Kill { sandbox, .. }
        | Command::Stop { sandbox }
        | Command::Discard { sandbox } => *sandbox,
    }
}

/// A failure to start as ACI's events show it.
fn in_runtime_words(reason: String) -> String {
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {reason}: unknown"
    )
}

/// An error with its sources, for people.
pub(super) fn told(error: &ImageError) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// No task panics while it holds a lock; what it left is whole.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
