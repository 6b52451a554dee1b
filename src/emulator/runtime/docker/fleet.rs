//! The containers of all sandboxes, and the tasks that carry their commands out.
//!
//! Invariant: the commands of a sandbox are carried out one after the other, by one task a sandbox; only probes, which
//! change nothing, run beside them. A discarded sandbox waits for no pull.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::container::Container;
use super::engine::Engine;
use super::images::{Missing, bring};
use super::volumes::{self, Unmounted, Volumes};
use super::{Options, order, probe};
use crate::contract::{Check, Command, Event, Fact, ImageSource, Launch, Probe, SandboxId};
use crate::image::Store;
use crate::runtime::Events;
use crate::runtime::logs::{Key, Logs, held};

/// All containers, and what the tasks of the sandboxes share.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) engine: Engine,
    /// All tasks; a shutdown waits for them.
    pub(super) tasks: TaskTracker,
    options: Options,
    store: Store,
    events: Events,
    runtime: Handle,
    closing: CancellationToken,
    /// Who brings an image into the engine.
    loading: tokio::sync::Mutex<()>,
    /// How many containers were started: each has a name of its own, as the one before may not be gone yet.
    starts: AtomicU64,
    sandboxes: Mutex<BTreeMap<SandboxId, Place>>,
    running: Mutex<BTreeMap<Key, Running>>,
    pub(super) logs: Logs,
}

/// A sandbox as those see it who command it.
#[derive(Debug)]
struct Place {
    commands: mpsc::UnboundedSender<Command>,
    /// It is to be discarded, and nothing else is worth waiting for.
    discarded: CancellationToken,
}

/// A container that was started.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) container: Arc<Container>,
    /// Its end is not told: the world has forgotten it or is about to end.
    muted: CancellationToken,
}

/// Why a container did not start.
enum Failed {
    Start(String),
    Mount(Unmounted),
}

