//! The native runtime: real containers on Linux, with nothing to install.
//!
//! Each container is two processes of our own program (see [`stage`](self::stage)), which [`init_verb`] runs; everything on this side is
//! ordinary asynchronous code that starts them and listens. Containers share the machine's network. Not carried out: limits of
//! CPU and memory.
//!
//! Invariant: the commands of a sandbox are carried out one after the other, by one task a sandbox.

mod container;
mod exec;
mod keeper;
mod log;
mod order;
mod stage;

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

use self::container::{Container, SharedLog};
use self::log::Log;
use self::order::{Keep, Process};
pub use self::stage::init_verb;
use crate::contract::{Command, Event, ExecSession, Fact, Launch, LogLine, Question, SandboxId};
use crate::image::{self, Image, ImageError, Store, unpack};
use crate::runtime::{Events, ExecStream};

/// What the native runtime needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the image store.
    pub images: PathBuf,
    /// A folder of the emulator's own for what only lives as long as it does.
    pub scratch: PathBuf,
    /// Where logs are kept, one file a container; none: in memory only.
    pub logs: Option<PathBuf>,
    /// A program whose `main` calls [`init_verb`] before anything else; usually our own.
    pub init: PathBuf,
}

/// The native runtime.
#[derive(Clone, Debug)]
pub struct Native {
    house: Arc<House>,
}

/// A container of a sandbox.
type Key = (SandboxId, String);

/// What the tasks of all sandboxes share.
#[derive(Debug)]
struct House {
    options: Options,
    store: Store,
    events: Events,
    runtime: Handle,
    tasks: TaskTracker,
    closing: CancellationToken,
    sandboxes: Mutex<BTreeMap<SandboxId, mpsc::UnboundedSender<Command>>>,
    running: Mutex<BTreeMap<Key, Running>>,
    logs: Mutex<BTreeMap<Key, SharedLog>>,
}

/// A container and what an exec needs to know of it.
#[derive(Clone)]
struct Running {
    container: Arc<Container>,
    process: Arc<Process>,
    /// Its end is not told: the world has forgotten it or is about to end.
    muted: CancellationToken,
}

impl std::fmt::Debug for Running {
    /// Without the process, whose environment may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            container,
            process: _,
            muted,
        } = self;
        f.debug_tuple("Running")
            .field(container)
            .field(muted)
            .finish()
    }
}

impl Native {
    /// A runtime that tells its events over the channel. To be called within a tokio runtime, which carries its tasks.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn new(options: Options, events: Events) -> Result<Self, ImageError> {
        let store = Store::open(&options.images)?;
        let mount_point = options.scratch.join("container");
        fs::create_dir_all(&mount_point).map_err(image::at(&mount_point))?;
        let house = House {
            options,
            store,
            events,
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            sandboxes: Mutex::default(),
            running: Mutex::default(),
            logs: Mutex::default(),
        };
        Ok(Self {
            house: Arc::new(house),
        })
    }

    /// Builds a container up and takes it down again, without a program in it.
    ///
    /// # Errors
    /// Why native containers cannot run here, for people.
    pub async fn probe(&self) -> Result<(), String> {
        let tree = self.house.options.scratch.join("probe");
        fs::create_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
        let keep = self.house.keep(tree, "probe".to_owned(), None);
        Container::start(&keep, None, SharedLog::default())
            .await?
            .ended()
            .await;
        Ok(())
    }

    pub(crate) fn perform(&self, command: Command) {
        let house = &self.house;
        if house.closing.is_cancelled() {
            return;
        }
        let sandbox = sandbox_of(&command);
        let mut sandboxes = held(&house.sandboxes);
        let commands = sandboxes.entry(sandbox).or_insert_with(|| {
            let (sender, commands) = mpsc::unbounded_channel();
            house
                .tasks
                .spawn_on(Arc::clone(house).attend(commands), &house.runtime);
            sender
        });
        // The task listens until its sender is taken out of the map, which needs the lock that we hold.
        let _ = commands.send(command);
    }

    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Image(reference) = question;
        match self.house.image(reference).await {
            Ok(image) => Fact::ImageFound {
                digest: image.digest,
            },
            Err(error) => Fact::ImageMissing {
                reason: told(&error),
            },
        }
    }

    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        let log = held(&self.house.logs)
            .get(&(sandbox, container.to_owned()))
            .cloned();
        if let Some(log) = log {
            return held(&log).lines();
        }
        let Some(path) = self.house.log_file(sandbox, container) else {
            return Vec::new();
        };
        let read = tokio::task::spawn_blocking(move || log::read(&path)).await;
        read.map_err(io::Error::other)
            .flatten()
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "a log file could not be read");
                Vec::new()
            })
    }

    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        let ExecSession {
            password: _,
            sandbox,
            container,
            argv,
            rows,
            cols,
        } = session;
        let running = held(&self.house.running)
            .get(&(*sandbox, container.clone()))
            .cloned();
        let Some(running) = running.filter(|running| running.container.runs()) else {
            return Err(format!(
                "cannot exec in a stopped container: {container} is not running"
            ));
        };
        let mut process = Process {
            argv: argv.clone(),
            ..(*running.process).clone()
        };
        process
            .environment
            .push(("TERM".to_owned(), "xterm".to_owned()));
        let init = &self.house.options.init;
        exec::exec(
            &self.house.tasks,
            init,
            running.container.pid,
            process,
            *rows,
            *cols,
        )
        .await
    }

    pub(crate) async fn shutdown(&self) {
        let house = &self.house;
        house.closing.cancel();
        held(&house.sandboxes).clear();
        let running: Vec<_> = held(&house.running).values().cloned().collect();
        join_all(running.iter().map(|running| {
            running.muted.cancel();
            running.container.stop()
        }))
        .await;
        house.tasks.close();
        house.tasks.wait().await;
    }
}

