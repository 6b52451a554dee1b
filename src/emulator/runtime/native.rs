//! The native runtime: real containers on Linux, with nothing to install.
//!
//! Each container is two processes of our own program (`stage`), which [`init_verb`] runs; everything on this side is
//! ordinary asynchronous code that starts them and listens. Containers share the machine's network, and with it the ports
//! of its loopback address. Limits of CPU and memory are carried out where the machine has control groups for us (`limit`);
//! where not, [`Native::unlimited`] says why. What a container writes beside its volumes lies in memory and counts as its own.

mod container;
mod exec;
mod fleet;
mod keeper;
mod limit;
mod order;
mod probe;
mod signals;
mod stage;
mod volume;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use self::container::Container;
use self::fleet::{Fleet, told};
use self::limit::Limits;
use self::order::Process;
pub use self::stage::init_verb;
use self::volume::Folders;
use crate::contract::{Command, ExecSession, Fact, LogLine, Question, SandboxId};
use crate::image::{self, ImageError, Store, find, registry};
use crate::runtime::logs::SharedLog;
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
    /// Where the folders behind file shares are kept, `<account>/<share>` each.
    pub shares: PathBuf,
    /// A program whose `main` calls [`init_verb`] before anything else; usually our own.
    pub init: PathBuf,
}

/// The native runtime.
#[derive(Clone, Debug)]
pub struct Native {
    fleet: Arc<Fleet>,
    recovered: Vec<String>,
}

impl Native {
    /// A runtime that tells its events over the channel. To be called within a tokio runtime, which carries its tasks.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn new(options: Options, events: Events) -> Result<Self, ImageError> {
        signals::give_back();
        // The stages change their working directory, and so need whole paths.
        let whole = |path: PathBuf| std::path::absolute(&path).map_err(image::at(&path));
        let Options { images, scratch, logs, shares, init } = options;
        let (images, scratch, init) = (whole(images)?, whole(scratch)?, whole(init)?);
        let options = Options { images, scratch, logs, shares: whole(shares)?, init };
        let store = Store::open(&options.images)?;
        let mount_point = options.scratch.join("container");
        fs::create_dir_all(&mount_point).map_err(image::at(&mount_point))?;
        let groups = limit::recover(&options.scratch);
        let opened = Folders::open(&options.scratch, &options.shares);
        let (folders, sandboxes) = opened.map_err(image::at(&options.scratch))?;
        let downloads = registry::recover(&store);
        let limits = Limits::new(&options.scratch);
        let fleet = Arc::new(Fleet::new(options, store, folders, limits, events));
        let left = [
            (groups, "control groups of containers"),
            (sandboxes, "folders of container groups"),
            (downloads, "downloads of images"),
        ];
        let left = left.iter().filter(|(count, _)| *count > 0);
        let recovered =
            left.map(|(count, what)| format!("{count} {what} were left and are removed")).collect();
        Ok(Self { fleet, recovered })
    }

    /// Why containers run without limits of CPU and memory; none: they have them.
    pub fn unlimited(&self) -> Option<&str> {
        self.fleet.limits.as_ref().err().map(String::as_str)
    }

    /// What an earlier emulator had left of its containers, for people.
    pub fn recovered(&self) -> &[String] {
        &self.recovered
    }

    /// Builds a container up and takes it down again, without a program in it.
    ///
    /// # Errors
    /// Why native containers cannot run here, for people.
    pub async fn probe(&self) -> Result<(), String> {
        let tree = self.fleet.options.scratch.join("probe");
        fs::create_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
        let keep = self.fleet.keep(tree, "probe".to_owned(), None);
        let started = Container::start(&keep, None, SharedLog::default()).await;
        started.map_err(|failure| failure.reason)?.ended().await;
        Ok(())
    }

    pub(crate) fn perform(&self, command: Command) {
        self.fleet.perform(command);
    }

    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Images(sources) = question;
        for source in sources {
            let Err(error) = find::look(self.fleet.store(), &source).await else {
                continue;
            };
            let reason = told(&error);
            // The service's messages have no place for the reason.
            tracing::warn!(image = source.image, reason, "an image cannot be had");
            return match error {
                ImageError::Registry { server, .. } => Fact::RegistryFailed { server, reason },
                // A registry that cannot be reached from here gives no answer, not even of an error.
                _ => Fact::ImageMissing { image: source.image, reason },
            };
        }
        Fact::ImagesFound
    }

    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        self.fleet.logs.lines(&(sandbox, container.to_owned()))
    }

    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        let ExecSession { password: _, sandbox, container, argv, rows, cols } = session;
        let Some(running) = self.fleet.running(*sandbox, container) else {
            return Err(format!("cannot exec in a stopped container: {container} is not running"));
        };
        let mut process = Process { argv: argv.clone(), ..(*running.process).clone() };
        process.environment.push(("TERM".to_owned(), "xterm".to_owned()));
        let (tasks, init) = (&self.fleet.tasks, &self.fleet.options.init);
        exec::exec(tasks, init, running.inside(), process, *rows, *cols).await
    }

    pub(crate) async fn shutdown(&self) {
        self.fleet.shutdown().await;
    }
}
