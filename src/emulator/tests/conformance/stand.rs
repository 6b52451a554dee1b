//! A runtime under test, and the sandbox that a row of the suite has for itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acitask_emulator::clock::Clock;
use acitask_emulator::contract::{
    Check, Command, Event, ExecSession, Launch, LogLine, Probe, SandboxId, Volume,
};
use acitask_emulator::runtime::docker::{self, Docker};
use acitask_emulator::runtime::native::{self, Native};
use acitask_emulator::runtime::simulated::Simulated;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;
use acitask_emulator::runtime::{ExecStream, Runtime};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::image::{self, SHELL};
use crate::{Error, Outcome};

/// The image of the simulated runtime, which does what the row says.
pub(crate) const SIMULATED: &str = "simulated/row";
/// How long an event may take: engines are slow where many things run at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// A runtime under test.
pub(crate) struct Stand {
    pub(crate) runtime: Runtime,
    pub(crate) sandbox: SandboxId,
    /// What the container `main` runs in this row.
    pub(crate) script: &'static str,
    pub(crate) tells_out_of_memory: bool,
    /// Why containers may have as much memory as the machine has.
    pub(crate) unlimited: Option<String>,
    image: &'static str,
    events: mpsc::UnboundedReceiver<Event>,
    folder: PathBuf,
    _own: tempfile::TempDir,
}

impl Stand {
    /// Nothing runs but what the row says.
    pub(crate) fn simulated(behaviour: Behaviour) -> Result<Self, Error> {
        let given = BTreeMap::from([(SIMULATED.to_owned(), behaviour)]);
        let (sender, events) = mpsc::unbounded_channel();
        let runtime = Simulated::new(given, Clock::starting_at(Timestamp::now()), sender);
        let own = tempfile::tempdir()?;
        Ok(Self::of(Runtime::Simulated(runtime), SIMULATED, true, events, own))
    }

    /// Real containers by namespaces; why not, where this machine has none.
    pub(crate) async fn native() -> Result<Result<Self, String>, Error> {
        let own = tempfile::tempdir()?;
        image::load(own.path())?;
        let (sender, events) = mpsc::unbounded_channel();
        let options = native::Options {
            images: own.path().join("images"),
            scratch: own.path().join("scratch"),
            logs: Some(own.path().join("logs")),
            shares: own.path().join("shares"),
            init: env!("CARGO_BIN_EXE_acitask-emulator-init").into(),
        };
        let native = Native::new(options, sender)?;
        if let Err(reason) = native.probe().await {
            return Ok(Err(reason));
        }
        let unlimited = native.unlimited().map(str::to_owned);
        Ok(Ok(Self { unlimited, ..Self::of(Runtime::Native(native), SHELL, true, events, own) }))
    }

