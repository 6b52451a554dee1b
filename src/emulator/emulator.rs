//! The shell around the pure world: gives it time, carries its commands out, tells it what happened, keeps its changes.
//!
//! Invariants: one lock orders the world's turns, the records of their changes and their commands alike, so that
//! store and runtime see what the world saw, in that order; a reply is given only after its changes are kept.
//! What a request or a socket is, is `http`'s business.

mod advance;
mod background;
mod faulted;
mod recovered;
pub(crate) mod snapshot;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;
use crate::contract::{Command, Outcome, Reply, Request, SandboxId, TENANT};
use crate::fault::script::Course;
use crate::home::{Claim, Home, HomeError};
use crate::journal::Journal;
use crate::options::{Options, Reach, Time};
use crate::record::Change;
use crate::runtime::choose::{Chosen, RuntimeRefused, choose};
use crate::runtime::{Events, Runtime};
use crate::sink::Sink;
use crate::store::{Store, StoreError};
use crate::token::{Claims, NoRandomness, Secret, issue};
use crate::world::{Config, Switches, World};

pub use self::advance::AdvanceError;
use self::faulted::Faults;
pub use self::recovered::Recovered;
pub use self::snapshot::Snapshot;

/// What keeps an emulator from being opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state folder cannot be used.
    #[error("the state folder cannot be used")]
    Home(#[from] HomeError),
    /// The kept state cannot be used.
    #[error("the kept state cannot be used")]
    Store(#[from] StoreError),
    /// The runtime that was asked for does not work here.
    #[error(transparent)]
    Runtime(#[from] RuntimeRefused),
    /// The system gave no random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// An emulated Azure Resource Manager with Azure Container Instances; clones are the same.
///
/// The last clone dropped ends its background work; [`Emulator::shutdown`] also ends the containers.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

struct Inner {
    core: Mutex<Core>,
    clock: Clock,
    /// Goes also where the other stands: what clients measure with their own clocks, tokens above all, goes by this one.
    wall: Clock,
    /// Held by whoever moves a clock that stands.
    advancing: tokio::sync::Mutex<()>,
    home: Option<Home>,
    runtime: Runtime,
    chosen: Chosen,
    journal: Journal,
    sink: Sink,
    secret: Secret,
    recovered: Recovered,
    origin: String,
    reach: Reach,
    build: String,
    /// Rung when the world's next due time may have changed.
    turned: Arc<Notify>,
    faults: Faults,
    /// Where runtimes tell, for what is told in their place.
    events: Events,
    /// Cancelled by `POST /_emulator/stop`.
    stop: CancellationToken,
    /// Cancelled when the world is told nothing more.
    quiet: CancellationToken,
    _quiet: DropGuard,
    _claim: Option<Claim>,
}

struct Core {
    world: World,
    store: Store,
    /// Changes that the store could not take yet; they go before the next ones.
    unkept: Vec<Change>,
    /// The sandboxes in which nothing is begun, because their operation hangs or failed.
    hung: BTreeSet<SandboxId>,
    /// What the ticker waits for.
    awaited: Option<Timestamp>,
}

impl Core {
    fn keep(&mut self) -> Result<(), StoreError> {
        self.unkept.extend(self.world.changes());
        self.store.append(&self.unkept)?;
        self.unkept.clear();
        Ok(())
    }
}

/// Shows which runtime it has and nothing that it holds: groups have secrets.
impl fmt::Debug for Emulator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Emulator").field("runtime", &self.0.chosen.name).finish_non_exhaustive()
    }
}

impl Emulator {
    /// Opens an emulator, with the state that its folder holds, and begins its background work.
    ///
    /// # Errors
    /// The state folder is in use or damaged, or the runtime that was asked for does not work here.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let home = options.state.as_deref().map(Home::open).transpose()?;
        let start = options.start.unwrap_or_else(Timestamp::now);
        let wall = Clock::starting_at(start);
        let stood = home.as_ref().map(Home::time).transpose()?.flatten();
        let start = stood.map_or(start, |stood| stood.max(start));
        let clock = match options.time {
            Time::Real => Clock::starting_at(start),
            Time::Explicit => Clock::standing_at(start),
        };
        let claim = home.as_ref().map(Home::claim).transpose()?;
        let secret = home.as_ref().map_or_else(|| Ok(Secret::random()?), Home::secret)?;
        let killed = home.as_ref().map_or(Ok(None), Home::running)?.is_some();
        let store = match &home {
            Some(home) => Store::open(&home.world_file())?,
            None => Store::in_memory(),
        };
        let sink = Sink::open(home.as_ref().map(Home::sink_file).as_deref())?;
        let (events, told) = mpsc::unbounded_channel();
        let (runtime, chosen) = choose(&options, home.as_ref(), clock.clone(), events.clone()).await?;

        let config =
            Config { switches: options.switches, seed: options.seed, windows: chosen.name == "simulated" };
        let (world, commands) = World::restore(config, store.records(), clock.now());
        let restarted = commands.iter().filter(|command| matches!(command, Command::Discard { .. })).count();
        let (records, torn_bytes) = (store.records().len(), store.torn());
        let recovered = Recovered { killed, records, torn_bytes, restarted };
        let quiet = CancellationToken::new();
        let emulator = Self(Arc::new(Inner {
            core: Mutex::new(Core { world, store, unkept: Vec::new(), hung: BTreeSet::new(), awaited: None }),
            clock,
            wall,
            advancing: tokio::sync::Mutex::default(),
            home,
            runtime,
            chosen,
            journal: Journal::default(),
            sink,
            secret,
            recovered,
            origin: options.origin,
            reach: options.reach,
            build: options.build,
            turned: Arc::default(),
            faults: Faults::new(options.faults),
            events: events.clone(),
            stop: CancellationToken::new(),
            _quiet: quiet.clone().drop_guard(),
            quiet,
            _claim: claim,
        }));
        emulator.turn(|_, _| ((), commands)).1?;
        let pump = background::pump(Arc::downgrade(&emulator.0), told, emulator.0.quiet.clone());
        emulator.0.clock.spawn(pump);
        if emulator.0.clock.standing().is_none() {
            tokio::spawn(background::tick(
                Arc::downgrade(&emulator.0),
                emulator.0.turned.clone(),
                emulator.0.quiet.clone(),
            ));
        }
        Ok(emulator)
    }

    /// Everything that the emulator answers over HTTP; `oneshot` on it and a served connection are the same.
    pub fn router(&self) -> axum::Router {
        crate::http::router(self.clone())
    }

    /// What clients asked.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// What tasks posted.
    pub fn sink(&self) -> &Sink {
        &self.0.sink
    }

    /// The commands that exec helpers of simulated containers began, oldest first: program and arguments each. None where
    /// another runtime runs containers, of which nobody but they knows.
    pub fn begun(&self) -> Vec<Vec<String>> {
        match self.runtime() {
            Runtime::Simulated(simulated) => simulated.begun(),
            Runtime::Docker(_) | Runtime::Native(_) => Vec::new(),
        }
    }

    /// Which runtime runs the containers, and why that one.
    pub fn chosen(&self) -> &Chosen {
        &self.0.chosen
    }

    /// What was found when it was opened.
    pub fn recovered(&self) -> &Recovered {
        &self.0.recovered
    }

    /// How many container groups there are in each state.
    pub fn census(&self) -> std::collections::BTreeMap<&'static str, usize> {
        self.core().world.census()
    }

    /// Which build of the program this is.
    pub fn build(&self) -> &str {
        &self.0.build
    }

    /// What a client shows to the token endpoint.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// The emulator's clock: the world's time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The clock that goes in any case, by which tokens expire and requests are timed.
    pub fn wall(&self) -> &Clock {
        &self.0.wall
    }

    /// Who can reach it.
    pub(crate) fn reach(&self) -> Reach {
        self.0.reach
    }

    /// Scheme and authority for requests that name no host.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// A bearer token, as the token endpoint would give it now.
    pub fn token(&self) -> String {
        let audience = "https://management.azure.com/";
        let claims = Claims::new(&self.0.origin, TENANT, "acitask", audience, self.0.wall.now());
        issue(&self.0.secret, &claims)
    }

    /// The open questions' settings.
    pub fn switches(&self) -> Switches {
        self.core().world.switches().clone()
    }

    /// Changes the open questions' settings, until the emulator ends.
    pub fn set_switches(&self, switches: Switches) {
        self.core().world.set_switches(switches);
    }

    /// Makes the world and the sink empty and ends all containers; the journal, the switches and the tokens stay.
    ///
    /// # Errors
    /// The state cannot be kept.
    pub fn reset(&self) -> Result<(), StoreError> {
        self.0.sink.clear()?;
        let mut core = self.core();
        // First what can fail: a world that is empty while its file is not would come back.
        core.store.clear()?;
        core.unkept.clear();
        for command in core.world.reset() {
            self.0.runtime.perform(command);
        }
        core.keep()
    }

    /// Ends the background work and every container. What was kept stays: opened again, the world goes on.
    pub async fn shutdown(&self) {
        // Told nothing more, the world keeps its containers as running, and starts them when it is opened again.
        // The lock waits for a turn that is under way, so that no command comes after the end.
        let core = self.core();
        self.0.quiet.cancel();
        drop(core);
        self.0.runtime.shutdown().await;
    }

    /// Cancelled when a client asked for the end.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// The runtime, for logs and execs.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// Whether a container prints any more, now or after a back-off.
    pub(crate) fn prints(&self, sandbox: SandboxId, container: &str) -> bool {
        self.core().world.prints(sandbox, container)
    }

    /// The world's answer to a request, and how the operation goes that it begins, where that is scripted.
    async fn answer(&self, request: &Request, course: Option<&Course>) -> Result<Reply, StoreError> {
        if let Some(standing) = self.0.clock.standing() {
            // What is due at this time has happened before anybody looks.
            standing.settled().await;
        }
        let (outcome, kept) = self.turn_core(|core, now| {
            let (outcome, mut commands) = core.world.handle(request, now);
            if let Outcome::Reply(reply) = &outcome {
                core.steer(reply, course, &mut commands);
            }
            (outcome, commands)
        });
        match outcome {
            Outcome::Reply(reply) => kept.map(|()| reply),
            // A question says nothing to the client yet, and the world waits for its answer in any case; what could
            // not be kept goes with what the answer changes.
            Outcome::Ask(question, ticket) => {
                let fact = self.0.runtime.ask(question).await;
                let (reply, kept) = self.turn_core(|core, now| {
                    let (reply, mut commands) = core.world.answer(ticket, fact, now);
                    core.steer(&reply, course, &mut commands);
                    (reply, commands)
                });
                kept.map(|()| reply)
            }
        }
    }

    /// One turn of the world: what it says, with its commands on their way, and whether its changes are kept.
    fn turn<T>(
        &self,
        turn: impl FnOnce(&mut World, Timestamp) -> (T, Vec<Command>),
    ) -> (T, Result<(), StoreError>) {
        self.turn_core(|core, now| turn(&mut core.world, now))
    }

    fn turn_core<T>(
        &self,
        turn: impl FnOnce(&mut Core, Timestamp) -> (T, Vec<Command>),
    ) -> (T, Result<(), StoreError>) {
        let mut core = self.core();
        let (said, commands) = turn(&mut core, self.0.clock.now());
        let kept = core.keep();
        if !self.0.quiet.is_cancelled() {
            commands.into_iter().for_each(|command| self.carry_out(&mut core, command));
        }
        // Most requests only read.
        let is_due_at_another_time = core.world.due() != core.awaited;
        drop(core);
        if is_due_at_another_time {
            self.0.turned.notify_one();
        }
        (said, kept)
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
