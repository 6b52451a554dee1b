//! A program for the tests of this package: the hidden verbs of the native runtime, which the `acitask` binary has too,
//! `drive`, which runs containers as its standard input says, and `serve`, which serves a state folder with the
//! simulated runtime.
//!
//! They are processes of their own because some tests kill them and others run them as another user.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acitask_emulator::contract::{
    Check, Command, Content, Event, ExecSession, Launch, Mount, Probe, SandboxId, Volume,
};
use acitask_emulator::home::Home;
use acitask_emulator::image::Store;
use acitask_emulator::runtime::native::{Native, Options, init_verb};
use acitask_emulator::runtime::{ExecStream, Runtime};
use acitask_emulator::serve::{Sockets, serve};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SANDBOX: SandboxId = SandboxId(1);
const CONTAINER: &str = "main";

/// What one line of the standard input asks for, as JSON; each is answered by one line or more.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// Takes the images of an archive in.
    Load(PathBuf),
    /// Starts an image with a command, and tells what came of it.
    Start(String, Vec<String>),
    /// Looks into the container with a command, and tells what it found.
    Probe(Vec<String>),
    /// Waits for the end, and tells it and the log.
    Wait,
    /// Runs a command on a terminal of the container, and tells what it showed.
    Exec(Vec<String>),
    /// Begins a command on a terminal and holds it open.
    Hold(Vec<String>),
}

fn main() -> ExitCode {
    if let Some(code) = init_verb(std::env::args_os()) {
        return code;
    }
    let mut arguments = std::env::args_os().skip(1);
    let driven = match (arguments.next(), arguments.next()) {
        (Some(verb), Some(folder)) if verb == "drive" => drive(Path::new(&folder)),
        (Some(verb), Some(folder)) if verb == "serve" => served(Path::new(&folder)),
        _ => Err("drive FOLDER, or serve FOLDER".into()),
    };
    let told = driven.map_err(|error| tell(&format!("refused: {error}")));
    told.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn tell(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Carries orders out until there are no more; then nothing is left of the containers.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn drive(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let options = Options {
        images: folder.join("images"),
        scratch: folder.join("scratch"),
        logs: Some(folder.join("logs")),
        shares: folder.join("shares"),
        init: folder.join("init"),
    };
    let runtime = Runtime::Native(Native::new(options, sender)?);
    runtime.perform(Command::Open { sandbox: SANDBOX, volumes: volumes() });
    let mut held = Vec::new();
    // Waiting for an order blocks this thread only; the containers have others.
    for line in std::io::stdin().lines() {
        match serde_json::from_str(&line?)? {
            Order::Load(archive) => {
                let loaded = Store::open(folder.join("images"))?.load(&archive)?;
                tell(&format!("loaded {}", loaded.len()))?;
            }
            Order::Start(image, command) => {
                let launch = Launch {
                    source: image.as_str().into(),
                    command,
                    hostname: "driven".to_owned(),
                    mounts: mounts(),
                    ..Launch::default()
                };
                let container = CONTAINER.to_owned();
                runtime.perform(Command::Start { sandbox: SANDBOX, container, launch });
                tell(&format!("{:?}", events.recv().await))?;
            }
            Order::Probe(argv) => {
                let (container, probe, check) = (CONTAINER.to_owned(), Probe::Liveness, Check::Exec(argv));
                runtime.perform(Command::Probe {
                    sandbox: SANDBOX,
                    container,
                    probe,
                    check,
                    timeout_seconds: 10,
                });
                if let Some(Event::Probed { unwell, .. }) = events.recv().await {
                    tell(&format!("probed {unwell:?}"))?;
                }
            }
            Order::Wait => {
                if let Some(Event::Exited { code, .. }) = events.recv().await {
                    tell(&format!("exited {code}"))?;
                }
                for line in runtime.logs(SANDBOX, CONTAINER).await {
                    tell(&String::from_utf8_lossy(&line.text))?;
                }
            }
            Order::Exec(argv) => {
                let mut stream = exec(&runtime, argv).await?;
                let mut shown = Vec::new();
                while let Some(chunk) = stream.output.recv().await {
                    shown.extend_from_slice(&chunk);
                }
                tell(&format!("shown {:?}", String::from_utf8_lossy(&shown)))?;
            }
            Order::Hold(argv) => {
                held.push(exec(&runtime, argv).await?);
                tell("held")?;
            }
        }
    }
    runtime.shutdown().await;
    Ok(())
}

/// Serves until it is told to stop or killed.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn served(folder: &Path) -> Result<(), Box<dyn Error>> {
    let sockets = Sockets::of(&Home::open(folder)?)?;
    let options = acitask_emulator::Options {
        state: Some(folder.to_owned()),
        ..acitask_emulator::Options::in_memory()
    };
    Ok(serve(options, sockets, CancellationToken::new()).await?)
}

/// A volume of each kind that needs nothing but this machine.
fn volumes() -> Vec<Volume> {
    let files = BTreeMap::from([("key".to_owned(), Bytes::from_static(b"secret"))]);
    let (account, share) = ("account".to_owned(), "share".to_owned());
    let share = Content::Share { account, share, read_only: false };
    let volume = |(name, content): (&str, Content)| Volume { name: name.to_owned(), content };
    [("data", Content::Empty), ("keys", Content::Files(files)), ("files", share)].map(volume).into()
}

/// Each at the place of its name.
fn mounts() -> Vec<Mount> {
    let mount = |name: &str| Mount { volume: name.to_owned(), path: format!("/{name}"), read_only: false };
    ["data", "keys", "files"].map(mount).into()
}

async fn exec(runtime: &Runtime, argv: Vec<String>) -> Result<ExecStream, String> {
    let (password, container) = (String::new(), CONTAINER.to_owned());
    runtime.exec(&ExecSession { password, sandbox: SANDBOX, container, argv, rows: 33, cols: 101 }).await
}