    /// Containers of an engine; why not, where none answers.
    pub(crate) async fn docker(owner: &str) -> Result<Result<Self, String>, Error> {
        let own = tempfile::tempdir()?;
        image::load(own.path())?;
        let (sender, events) = mpsc::unbounded_channel();
        match Docker::open(options(own.path(), owner), sender).await {
            Ok(docker) => {
                crate::say(&format!("docker: {}", docker.engine()));
                let tells = docker.tells_out_of_memory();
                Ok(Ok(Self::of(Runtime::Docker(docker), SHELL, tells, events, own)))
            }
            Err(docker::OpenError::Engine(reason)) => Ok(Err(reason.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    fn of(
        runtime: Runtime,
        image: &'static str,
        tells_out_of_memory: bool,
        events: mpsc::UnboundedReceiver<Event>,
        own: tempfile::TempDir,
    ) -> Self {
        let folder = own.path().to_owned();
        let (sandbox, script) = (SandboxId(0), "");
        Self {
            runtime,
            sandbox,
            script,
            tells_out_of_memory,
            unlimited: None,
            image,
            events,
            folder,
            _own: own,
        }
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Goes on with another sandbox.
    pub(crate) fn next(&mut self) {
        self.sandbox.0 += 1;
    }

    /// Makes the sandbox.
    pub(crate) fn open(&self, volumes: Vec<Volume>) {
        self.runtime.perform(Command::Open { sandbox: self.sandbox, volumes });
    }

    /// The image of this runtime for rows that any image does for.
    pub(crate) fn image(&self) -> &'static str {
        self.image
    }

    /// The launch of the row's script.
    pub(crate) fn main(&self) -> Launch {
        self.launch(self.script)
    }

    /// A launch of a script.
    pub(crate) fn launch(&self, script: &str) -> Launch {
        Launch { source: self.image.into(), ..launch(script) }
    }

    /// Starts a container and waits until it runs.
    pub(crate) async fn started(&mut self, container: &str, launch: Launch) -> Outcome {
        self.start(container, launch);
        match self.event().await? {
            Event::Started { container: found, .. } if found == container => Ok(()),
            other => Err(format!("started: {other:?}").into()),
        }
    }

    /// Starts a container.
    pub(crate) fn start(&self, container: &str, launch: Launch) {
        let (sandbox, container) = (self.sandbox, container.to_owned());
        self.runtime.perform(Command::Start { sandbox, container, launch });
    }

    /// The next event of the row's sandbox.
    pub(crate) async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.events.recv()).await;
            let event = next.map_err(|_| "no event came")?.ok_or("the events ended")?;
            if sandbox_of(&event) == self.sandbox {
                return Ok(event);
            }
        }
    }

    /// No event of the row's sandbox comes for this long.
    pub(crate) async fn silence(&mut self, time: Duration) -> Outcome {
        let sandbox = self.sandbox;
        let listening = async {
            while let Some(event) = self.events.recv().await {
                if sandbox_of(&event) == sandbox {
                    return Err(format!("{event:?} was told").into());
                }
            }
            Ok(())
        };
        tokio::time::timeout(time, listening).await.unwrap_or(Ok(()))
    }

    /// Which container ended, its exit code, and whether it wanted too much memory.
    pub(crate) async fn exited(&mut self) -> Result<(String, i32, bool), Error> {
        match self.event().await? {
            Event::Exited { container, code, out_of_memory, .. } => Ok((container, code, out_of_memory)),
            other => Err(format!("exited: {other:?}").into()),
        }
    }

    /// Runs the container `main` to its end: its exit code and what it said.
    pub(crate) async fn run(&mut self, launch: Launch) -> Result<(i32, Vec<String>), Error> {
        self.started("main", launch).await?;
        let (_, code, _) = self.exited().await?;
        Ok((code, self.said("main").await))
    }

    /// The lines of a log.
    pub(crate) async fn lines(&self, container: &str) -> Vec<LogLine> {
        self.runtime.logs(self.sandbox, container).await
    }

    /// The texts of a log.
    pub(crate) async fn said(&self, container: &str) -> Vec<String> {
        let lines = self.lines(container).await;
        lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }

    /// Waits until a log has this line.
    pub(crate) async fn heard(&self, container: &str, line: &str) -> Outcome {
        for _ in 0..1_500 {
            if self.said(container).await.iter().any(|said| said == line) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("{container} never said {line:?}: {:?}", self.said(container).await).into())
    }

    /// A program on a terminal of 33 rows and 101 columns of the container `main`.
    pub(crate) async fn exec(&self, argv: &[&str]) -> Result<ExecStream, String> {
        let argv = argv.iter().map(|argument| (*argument).to_owned()).collect();
        let (container, password) = ("main".to_owned(), String::new());
        let session = ExecSession { password, sandbox: self.sandbox, container, argv, rows: 33, cols: 101 };
        self.runtime.exec(&session).await
    }

    /// What a probe of the container `main` finds.
    pub(crate) async fn probed(&mut self, check: Check, seconds: u32) -> Result<Option<String>, Error> {
        self.runtime.perform(Command::Probe {
            sandbox: self.sandbox,
            container: "main".to_owned(),
            probe: Probe::Liveness,
            check,
            timeout_seconds: seconds,
        });
        match self.event().await? {
            Event::Probed { unwell, .. } => Ok(unwell),
            other => Err(format!("probed: {other:?}").into()),
        }
    }

    /// Ends the containers of the sandbox at once.
    pub(crate) fn discard(&self) {
        self.runtime.perform(Command::Discard { sandbox: self.sandbox });
    }
}

/// What the docker runtime of a stand is made with.
pub(crate) fn options(folder: &Path, owner: &str) -> docker::Options {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let usual = || docker::usual_addresses(std::env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new));
    docker::Options {
        addresses: host.map_or_else(usual, |host| vec![host]),
        images: folder.join("images"),
        logs: Some(folder.join("logs")),
        shares: folder.join("shares"),
        clones: folder.join("clones"),
        owner: owner.to_owned(),
    }
}

/// A launch of a script in the suite's image.
pub(crate) fn launch(script: &str) -> Launch {
    Launch {
        source: SHELL.into(),
        command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        hostname: "task-1".into(),
        ..Launch::default()
    }
}

fn sandbox_of(event: &Event) -> SandboxId {
    match event {
        Event::Pulled { sandbox, .. }
        | Event::PullFailed { sandbox, .. }
        | Event::Started { sandbox, .. }
        | Event::StartFailed { sandbox, .. }
        | Event::MountFailed { sandbox, .. }
        | Event::Probed { sandbox, .. }
        | Event::Exited { sandbox, .. } => *sandbox,
    }
}
