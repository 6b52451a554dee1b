//! The native runtime: real containers on Linux, with nothing to install.
//!
//! Each container is two processes of our own program (`stage`), which [`init_verb`] runs; everything on this side is
//! ordinary asynchronous code that starts them and listens. Containers share the machine's network. Not carried out: limits of
//! CPU and memory.

mod container;
mod exec;
mod fleet;
mod keeper;
mod log;
mod order;
mod stage;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use self::container::{Container, SharedLog};
use self::fleet::{Fleet, held, told};
use self::order::Process;
pub use self::stage::init_verb;
use crate::contract::{Command, ExecSession, Fact, LogLine, Question, SandboxId};
use crate::image::{self, ImageError, Store};
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
    fleet: Arc<Fleet>,
}

impl Native {
    /// A runtime that tells its events over the channel. To be called within a tokio runtime, which carries its tasks.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn new(options: Options, events: Events) -> Result<Self, ImageError> {
        // The stages change their working directory, and so need whole paths.
        let whole = |path: PathBuf| std::path::absolute(&path).map_err(image::at(&path));
        let Options { images, scratch, logs, init } = options;
        let (images, scratch, init) = (whole(images)?, whole(scratch)?, whole(init)?);
        let options = Options { images, scratch, logs, init };
        let store = Store::open(&options.images)?;
        let mount_point = options.scratch.join("container");
        fs::create_dir_all(&mount_point).map_err(image::at(&mount_point))?;
        Ok(Self { fleet: Arc::new(Fleet::new(options, store, events)) })
    }

    /// Builds a container up and takes it down again, without a program in it.
    ///
    /// # Errors
    /// Why native containers cannot run here, for people.
    pub async fn probe(&self) -> Result<(), String> {
        let tree = self.fleet.options.scratch.join("probe");
        fs::create_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
        let keep = self.fleet.keep(tree, "probe".to_owned(), None);
        Container::start(&keep, None, SharedLog::default()).await?.ended().await;
        Ok(())
    }

    pub(crate) fn perform(&self, command: Command) {
        self.fleet.perform(command);
    }

    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Images(sources) = question;
        for source in sources {
            if let Err(error) = self.fleet.image(&source.image) {
                return Fact::ImageMissing { image: source.image, reason: told(&error) };
            }
        }
        Fact::ImagesFound
    }

    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        if let Some(log) = self.fleet.log(sandbox, container) {
            return held(&log).lines();
        }
        let Some(path) = self.fleet.log_file(sandbox, container) else {
            return Vec::new();
        };
        log::read(&path).unwrap_or_else(|error| {
            tracing::warn!(%error, "a log file could not be read");
            Vec::new()
        })
    }

    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        let ExecSession { password: _, sandbox, container, argv, rows, cols } = session;
        let Some(running) = self.fleet.running(*sandbox, container) else {
            return Err(format!("cannot exec in a stopped container: {container} is not running"));
        };
        let mut process = Process { argv: argv.clone(), ..(*running.process).clone() };
        process.environment.push(("TERM".to_owned(), "xterm".to_owned()));
        let (tasks, init) = (&self.fleet.tasks, &self.fleet.options.init);
        exec::exec(tasks, init, running.container.pid, process, *rows, *cols).await
    }

    pub(crate) async fn shutdown(&self) {
        self.fleet.shutdown().await;
    }
}