impl House {
    /// Carries out the commands of one sandbox.
    async fn attend(self: Arc<Self>, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            if self.closing.is_cancelled() {
                return;
            }
            match command {
                Command::Pull {
                    sandbox,
                    container,
                    image,
                } => {
                    let event = match self.image(image).await {
                        Ok(image) => Event::Pulled {
                            sandbox,
                            container,
                            digest: image.digest,
                        },
                        Err(error) => Event::PullFailed {
                            sandbox,
                            container,
                            reason: told(&error),
                        },
                    };
                    self.tell(event);
                }
                Command::Start {
                    sandbox,
                    container,
                    launch,
                } => {
                    if let Err(reason) = self.start(sandbox, &container, &launch).await {
                        self.tell(Event::StartFailed {
                            sandbox,
                            container,
                            reason,
                        });
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

    async fn start(
        self: &Arc<Self>,
        sandbox: SandboxId,
        name: &str,
        launch: &Launch,
    ) -> Result<(), String> {
        let key = (sandbox, name.to_owned());
        let log =
            Log::new(self.log_file(sandbox, name)).map_err(|error| format!("its log: {error}"))?;
        let log = Arc::new(Mutex::new(log));
        held(&self.logs).insert(key.clone(), Arc::clone(&log));
        let image = self
            .image(launch.image.clone())
            .await
            .map_err(|error| told(&error))?;
        let process = container::process(&image.settings, launch);
        let (store, init) = (self.store.clone(), self.options.init.clone());
        let unpacking = tokio::task::spawn_blocking(move || unpack::tree(&store, &image, &init));
        let tree = unpacking
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| told(&error))?;
        let keep = self.keep(
            tree.path.clone(),
            launch.hostname.clone(),
            Some(process.clone()),
        );
        let container = Container::start(&keep, Some(tree), log)
            .await
            .map_err(in_runtime_words)?;
        let running = Running {
            container: Arc::new(container),
            process: Arc::new(process),
            muted: CancellationToken::new(),
        };
        held(&self.running).insert(key.clone(), running.clone());
        self.tell(Event::Started {
            sandbox,
            container: name.to_owned(),
        });
        self.tasks.spawn(Arc::clone(self).watch(key, running));
        Ok(())
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
        if all
            .get(&key)
            .is_some_and(|known| Arc::ptr_eq(&known.container, &running.container))
        {
            all.remove(&key);
        }
        drop(all);
        if !running.muted.is_cancelled() {
            let (sandbox, container) = key;
            self.tell(Event::Exited {
                sandbox,
                container,
                code,
            });
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

    async fn image(&self, reference: String) -> Result<Image, ImageError> {
        self.store.resolve(&reference.parse()?)
    }

    fn keep(&self, tree: PathBuf, hostname: String, process: Option<Process>) -> Keep {
        let Options {
            images: _,
            scratch,
            logs: _,
            init,
        } = &self.options;
        Keep {
            init: init.clone(),
            tree,
            scratch: scratch.join("container"),
            hostname,
            process,
        }
    }

    fn log_folder(&self, sandbox: SandboxId) -> Option<PathBuf> {
        self.options
            .logs
            .as_ref()
            .map(|logs| logs.join(sandbox.0.to_string()))
    }

    /// None where no logs are kept, or where the name could not be a file's.
    fn log_file(&self, sandbox: SandboxId, container: &str) -> Option<PathBuf> {
        let plain =
            !container.is_empty() && !container.starts_with('.') && !container.contains('/');
        self.log_folder(sandbox)
            .filter(|_| plain)
            .map(|folder| folder.join(container))
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
        Command::Pull {
            sandbox,
            container: _,
            image: _,
        }
        | Command::Start {
            sandbox,
            container: _,
            launch: _,
        }
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
fn told(error: &ImageError) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(error.to_string(), |text, source| {
        format!("{text}: {source}")
    })
}

/// No task panics while it holds a lock; what it left is whole.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
