//! The emulator in the background: found where it runs, restarted where it is of another build, started where it does not run.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use acitask_emulator::Recovered;
use acitask_emulator::home::{Home, HomeError};
use tokio::time::{Instant, sleep};

use super::control::{Control, Health};
use super::start::Way;
use crate::cli::Desk;
use crate::cli::failure::Failure;
use crate::model::digest;
use crate::render::text::harmless;

/// How long it may take to start.
const START: Duration = Duration::from_secs(10);

/// How long it may take to end its containers and stop.
const STOP: Duration = Duration::from_secs(20);

const STEP: Duration = Duration::from_millis(20);

/// This program: where it is, and which build.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Which build it is.
    pub(crate) build: String,
}

impl Program {
    /// Looks at the file that runs. Its length and its time tell builds of one version apart, without reading it.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) fn running() -> Result<Self, Failure> {
        let path = std::env::current_exe().map_err(|source| Failure::Runtime { source })?;
        let at = |source| Failure::File { path: path.clone(), source };
        let file = std::fs::metadata(&path).map_err(at)?;
        let changed = file.modified().map_err(at)?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mark = digest::hex(&(file.len(), changed.as_nanos().to_string()), 8);
        Ok(Self { build: format!("{}-{mark}", env!("CARGO_PKG_VERSION")), path })
    }
}

/// The way to the emulator of a state folder, which runs afterwards. What was done for that is said.
///
/// # Errors
/// It cannot be started.
pub(crate) async fn ensure(desk: &Desk, home: &Home) -> Result<Control, Failure> {
    ensure_with(desk, home, None).await
}

/// The same, with the way in which it is started where it does not run; none: as the environment says.
///
/// # Errors
/// It cannot be started, or runs in another way.
pub(super) async fn ensure_with(desk: &Desk, home: &Home, way: Option<&Way>) -> Result<Control, Failure> {
    let program = Program::running()?;
    let control = Control::of(home)?;
    match control.health().await {
        Some(health) if health.build == program.build => {
            return match way.and_then(|way| way.differs(&health)) {
                Some(how) => Err(Failure::EmulatorDiffers { how }),
                None => Ok(control),
            };
        }
        Some(_) => {
            stop(home, &control).await?;
            desk.screen
                .say("The local emulator is of another build; it is restarted and keeps what it knows.");
        }
        None => {}
    }
    let health = start(home, &control, &program, way).await?;
    let text = format!(
        "Started the local emulator ({} runtime) at {}; stop it with `acitask emulator stop`.",
        health.runtime.name,
        control.url()
    );
    desk.screen.say(&desk.globals.emulator_flags(&desk.environment).within(&text));
    let Recovered { killed, torn_bytes, .. } = health.recovered;
    if let Some(told) = health.recovered.told().filter(|_| killed || torn_bytes > 0) {
        desk.screen.say(&told);
    }
    Ok(control)
}

/// Stops the emulator and waits until the folder is free; false where none ran.
///
/// # Errors
/// It does not stop.
pub(crate) async fn stop(home: &Home, control: &Control) -> Result<bool, Failure> {
    let Some(Health { pid, .. }) = control.health().await else { return Ok(false) };
    control.send("POST", "/_emulator/stop", None).await?;
    let began = Instant::now();
    loop {
        match home.claim() {
            Ok(claim) => {
                drop(claim);
                return Ok(true);
            }
            Err(HomeError::Taken { .. }) if began.elapsed() < STOP => sleep(STEP).await,
            Err(HomeError::Taken { .. }) => return Err(Failure::EmulatorStays { pid }),
            Err(error) => return Err(error.into()),
        }
    }
}

async fn start(
    home: &Home,
    control: &Control,
    program: &Program,
    way: Option<&Way>,
) -> Result<Health, Failure> {
    let log = home.log_file();
    let mut child = spawn(home, &program.path, &log, way)?;
    let began = Instant::now();
    loop {
        // Of two commands that start one at the same time, one wins, and both find it.
        if let Some(health) = control.health().await {
            return Ok(health);
        }
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        if began.elapsed() > START || (ended && !is_taken(home)) {
            return Err(Failure::EmulatorSilent { last: last_line(&log), log });
        }
        sleep(STEP).await;
    }
}

fn is_taken(home: &Home) -> bool {
    matches!(home.claim(), Err(HomeError::Taken { .. }))
}

fn spawn(home: &Home, program: &Path, log: &Path, way: Option<&Way>) -> Result<std::process::Child, Failure> {
    let at = |source| Failure::File { path: log.to_owned(), source };
    let open = || OpenOptions::new().create(true).append(true).open(log).map_err(at);
    Command::new(program)
        .args(["emulator", "serve", "--detached", "--state-dir"])
        .arg(home.path())
        .args(way.map(Way::arguments).unwrap_or_default())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .spawn()
        .map_err(|source| Failure::File { path: program.to_owned(), source })
}

fn last_line(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let line =
        |line: &str| line.trim_start_matches(|mark: char| " ×╰─▶│".contains(mark)).trim_end().to_owned();
    text.lines().map(line).rfind(|line| !line.is_empty()).map(|line| harmless(&line))
}
