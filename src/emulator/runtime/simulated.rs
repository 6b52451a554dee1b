//! The simulated runtime: nothing runs, but everything is told as if it did.
//!
//! Invariants: it uses the emulator's clock alone, so that hours cost nothing under paused or explicit time; the same
//! commands at the same times tell the same events. A log is not written but computed from the behaviour and the time that passed.

pub mod behaviour;
mod terminal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use self::behaviour::{Behaviour, Exit};
use crate::clock::Clock;
use crate::contract::{Command, Event, ExecSession, Fact, ImageSource, LogLine, Probe, Question, SandboxId};
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
    given: BTreeMap<String, Behaviour>,
    clock: Clock,
    events: Events,
    sandboxes: Mutex<BTreeMap<SandboxId, Sandbox>>,
}

#[derive(Debug, Default)]
struct Sandbox {
    /// Cancelled when the sandbox is discarded.
    discarded: CancellationToken,
    containers: BTreeMap<String, Container>,
}

#[derive(Debug)]
struct Container {
    behaviour: Behaviour,
    started: Timestamp,
    ended: Option<Timestamp>,
    /// Cancelled by TERM.
    term: CancellationToken,
    /// Cancelled when it has ended.
    end: CancellationToken,
}

impl Simulated {
    /// A runtime in which images do what `given` says of them, else what their names say.
    pub fn new(given: BTreeMap<String, Behaviour>, clock: Clock, events: Events) -> Self {
        Self(Arc::new(Shared { given, clock, events, sandboxes: Mutex::default() }))
    }

    pub(crate) fn perform(&self, command: Command) {
        match command {
            Command::Open { sandbox: _, volumes: _ }
            | Command::Configure { sandbox: _, container: _, config: _ } => {}
            Command::Probe { sandbox, container, probe, check: _, timeout_seconds: _ } => {
                self.probe(sandbox, container, probe);
            }
            Command::Kill { sandbox, container } => {
                if let Some(container) =
                    self.sandboxes().get(&sandbox).and_then(|it| it.containers.get(&container))
                {
                    container.term.cancel();
                }
            }
            Command::Pull { sandbox, container, source } => self.pull(sandbox, container, &source.image),
            Command::Start { sandbox, container, launch } => {
                self.start(sandbox, container, &launch.source.image, &launch.environment);
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
        for ImageSource { image, credential: _ } in sources {
            if self.behaviour(&image).missing {
                let reason = format!("no simulated behaviour is given for the image {image}");
                return Fact::ImageMissing { image, reason };
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
        match container.behaviour.execs.iter().find(|exec| exec.argv == session.argv) {
            Some(exec) => Ok(terminal::open(exec.clone(), &self.0.clock, container.end.clone())),
            None => Err(no_such_program(&session.argv)),
        }
    }

    pub(crate) async fn shutdown(&self) {
        for sandbox in std::mem::take(&mut *self.sandboxes()).into_values() {
            sandbox.discard();
        }
    }

    fn pull(&self, sandbox: SandboxId, container: String, image: &str) {
        let behaviour = self.behaviour(image);
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

    fn start(&self, sandbox: SandboxId, name: String, image: &str, environment: &[(String, String)]) {
        let mut behaviour = self.behaviour(image);
        let stands = |told: &str| environment.iter().any(|(name, value)| told == format!("{name}={value}"));
        if let Some((_, exit)) = behaviour.exits.iter().find(|(told, _)| stands(told)) {
            behaviour.exit = Some(exit.clone());
        }
        if let Some(reason) = behaviour.start_failure {
            return tell(&self.0.events, Event::StartFailed { sandbox, container: name, reason });
        }
        let container = Container {
            behaviour,
            started: self.0.clock.now(),
            ended: None,
            term: CancellationToken::new(),
            end: CancellationToken::new(),
        };
        let life = life(container.behaviour.clone(), self.0.clock.clone(), container.term.clone());
        let mut sandboxes = self.sandboxes();
        let place = sandboxes.entry(sandbox).or_default();
        let discarded = place.discarded.clone();
        place.containers.insert(name.clone(), container);
        tell(&self.0.events, Event::Started { sandbox, container: name.clone() });
        let runtime = self.clone();
        self.0.clock.spawn(discarded.run_until_cancelled_owned(async move {
            let Exit { after_ms: _, code, out_of_memory } = life.await;
            runtime.ended(sandbox, &name);
            tell(&runtime.0.events, Event::Exited { sandbox, container: name, code, out_of_memory });
        }));
    }

    /// Finds a running container well at the times that its behaviour says.
    fn probe(&self, sandbox: SandboxId, container: String, probe: Probe) {
        let sandboxes = self.sandboxes();
        let running = sandboxes.get(&sandbox).and_then(|it| it.containers.get(&container));
        let Some(running) = running.filter(|it| it.ended.is_none()) else { return };
        let unwell = {
            let age = self.0.clock.now().duration_since(running.started);
            running.behaviour.unwell(probe, age.try_into().unwrap_or_default())
        };
        tell(&self.0.events, Event::Probed { sandbox, container, probe, unwell });
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
        behaviour::of(image, &self.0.given)
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

/// Lives a process's life and gives its end.
async fn life(behaviour: Behaviour, clock: Clock, term: CancellationToken) -> Exit {
    let Behaviour { exit, ignores_term, .. } = behaviour;
    let own_end = async {
        match exit {
            Some(exit) => {
                clock.sleep(Duration::from_millis(exit.after_ms)).await;
                exit
            }
            None => std::future::pending().await,
        }
    };
    let stopped = async {
        term.cancelled().await;
        if ignores_term {
            clock.sleep(GRACE).await;
            Exit { code: KILLED, ..Exit::default() }
        } else {
            Exit { code: TERMINATED, ..Exit::default() }
        }
    };
    tokio::select! {
        biased;
        end = own_end => end,
        end = stopped => end,
    }
}

/// Tells an event; where nobody listens any more, nobody needs to know.
fn tell(events: &Events, event: Event) {
    let _ = events.send(event);
}

/// A digest that is the same for the same name, as if each name stood for one image for ever.
fn digest(image: &str) -> String {
    let bytes = Sha256::digest(image);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{text}")
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
