//! What a fault does to more than an answer: operations, pulls, containers, and reads that show what was.
//!
//! The world is asked to go another way, or a runtime is not asked at all; what a request is answered with is `http`'s.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::time::Duration;

use super::background::report;
use super::{Core, Emulator};
use crate::contract::{Body, Command, Event, Outcome, Reply, Request, SandboxId};
use crate::fault::script::{Course, Failing, Later, StreamCut};
use crate::fault::{Board, Fault, Fired, Moment};
use crate::store::StoreError;

/// How many resources are remembered as they were; the script of a test has few.
const REMEMBERED: usize = 1000;

/// The faults and what they need to know.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    board: Board,
    /// Resources as a GET showed them before their last change, by path in lower case.
    past: BTreeMap<String, (u16, Value)>,
    /// Where streams break, by their session.
    streams: BTreeMap<String, StreamCut>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        let mut board = Board::default();
        board.arm(faults);
        Self(Mutex::new(Kept { board, ..Kept::default() }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the platform does to a group.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Evict,
    Restart,
}

impl Emulator {
    /// Does something with the faults.
    pub fn with_faults<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        work(&mut self.0.faults.kept().board)
    }

    /// The world's answer to a request that met these faults.
    pub(crate) async fn answer_under(
        &self,
        request: &Request,
        moment: &Moment,
        fired: &Fired,
    ) -> Result<Reply, StoreError> {
        for (blow, later) in [(Blow::Evict, fired.evict), (Blow::Restart, fired.restart)] {
            if let Some(later) = later {
                self.strike(blow, &moment.resource, later)?;
            }
        }
        if fired.stale
            && let Some((status, body)) =
                self.0.faults.kept().past.get(&moment.resource.to_lowercase()).cloned()
        {
            return Ok(Reply { status, headers: Vec::new(), body: Body::Json(body) });
        }
        self.remember(request, moment)?;
        let reply = self.answer(request, fired.course.as_ref()).await?;
        let went_well = (200..300).contains(&reply.status);
        if fired.hide > 0 && went_well {
            self.0.faults.kept().board.hide(moment, fired.hide);
        }
        if let Some(cut) = fired.stream
            && let Some(body) = reply.body.document()
            && let Some(session) = body["webSocketUri"].as_str().and_then(session)
        {
            self.0.faults.kept().streams.insert(session.to_owned(), cut);
        }
        Ok(reply)
    }

    /// Where the stream of this path breaks; told once.
    pub(crate) fn stream_cut(&self, path: &str) -> Option<StreamCut> {
        self.0.faults.kept().streams.remove(session(path)?)
    }

    /// Keeps what a resource is before a client changes it, where some fault wants to show that.
    fn remember(&self, request: &Request, moment: &Moment) -> Result<(), StoreError> {
        let changes = !matches!(request.method.as_str(), "GET" | "HEAD") && !moment.resource.is_empty();
        if !changes || !self.0.faults.kept().board.wants_the_past() {
            return Ok(());
        }
        let look = Request {
            method: "GET".to_owned(),
            path: moment.resource.clone(),
            body: bytes::Bytes::new(),
            ..request.clone()
        };
        let (outcome, kept) = self.turn(|world, now| world.handle(&look, now));
        if let Outcome::Reply(Reply { status, body, .. }) = outcome
            && let Some(body) = body.document()
        {
            let mut faults = self.0.faults.kept();
            if faults.past.len() >= REMEMBERED {
                faults.past.pop_first();
            }
            faults.past.insert(moment.resource.to_lowercase(), (status, body.into_owned()));
        }
        kept
    }

    /// A container of a sandbox has begun to run.
    pub(super) fn has_started(&self, sandbox: SandboxId) -> Result<(), StoreError> {
        let Some(group) = self.core().world.group_of(sandbox) else {
            return Ok(());
        };
        let fired = self.0.faults.kept().board.meet(&Moment::of_container("started", &group));
        for (blow, later) in [(Blow::Evict, fired.evict), (Blow::Restart, fired.restart)] {
            if let Some(later) = later {
                self.strike(blow, &group, later)?;
            }
        }
        Ok(())
    }

    /// Lets the platform do something to a group, now or later.
    fn strike(&self, blow: Blow, group: &str, Later { after }: Later) -> Result<(), StoreError> {
        let Some(after) = after.and_then(|after| Duration::try_from(after).ok()) else {
            return self.hit(blow, group);
        };
        let (inner, clock, group) = (Arc::downgrade(&self.0), self.0.clock.clone(), group.to_owned());
        let quiet = self.0.quiet.clone();
        self.0.clock.spawn(async move {
            if quiet.run_until_cancelled(clock.sleep(after)).await.is_some()
                && let Some(inner) = inner.upgrade()
            {
                report(Self(inner).hit(blow, &group));
            }
        });
        Ok(())
    }

    fn hit(&self, blow: Blow, group: &str) -> Result<(), StoreError> {
        let hit = |world: &mut crate::world::World, now| match blow {
            Blow::Evict => ((), world.evict(group, now)),
            Blow::Restart => ((), world.restart_by_platform(group, now)),
        };
        self.turn(hit).1
    }

    /// Hands a command to the runtime, unless it is to come to nothing.
    pub(super) fn carry_out(&self, core: &mut Core, command: Command) {
        match &command {
            Command::Pull { sandbox, .. } | Command::Start { sandbox, .. } if core.hung.contains(sandbox) => {
                return;
            }
            Command::Pull { sandbox, container, .. } => {
                let group = core.world.group_of(*sandbox);
                let moment = group.map(|group| Moment::of_container("pull", &group));
                let pull = moment.and_then(|moment| self.0.faults.kept().board.meet(&moment).pull);
                if let Some(reason) = pull {
                    let (sandbox, container) = (*sandbox, container.clone());
                    // Nobody listens any more only where the emulator ends.
                    let _ = self.0.events.send(Event::PullFailed { sandbox, container, reason });
                    return;
                }
            }
            Command::Discard { sandbox } => {
                core.hung.remove(sandbox);
            }
            _ => {}
        }
        self.0.runtime.perform(command);
    }
}

impl Core {
    /// Lets the operation that a reply began go its scripted way.
    pub(super) fn steer(&mut self, reply: &Reply, course: Option<&Course>, commands: &mut Vec<Command>) {
        let Some(course) = course else { return };
        let Some(operation) = operation(reply) else { return };
        let failing = match course {
            Course::Hangs => None,
            Course::Fails(Failing { code, message }) => Some((code.clone(), message.clone())),
        };
        self.hung.extend(self.world.divert(&operation, failing));
        commands.extend(self.world.take_commands());
    }
}

/// The session in the path or address of a stream.
fn session(address: &str) -> Option<&str> {
    let rest = address.split("/sessionId/").nth(1)?;
    rest.split(['?', '/']).next().filter(|session| !session.is_empty())
}

/// The id of the operation that an answer tells to ask for.
fn operation(reply: &Reply) -> Option<String> {
    let told = |wanted: &str| {
        let mut headers = reply.headers.iter();
        headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let address = told("azure-asyncoperation").or_else(|| told("location"))?;
    let path = address.split('?').next()?;
    path.rsplit('/').next().map(str::to_lowercase)
}