impl Fleet {
    /// No container yet. Tasks run where this is called.
    pub(super) fn new(options: Options, engine: Engine, store: Store, events: Events) -> Self {
        let logs = Logs::new(options.logs.clone());
        Self {
            engine,
            tasks: TaskTracker::new(),
            options,
            store,
            events,
            runtime: Handle::current(),
            closing: CancellationToken::new(),
            loading: tokio::sync::Mutex::default(),
            starts: AtomicU64::new(0),
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
        let place = sandboxes.entry(command.sandbox()).or_insert_with(|| {
            let (sender, commands) = mpsc::unbounded_channel();
            let discarded = CancellationToken::new();
            self.tasks.spawn_on(Arc::clone(self).attend(commands, discarded.clone()), &self.runtime);
            Place { commands: sender, discarded }
        });
        if let Command::Discard { .. } = command {
            place.discarded.cancel();
        }
        // The task listens until its sender is taken out of the map, which needs the lock that we hold.
        let _ = place.commands.send(command);
    }

    /// Whether images can be had; the first that cannot decides.
    pub(super) async fn images_found(&self, sources: Vec<ImageSource>) -> Fact {
        for source in sources {
            if let Err(missing) = self.bring(&source).await {
                return missing.fact(source.image);
            }
        }
        Fact::ImagesFound
    }

    /// A container that runs.
    pub(super) fn running(&self, sandbox: SandboxId, container: &str) -> Option<Running> {
        let running = held(&self.running).get(&(sandbox, container.to_owned())).cloned();
        running.filter(|running| running.container.runs())
    }

    /// Ends every container and every task; no event follows.
    pub(super) async fn shutdown(&self) {
        self.closing.cancel();
        for place in std::mem::take(&mut *held(&self.sandboxes)).into_values() {
            place.discarded.cancel();
        }
        let running: Vec<_> = held(&self.running).values().cloned().collect();
        join_all(running.iter().map(|running| running.container.stop())).await;
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = self.engine.sweep().await {
            tracing::warn!(%error, "the container engine was not swept");
        }
    }

    /// Carries out the commands of one sandbox.
    async fn attend(
        self: Arc<Self>,
        mut commands: mpsc::UnboundedReceiver<Command>,
        discarded: CancellationToken,
    ) {
        let mut volumes = Volumes::default();
        while let Some(command) = commands.recv().await {
            if self.closing.is_cancelled() {
                return;
            }
            match command {
                Command::Discard { sandbox } => {
                    volumes.forget_clones();
                    self.discard(sandbox).await;
                    return;
                }
                // What nobody waits for any more.
                _ if discarded.is_cancelled() => {}
                Command::Open { sandbox, volumes: wanted } => {
                    let Options { shares, clones, .. } = &self.options;
                    volumes = Volumes::open(&self.engine, (shares, clones), sandbox, wanted).await;
                }
                Command::Pull { sandbox, container, source } => {
                    let Some(brought) = discarded.run_until_cancelled(self.bring(&source)).await else {
                        continue;
                    };
                    self.tell(match brought {
                        Ok(image) => Event::Pulled { sandbox, container, digest: image.digest },
                        Err(missing) => Event::PullFailed { sandbox, container, reason: missing.reason() },
                    });
                }
                Command::Start { sandbox, container, launch } => {
                    match self.start(sandbox, &container, &launch, &mut volumes).await {
                        Ok(()) => {}
                        Err(Failed::Start(reason)) => {
                            self.tell(Event::StartFailed { sandbox, container, reason });
                        }
                        Err(Failed::Mount(Unmounted { volume, reason })) => {
                            self.tell(Event::MountFailed { sandbox, container, volume, reason });
                        }
                    }
                }
                Command::Configure { sandbox, container, config } => {
                    if let Some(running) = self.running(sandbox, &container) {
                        let id = &running.container.id;
                        let done = volumes::reconfigure(&self.engine, id, &container, &config).await;
                        if let Err(error) = done {
                            tracing::warn!(error, "the config map of {container} was not replaced");
                        }
                    }
                }
                Command::Probe { sandbox, container, probe, check, timeout_seconds } => {
                    if let Some(running) = self.running(sandbox, &container) {
                        let limit = Duration::from_secs(timeout_seconds.max(1).into());
                        let fleet = Arc::clone(&self);
                        let looked = fleet.probe((sandbox, container), running, probe, check, limit);
                        self.tasks.spawn(looked);
                    }
                }
                Command::Kill { sandbox, container } => {
                    if let Some(running) = self.running(sandbox, &container) {
                        running.container.stop().await;
                    }
                }
                Command::Stop { sandbox } => {
                    let running = self.of(sandbox);
                    join_all(running.iter().map(|running| running.container.stop())).await;
                }
            }
        }
    }

    async fn start(
        self: &Arc<Self>,
        sandbox: SandboxId,
        name: &str,
        launch: &Launch,
        volumes: &mut Volumes,
    ) -> Result<(), Failed> {
        let key = (sandbox, name.to_owned());
        let log = self.logs.begin(&key);
        let log = log.map_err(|error| Failed::Start(format!("its log: {error}")))?;
        let image = self.bring(&launch.source).await.map_err(|missing| Failed::Start(missing.reason()))?;
        if !launch.mounts.is_empty() {
            volumes.fill(&self.engine, sandbox, &image.name).await;
        }
        let mounts = volumes.mounts(&launch.mounts).map_err(Failed::Mount)?;
        let labels = self.engine.labels(sandbox);
        let body = order::container(&self.engine, &image.name, launch, mounts, labels, &image.user);
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let unique = self.engine.name_of(sandbox, &format!("{name}-{number}"));
        let started =
            Container::start(&self.engine, &self.tasks, (&unique, name), body, &launch.config, log).await;
        let container = started.map_err(|reason| match volumes.refused(&reason) {
            Some(volume) => Failed::Mount(Unmounted { volume, reason }),
            None => Failed::Start(reason),
        })?;
        let running = Running { container: Arc::new(container), muted: CancellationToken::new() };
        held(&self.running).insert(key.clone(), running.clone());
        self.tell(Event::Started { sandbox, container: name.to_owned() });
        self.tasks.spawn(Arc::clone(self).watch(key, running));
        Ok(())
    }

    async fn bring(&self, source: &ImageSource) -> Result<super::images::Found, Missing> {
        bring(&self.engine, &self.store, &self.loading, source).await
    }

    /// Looks into a container and tells what was seen, unless it ends before.
    async fn probe(
        self: Arc<Self>,
        (sandbox, container): Key,
        running: Running,
        probe: Probe,
        check: Check,
        limit: Duration,
    ) {
        let unwell = tokio::select! {
            unwell = probe::look(&self.engine, &running.container.id, check, limit) => unwell,
            _ = running.container.ended() => return,
            () = self.closing.cancelled() => return,
        };
        if running.container.runs() && !running.muted.is_cancelled() {
            self.tell(Event::Probed { sandbox, container, probe, unwell });
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
            let (code, out_of_memory) = (end.code, end.out_of_memory);
            self.tell(Event::Exited { sandbox, container, code, out_of_memory });
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
        if let Err(error) = self.engine.sweep_sandbox(sandbox).await {
            tracing::warn!(%error, "the volumes of a sandbox could not be removed");
        }
        self.logs.forget(sandbox);
    }

    fn of(&self, sandbox: SandboxId) -> Vec<Running> {
        let running = held(&self.running);
        running
            .iter()
            .filter(|((known, _), _)| *known == sandbox)
            .map(|(_, running)| running.clone())
            .collect()
    }

    /// Nobody may listen any more while the emulator ends.
    fn tell(&self, event: Event) {
        if !self.closing.is_cancelled() {
            let _ = self.events.send(event);
        }
    }
}
