//! The simulated runtime: nothing runs, but everything is told as if it did.
//!
//! Invariants: it uses the emulator's clock alone, so that hours cost nothing under paused or explicit time; the same
//! commands at the same times tell the same events. A log is not written but computed from the behaviour and the time that passed.

pub mod behaviour;
mod content;
mod helper;
mod terminal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use self::behaviour::{Behaviour, Exec, Exit};
use crate::clock::Clock;
use crate::contract::{
    Command, Event, ExecSession, Fact, ImageSource, Launch, LogLine, Probe, Question, SandboxId, Volume,
};
use crate::hex::hex;
use crate::runtime::{Events, ExecStream};

/// How long a process has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// The exit code of a process that TERM ended.
const TERMINATED: i32 = 128 + 15;

/// The exit code of a process that KILL ended.
const KILLED: i32 = 128 + 9;

/// The simulated runtime; clones are the same.
#[derive(Clone, Debug)]
pub struct Simulated(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    given: Mutex<BTreeMap<String, Behaviour>>,
    clock: Clock,
    events: Events,
    sandboxes: Mutex<BTreeMap<SandboxId, Sandbox>>,
    /// What helpers were told to run.
    begun: helper::Begun,
}

#[derive(Debug, Default)]
struct Sandbox {
    /// Cancelled when the sandbox is discarded.
    discarded: CancellationToken,
    volumes: Vec<Volume>,
    /// How often each container was pulled and started.
    tries: BTreeMap<String, Tries>,
    containers: BTreeMap<String, Container>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    pulls: usize,
    starts: usize,
}

#[derive(Debug)]
struct Container {
    behaviour: Behaviour,
    launch: Launch,
    started: Timestamp,
    ended: Option<Timestamp>,
    /// Cancelled by TERM.
    term: CancellationToken,
    /// Cancelled when it has ended.
    end: CancellationToken,
    /// What its helper began.
    runs: helper::Runs,
}

impl Simulated {
    /// A runtime in which images do what `given` says of them, else what their names say.
    pub fn new(given: BTreeMap<String, Behaviour>, clock: Clock, events: Events) -> Self {
        let given = Mutex::new(given);
        let shared =
            Shared { clock, events, given, sandboxes: Mutex::default(), begun: helper::Begun::default() };
        Self(Arc::new(shared))
    }

