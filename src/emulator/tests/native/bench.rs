//! A native runtime in a folder of its own, with one image in its store.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::Duration;

use acitask_emulator::contract::{Command, Event, ExecSession, Launch, SandboxId};
use acitask_emulator::image::{Build, Settings, Store};
use acitask_emulator::runtime::native::{Native, Options};
use acitask_emulator::runtime::{ExecStream, Runtime};
use tokio::sync::mpsc;

type Error = Box<dyn std::error::Error>;

/// The image that every bench has.
pub(crate) const IMAGE: &str = "test/shell:1";
/// The sandbox that most tests use.
pub(crate) const SANDBOX: SandboxId = SandboxId(1);
/// The programs of the image, beside the shell.
const PROGRAMS: [&str; 6] = ["cat", "ls", "setpriv", "sleep", "stty", "tty"];

/// A runtime, its events and its folder.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    folder: PathBuf,
    unlimited: Option<String>,
    _own: Option<tempfile::TempDir>,
}

impl Bench {
    /// A bench whose image has these settings.
    pub(crate) async fn with(settings: Settings) -> Result<Self, Error> {
        let own = tempfile::tempdir()?;
        // A name of its own, by which the processes of this bench can be told from others.
        let init = own.path().join("init");
        symlink(env!("CARGO_BIN_EXE_acitask-emulator-init"), &init)?;
        let mut bench = Self::at(own.path(), &init, settings).await?;
        bench._own = Some(own);
        Ok(bench)
    }

    /// A bench in a folder that stays.
    pub(crate) async fn at(folder: &Path, init: &Path, settings: Settings) -> Result<Self, Error> {
        let archive = folder.join("image.tar");
        shell_image(settings)?.write(&IMAGE.parse()?, &archive)?;
        Store::open(folder.join("images"))?.load(&archive)?;
        let (sender, events) = mpsc::unbounded_channel();
        let options = Options {
            images: folder.join("images"),
            scratch: folder.join("scratch"),
            logs: Some(folder.join("logs")),
            shares: folder.join("shares"),
            init: init.to_path_buf(),
        };
        let native = Native::new(options, sender)?;
        native.probe().await?;
        let unlimited = native.unlimited().map(str::to_owned);
        let runtime = Runtime::Native(native);
        Ok(Self { runtime, events, folder: folder.to_path_buf(), unlimited, _own: None })
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why containers have no limits here.
    pub(crate) fn unlimited(&self) -> Option<&str> {
        self.unlimited.as_deref()
    }

    /// Starts the container `main` of a sandbox.
    pub(crate) fn start(&self, sandbox: SandboxId, launch: Launch) {
        let container = "main".to_owned();
        self.runtime.perform(Command::Start { sandbox, container, launch });
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Result<Event, Error> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await;
        next.map_err(|_| "no event came")?.ok_or_else(|| "the events ended".into())
    }

    /// Starts a container and waits until it runs.
    pub(crate) async fn started(&mut self, launch: Launch) -> Result<(), Error> {
        self.start(SANDBOX, launch);
        match self.event().await? {
            Event::Started { .. } => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// The exit code, once the container has ended.
    pub(crate) async fn exited(&mut self) -> Result<i32, Error> {
        match self.event().await? {
            Event::Exited { code, .. } => Ok(code),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// Runs a container to its end.
    pub(crate) async fn run(&mut self, launch: Launch) -> Result<(i32, Vec<String>), Error> {
        self.started(launch).await?;
        Ok((self.exited().await?, self.lines().await))
    }

    /// The log.
    pub(crate) async fn lines(&self) -> Vec<String> {
        let lines = self.runtime.logs(SANDBOX, "main").await;
        lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }

    /// Waits until the log has so many lines.
    pub(crate) async fn said(&self, count: usize) -> Result<Vec<String>, Error> {
        eventually(|| async { Some(self.lines().await).filter(|lines| lines.len() >= count) }).await
    }

    /// An exec on a terminal of 33 rows and 101 columns.
    pub(crate) async fn exec(&self, argv: &[&str]) -> Result<ExecStream, String> {
        let argv = argv.iter().map(|argument| (*argument).to_owned()).collect();
        let (container, password) = ("main".to_owned(), String::new());
        let session = ExecSession { password, sandbox: SANDBOX, container, argv, rows: 33, cols: 101 };
        self.runtime.exec(&session).await
    }
}

/// A launch of a shell script.
pub(crate) fn script(text: &str) -> Launch {
    launch(&["/bin/sh", "-c", text])
}

/// A launch of a shell script by root that then becomes user 1000, which makes the kernel forget a parent-death signal.
pub(crate) fn demoted(text: &str) -> Launch {
    launch(&["setpriv", "--reuid", "1000", "--clear-groups", "/bin/sh", "-c", text])
}

/// A launch of a command.
pub(crate) fn launch(command: &[&str]) -> Launch {
    Launch {
        source: IMAGE.into(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environment: vec![("A".into(), "from the group".into())],
        hostname: "task-1".into(),
        ..Launch::default()
    }
}

/// Looks until there is something to see; the time-out is only for the case that there never is.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> Result<T, Error> {
    for _ in 0..1_000 {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("it did not come about within ten seconds".into())
}

/// An image of the machine's shell, a few programs and the libraries that they need.
pub(crate) fn shell_image(settings: Settings) -> Result<Build, Error> {
    let mut build = Build { settings, ..Build::default() };
    build = build.file("/etc/data", 0o644, b"data\n".to_vec());
    for name in ["sh"].iter().chain(&PROGRAMS) {
        let program = found(name)?;
        build = build.file(Path::new("/bin").join(name), 0o755, fs::read(&program)?);
        for library in libraries(&program)? {
            let bytes = fs::read(&library)?;
            build = build.file(library, 0o755, bytes);
        }
    }
    Ok(build)
}

/// Where this machine has the program.
fn found(name: &str) -> Result<PathBuf, Error> {
    let folders = ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"].iter().map(Path::new);
    let file = folders.map(|folder| folder.join(name)).find(|file| file.exists());
    file.ok_or_else(|| format!("this machine has no {name}, which the tests' image needs").into())
}

/// The libraries that `ldd` names; none where the program is linked statically.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, Error> {
    let output = Program::new("ldd").arg(program).output()?;
    let text = String::from_utf8(output.stdout)?;
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(text.lines().filter(|line| line.contains("(0x")).filter_map(path).collect())
}
