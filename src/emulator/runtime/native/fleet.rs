//! The containers of all sandboxes, and the tasks that carry their commands out.
//!
//! Invariant: the commands of a sandbox are carried out one after the other, by one task a sandbox.

mod attend;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Options;
use super::container::Container;
use super::exec::Inside;
use super::limit::Limits;
use super::order::{Keep, Process};
use super::volume::Folders;
use crate::contract::{Command, Event, SandboxId};
use crate::image::{ImageError, Store};
use crate::runtime::Events;
use crate::runtime::logs::{Key, Logs, held};

/// All containers, and what the tasks of the sandboxes share.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) options: Options,
    /// All tasks; a shutdown waits for them.
    pub(super) tasks: TaskTracker,
    /// The control groups, or why there are none.
    pub(super) limits: Result<Limits, String>,
    folders: Folders,
    store: Store,
    /// Whose turn it is to fetch an image, by its name.
    pulling: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    events: Events,
    runtime: Handle,
    closing: CancellationToken,
    sandboxes: Mutex<BTreeMap<SandboxId, Sandbox>>,
    running: Mutex<BTreeMap<Key, Running>>,
    pub(super) logs: Logs,
}

/// How the task of a sandbox is reached.
#[derive(Debug)]
struct Sandbox {
    commands: mpsc::UnboundedSender<Command>,
    /// Cancelled when the sandbox is to end: nothing more is fetched for it.
    ending: CancellationToken,
}

/// A container and what an exec needs to know of it.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) container: Arc<Container>,
    pub(super) process: Arc<Process>,
    /// Its end is not told: the world has forgotten it or is about to end.
    muted: CancellationToken,
}

impl Running {
    /// Where further programs of it go.
    pub(super) fn inside(&self) -> Inside {
        Inside { pid: self.container.pid, groups: self.container.groups.clone() }
    }
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
    pub(super) fn new(
        options: Options,
        store: Store,
        folders: Folders,
        limits: Result<Limits, String>,
        events: Events,
    ) -> Self {
        let logs = Logs::new(options.logs.clone());
        Self {
            options,
            limits,
            folders,
            tasks: TaskTracker::new(),
            store,
            pulling: Mutex::default(),
            events,
            runtime: Handle::current(),
            closing: CancellationToken::new(),
            sandboxes: Mutex::default(),
            running: Mutex::default(),
            logs,
        }
    }

    /// Hands a command to the task of its sandbox.
    pub(super) fn perform(self: &Arc<Self>, command: Command) {
        if self.closing.is_cancelled() {
            return;
        }
        let mut sandboxes = held(&self.sandboxes);
        let sandbox = sandboxes.entry(command.sandbox()).or_insert_with(|| {
            let (sender, commands) = mpsc::unbounded_channel();
            let ending = self.closing.child_token();
            self.tasks.spawn_on(Arc::clone(self).attend(commands, ending.clone()), &self.runtime);
            Sandbox { commands: sender, ending }
        });
        if matches!(command, Command::Stop { .. } | Command::Discard { .. }) {
            sandbox.ending.cancel();
        }
        // The task listens until its sender is taken out of the map, which needs the lock that we hold.
        let _ = sandbox.commands.send(command);
    }

    /// A container that runs.
    pub(super) fn running(&self, sandbox: SandboxId, container: &str) -> Option<Running> {
        let running = held(&self.running).get(&(sandbox, container.to_owned())).cloned();
        running.filter(|running| running.container.runs())
    }

    /// Ends every container and every task; no event follows.
    pub(super) async fn shutdown(&self) {
        self.closing.cancel();
        held(&self.sandboxes).clear();
        let running: Vec<_> = held(&self.running).values().cloned().collect();
        join_all(running.iter().map(|running| running.container.stop())).await;
        self.tasks.close();
        self.tasks.wait().await;
        if let Ok(limits) = &self.limits {
            limits.clear();
        }
        if let Err(error) = self.folders.clear() {
            tracing::warn!(%error, "volumes could not be deleted");
        }
    }

    /// Tells of a container's end.
    async fn watch(self: Arc<Self>, key: Key, running: Running) {
        let end = tokio::select! {
            end = running.container.ended() => end,
            // A start that a shutdown overtook.
            () = self.closing.cancelled() => {
                running.container.stop().await;
                return;
            }
        };
        let mut all = held(&self.running);
        if all.get(&key).is_some_and(|known| Arc::ptr_eq(&known.container, &running.container)) {
            all.remove(&key);
            self.logs.put_away(&key);
        }
        drop(all);
        if !running.muted.is_cancelled() {
            let (sandbox, container) = key;
            // Whoever was ended may have been a child that its parent could do without.
            let out_of_memory = end.starved && end.code == 128 + 9;
            self.tell(Event::Exited { sandbox, container, code: end.code, out_of_memory });
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
        self.forget(sandbox).await;
        self.logs.forget(sandbox);
    }

    /// Deletes the folders of a sandbox, whose containers have ended.
    async fn forget(&self, sandbox: SandboxId) {
        let folders = self.folders.clone();
        match tokio::task::spawn_blocking(move || folders.discard(sandbox)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "volumes could not be deleted"),
            Err(error) => tracing::warn!(%error, "volumes could not be deleted"),
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

    /// The images.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The order for a container on this file tree.
    pub(super) fn keep(&self, tree: PathBuf, hostname: String, process: Option<Process>) -> Keep {
        let Options { images: _, scratch, logs: _, shares: _, init } = &self.options;
        let (init, scratch) = (init.clone(), scratch.join("container"));
        Keep { init, tree, scratch, hostname, mounts: Vec::new(), groups: Vec::new(), process }
    }

    /// Nobody may listen any more while the emulator ends.
    fn tell(&self, event: Event) {
        if !self.closing.is_cancelled() {
            let _ = self.events.send(event);
        }
    }
}

/// An error with its sources, for people.
pub(super) fn told(error: &ImageError) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