    /// The commands that exec helpers began in containers, oldest first: program and arguments each.
    pub(crate) fn begun(&self) -> Vec<Vec<String>> {
        self.0.begun.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What images do by name of the image, beside what their names say.
    pub(crate) fn behaviours(&self) -> BTreeMap<String, Behaviour> {
        self.given().clone()
    }

    /// Replaces what images do; it holds from the next pull or start on.
    pub(crate) fn set_behaviours(&self, given: BTreeMap<String, Behaviour>) {
        *self.given() = given;
    }

    pub(crate) fn perform(&self, command: Command) {
        match command {
            Command::Open { sandbox, volumes } => {
                self.sandboxes().entry(sandbox).or_default().volumes = volumes;
            }
            Command::Pull { sandbox, container, source } => self.pull(sandbox, container, &source.image),
            Command::Start { sandbox, container, launch } => self.start(sandbox, container, launch),
            Command::Configure { sandbox, container, config } => {
                let mut sandboxes = self.sandboxes();
                let place = sandboxes.get_mut(&sandbox);
                if let Some(container) = place.and_then(|it| it.containers.get_mut(&container)) {
                    container.launch.config = config;
                }
            }
            Command::Probe { sandbox, container, probe, check: _, timeout_seconds } => {
                self.probe(sandbox, container, probe, timeout_seconds);
            }
            Command::Kill { sandbox, container } => {
                let sandboxes = self.sandboxes();
                if let Some(container) = sandboxes.get(&sandbox).and_then(|it| it.containers.get(&container))
                {
                    container.term.cancel();
                }
            }
            Command::Stop { sandbox } => {
                for container in self.sandboxes().get(&sandbox).iter().flat_map(|it| it.containers.values()) {
                    container.term.cancel();
                }
            }
            Command::Discard { sandbox } => {
                if let Some(gone) = self.sandboxes().remove(&sandbox) {
                    gone.discard();
                }
            }
        }
    }

    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Images(sources) = question;
        for ImageSource { image, credential } in sources {
            let behaviour = self.behaviour(&image);
            if behaviour.missing {
                let reason = format!("no simulated behaviour is given for the image {image}");
                return Fact::ImageMissing { image, reason };
            }
            if let Some(reason) = behaviour.registry_failure {
                let named = credential.map(|credential| credential.server);
                let server = named.unwrap_or_else(|| "index.docker.io".to_owned());
                return Fact::RegistryFailed { server, reason };
            }
        }
        Fact::ImagesFound
    }

    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        let now = self.0.clock.now();
        let sandboxes = self.sandboxes();
        let container = sandboxes.get(&sandbox).and_then(|it| it.containers.get(container));
        container.map(|it| it.log(now)).unwrap_or_default()
    }

    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        let sandboxes = self.sandboxes();
        let container = sandboxes
            .get(&session.sandbox)
            .and_then(|it| it.containers.get(&session.container))
            .filter(|it| it.ended.is_none())
            .ok_or_else(|| "cannot exec in a stopped container: unknown".to_owned())?;
        if let (Some(commands), [program]) = (&container.behaviour.helper, session.argv.as_slice())
            && program == helper::PROGRAM
        {
            return Ok(helper::open(helper::Place {
                commands: commands.clone(),
                runs: container.runs.clone(),
                begun: Arc::clone(&self.0.begun),
                clock: self.0.clock.clone(),
                end: container.end.clone(),
            }));
        }
        let volumes = sandboxes.get(&session.sandbox).map_or(&[][..], |it| &it.volumes);
        let own = container.behaviour.execs.iter().find(|exec| exec.argv == session.argv);
        let printed = || content::printed(&session.argv, &container.launch, volumes, &session.container);
        match own.cloned().or_else(|| printed().map(Exec::printing)) {
            Some(exec) => Ok(terminal::open(exec, &self.0.clock, container.end.clone())),
            None => Err(no_such_program(&session.argv)),
        }
    }

    pub(crate) async fn shutdown(&self) {
        for sandbox in std::mem::take(&mut *self.sandboxes()).into_values() {
            sandbox.discard();
        }
    }

    fn pull(&self, sandbox: SandboxId, container: String, image: &str) {
        let tried = self.tried(sandbox, &container, |tries| &mut tries.pulls);
        let behaviour = self.behaviour(image).after(tried).clone();
        let reason = match behaviour.pull_failure {
            None if behaviour.missing => Some(format!("no such image: {image}")),
            failure => failure,
        };
        let event = match reason {
            None => Event::Pulled { sandbox, container, digest: digest(image) },
            Some(reason) => Event::PullFailed { sandbox, container, reason },
        };
        let discarded = self.sandboxes().entry(sandbox).or_default().discarded.clone();
        let events = self.0.events.clone();
        let clock = self.0.clock.clone();
        self.0.clock.spawn(discarded.run_until_cancelled_owned(async move {
            clock.sleep(Duration::from_millis(behaviour.pull_ms)).await;
            tell(&events, event);
        }));
    }

    fn start(&self, sandbox: SandboxId, name: String, launch: Launch) {
        let tried = self.tried(sandbox, &name, |tries| &mut tries.starts);
        let mut behaviour = self.behaviour(&launch.source.image).after(tried).clone();
        let stands =
            |told: &str| launch.environment.iter().any(|(name, value)| told == format!("{name}={value}"));
        if let Some((_, exit)) = behaviour.exits.iter().find(|(told, _)| stands(told)) {
            behaviour.exit = Some(exit.clone());
        }
        if let (Some(reason), Some(mount)) = (&behaviour.mount_failure, launch.mounts.first()) {
            let (volume, reason) = (mount.volume.clone(), reason.clone());
            return tell(&self.0.events, Event::MountFailed { sandbox, container: name, volume, reason });
        }
        if let Some(reason) = behaviour.start_failure {
            return tell(&self.0.events, Event::StartFailed { sandbox, container: name, reason });
        }
        let container = Container {
            behaviour,
            launch,
            started: self.0.clock.now(),
            ended: None,
            term: CancellationToken::new(),
            end: CancellationToken::new(),
            runs: helper::Runs::default(),
        };
        let life = life(container.behaviour.clone(), self.0.clock.clone(), container.term.clone());
        let mut sandboxes = self.sandboxes();
        let place = sandboxes.entry(sandbox).or_default();
        let discarded = place.discarded.clone();
        place.containers.insert(name.clone(), container);
        tell(&self.0.events, Event::Started { sandbox, container: name.clone() });
        let runtime = self.clone();
        self.0.clock.spawn(discarded.run_until_cancelled_owned(async move {
            let (code, out_of_memory) = life.await;
            runtime.ended(sandbox, &name);
            tell(&runtime.0.events, Event::Exited { sandbox, container: name, code, out_of_memory });
        }));
    }

    /// Looks at a container that runs; one that ends meanwhile tells its end alone.
    fn probe(&self, sandbox: SandboxId, name: String, probe: Probe, timeout_seconds: u32) {
        let sandboxes = self.sandboxes();
        let container = sandboxes.get(&sandbox).and_then(|it| it.containers.get(&name));
        let Some(container) = container.filter(|it| it.ended.is_none()) else {
            return;
        };
        let after_ms = u64::try_from(self.0.clock.now().duration_since(container.started).as_millis())
            .unwrap_or_default();
        let sight = container.behaviour.seen(probe, after_ms);
        let (takes, timeout) =
            (Duration::from_millis(sight.takes_ms), Duration::from_secs(timeout_seconds.into()));
        let unwell =
            if takes > timeout { Some(format!("no answer after {timeout_seconds}s")) } else { sight.unwell };
        let (end, events) = (container.end.clone(), self.0.events.clone());
        drop(sandboxes);
        let clock = self.0.clock.clone();
        self.0.clock.spawn(end.run_until_cancelled_owned(async move {
            clock.sleep(takes.min(timeout)).await;
            tell(&events, Event::Probed { sandbox, container: name, probe, unwell });
        }));
    }

    /// How often something was tried before.
    fn tried(&self, sandbox: SandboxId, name: &str, which: fn(&mut Tries) -> &mut usize) -> usize {
        let mut sandboxes = self.sandboxes();
        let tries = sandboxes.entry(sandbox).or_default().tries.entry(name.to_owned()).or_default();
        let count = which(tries);
        *count += 1;
        *count - 1
    }

    fn ended(&self, sandbox: SandboxId, name: &str) {
        let mut sandboxes = self.sandboxes();
        let place = sandboxes.get_mut(&sandbox);
        if let Some(container) = place.and_then(|it| it.containers.get_mut(name)) {
            container.ended = Some(self.0.clock.now());
            container.end.cancel();
        }
    }

    fn behaviour(&self, image: &str) -> Behaviour {
        behaviour::of(image, &self.given())
    }

    fn given(&self) -> MutexGuard<'_, BTreeMap<String, Behaviour>> {
        self.0.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sandboxes(&self) -> MutexGuard<'_, BTreeMap<SandboxId, Sandbox>> {
        self.0.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sandbox {
    fn discard(self) {
        self.discarded.cancel();
        for container in self.containers.into_values() {
            container.end.cancel();
        }
    }
}

impl Container {
    fn log(&self, now: Timestamp) -> Vec<LogLine> {
        let until = self.ended.unwrap_or(now);
        self.behaviour
            .lines
            .iter()
            .map(|line| (later(self.started, line.after_ms), line))
            .take_while(|(printed, _)| *printed <= until)
            .map(|(printed, line)| LogLine { at: printed, text: Bytes::from(line.text.clone()) })
            .collect()
    }
}

/// So many milliseconds later.
fn later(time: Timestamp, milliseconds: u64) -> Timestamp {
    let more = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    time.checked_add(more).unwrap_or(Timestamp::MAX)
}

/// Lives a process's life and gives its exit code, and whether it wanted too much memory.
async fn life(behaviour: Behaviour, clock: Clock, term: CancellationToken) -> (i32, bool) {
    let Behaviour { exit, ignores_term, .. } = behaviour;
    let own_end = async {
        match exit {
            Some(Exit { after_ms, code, out_of_memory }) => {
                clock.sleep(Duration::from_millis(after_ms)).await;
                (if out_of_memory { KILLED } else { code }, out_of_memory)
            }
            None => std::future::pending().await,
        }
    };
    let stopped = async {
        term.cancelled().await;
        if ignores_term {
            clock.sleep(GRACE).await;
            KILLED
        } else {
            TERMINATED
        }
    };
    tokio::select! {
        biased;
        end = own_end => end,
        code = stopped => (code, false),
    }
}

/// Tells an event; where nobody listens any more, nobody needs to know.
fn tell(events: &Events, event: Event) {
    let _ = events.send(event);
}

/// A digest that is the same for the same name, as if each name stood for one image for ever.
fn digest(image: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(image)))
}

/// The words of runc, as seen on the exec stream of ACI (azure-cli issue 10039).
fn no_such_program(argv: &[String]) -> String {
    let program = argv.first().map_or("", String::as_str);
    format!(
        "OCI runtime exec failed: exec failed: unable to start container process: \
         exec: \"{program}\": stat {program}: no such file or directory: unknown"
    )
}

#[cfg(test)]
mod tests;
