//! The emulator's whole state and every decision about it; pure.
//!
//! Invariants: no clock, no randomness but the seeded counter, no I/O. Time is told with every call and never goes back.
//! [`World::handle`] first advances to `now`. What must outlive the process is handed out by [`World::changes`].
//! Its records hold the secrets of the container groups, which the store must therefore keep to its owner.

mod admission;
mod body;
mod census;
mod check;
mod container_group;
mod dns;
mod filter;
mod fit;
mod group_requests;
mod happening;
mod identity;
mod ids;
mod inside;
mod lifecycle;
mod live;
mod odd;
mod operation;
mod operations;
mod page;
mod path;
mod platform;
mod power;
mod properties;
mod provider;
mod put;
mod rates;
mod refusal;
mod region;
mod regional;
mod reply;
mod resource;
mod resource_group;
mod resources;
mod route;
mod scope;
mod secrets;
mod shelf;
mod source;
mod subscription;
mod switches;
mod tags;
mod trace;
mod update;
mod versions;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

pub use self::switches::{OnTerminated, Quota, SwitchError, Switches, Unknown};

use self::container_group::ContainerGroup;
use self::ids::Ids;
use self::inside::Session;
use self::lifecycle::Happened;
use self::operation::Operation;
use self::put::Put;
use self::rates::Rates;
use self::resource::Resource;
use self::resource_group::ResourceGroup;
use self::shelf::Shelf;
use self::subscription::Subscription;
use self::trace::Trace;
use crate::contract::{Command, Event, Fact, Outcome, Reply, Request, SandboxId, Ticket};
use crate::record::{Change, Record, Records};

/// How a world is made.
#[derive(Clone, Debug)]
pub struct Config {
    /// The open questions' settings.
    pub switches: Switches,
    /// Where ids come from.
    pub seed: u64,
    /// Whether the runtime takes containers of Windows; where not, a PUT of one is answered 501.
    pub windows: bool,
}

/// The state.
pub struct World {
    switches: Switches,
    windows: bool,
    now: Timestamp,
    ids: Ids,
    /// The ids as they were last handed out by [`World::changes`].
    kept_ids: Option<Ids>,
    /// The ids of requests, which mean nothing afterwards and are not kept: a GET changes nothing.
    request_ids: Ids,
    subscriptions: Shelf<Subscription>,
    resource_groups: Shelf<ResourceGroup>,
    container_groups: Shelf<ContainerGroup>,
    resources: Shelf<Resource>,
    operations: Shelf<Operation>,
    /// DNS labels of groups that are gone, and until when they stay taken.
    labels: Shelf<Timestamp>,
    /// What was asked lately.
    rates: Rates,
    /// Execs and attaches that wait for their websocket, and until when; they do not outlive the process.
    sessions: BTreeMap<String, (Timestamp, Session)>,
    /// Requests that wait for a fact.
    pending: BTreeMap<Ticket, Put>,
    /// What the runtime is to do, collected during a call.
    commands: Vec<Command>,
}

/// Shows the time only: what is kept, waits or is commanded can hold secrets.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("now", &self.now).finish_non_exhaustive()
    }
}

const SUBSCRIPTIONS: &str = "subscription";
const LABELS: &str = "dns-label";
const RESOURCE_GROUPS: &str = "resource-group";
const CONTAINER_GROUPS: &str = "container-group";
const RESOURCES: &str = "resource";
const OPERATIONS: &str = "operation";
const IDS: &str = "ids";

impl World {
    /// An empty world: one tenant, any subscription, nothing in it.
    pub fn new(config: Config) -> Self {
        Self {
            switches: config.switches,
            windows: config.windows,
            now: Timestamp::MIN,
            ids: Ids::new(config.seed),
            kept_ids: None,
            request_ids: Ids::new(!config.seed),
            subscriptions: Shelf::new(SUBSCRIPTIONS),
            resource_groups: Shelf::new(RESOURCE_GROUPS),
            container_groups: Shelf::new(CONTAINER_GROUPS),
            resources: Shelf::new(RESOURCES),
            operations: Shelf::new(OPERATIONS),
            labels: Shelf::new(LABELS),
            rates: Rates::default(),
            sessions: BTreeMap::new(),
            pending: BTreeMap::new(),
            commands: Vec::new(),
        }
    }

    /// The world as the store kept it; containers that ran are gone and are treated as restarted by the platform.
    /// A record that cannot be read is left out.
    pub fn restore(config: Config, records: &Records, now: Timestamp) -> (Self, Vec<Command>) {
        let ids = records.get(IDS).and_then(Record::read);
        Self::begin(config, ids, records, now)
    }

    /// The same with these ids.
    fn begin(config: Config, ids: Option<Ids>, records: &Records, now: Timestamp) -> (Self, Vec<Command>) {
        let mut world = Self::new(config);
        world.now = now;
        world.ids = ids.unwrap_or(world.ids);
        world.subscriptions = Shelf::restore(SUBSCRIPTIONS, records);
        world.labels = Shelf::restore(LABELS, records);
        world.resource_groups = Shelf::restore(RESOURCE_GROUPS, records);
        world.container_groups = Shelf::restore(CONTAINER_GROUPS, records);
        world.resources = Shelf::restore(RESOURCES, records);
        world.operations = Shelf::restore(OPERATIONS, records);
        for key in world.container_groups.keys() {
            let sandbox = world.ids.sandbox();
            if let Some(group) = world.container_groups.get_mut(&key) {
                lifecycle::lost(group, sandbox, now, &mut world.commands);
            }
        }
        world.pass(now);
        let commands = std::mem::take(&mut world.commands);
        (world, commands)
    }

    /// The switches as they stand.
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Sets the switches; they hold from the next request on.
    pub fn set_switches(&mut self, switches: Switches) {
        self.switches = switches;
    }

    /// Forgets everything but the switches, the counter of ids (no id returns) and the requests that wait for a fact
    /// (they will find nothing), and ends every container.
    pub fn reset(&mut self) -> Vec<Command> {
        let sandboxes = self.container_groups.iter().map(|(_, group)| group.sandbox);
        let commands = sandboxes.map(|sandbox| Command::Discard { sandbox }).collect();
        let config = Config { switches: self.switches.clone(), seed: 0, windows: self.windows };
        let pending = std::mem::take(&mut self.pending);
        *self = Self { now: self.now, ids: self.ids.clone(), pending, ..Self::new(config) };
        commands
    }

    /// Puts a world, as the store kept it, in the place of this one, and ends every container of this one. No id returns.
    pub fn load(&mut self, records: &Records, now: Timestamp) -> Vec<Command> {
        let mut commands = self.reset();
        let ids: Option<Ids> = records.get(IDS).and_then(Record::read);
        let ids = ids.unwrap_or_else(|| self.ids.clone()).beyond(&self.ids);
        let config = Config { switches: self.switches.clone(), seed: 0, windows: self.windows };
        let pending = std::mem::take(&mut self.pending);
        let (world, more) = Self::begin(config, Some(ids), records, self.now.max(now));
        *self = Self { pending, ..world };
        commands.extend(more);
        commands
    }

    /// Answers a request, or asks what it needs to know first.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> (Outcome, Vec<Command>) {
        self.pass(now);
        let subscription = path::subscription(&request.path);
        let trace = Trace { subscription, region: self.answering_region(request), method: &request.method };
        let taken = self.take_token(trace.subscription.as_deref(), &request.method);
        let outcome = match taken.and_then(|()| self.route(request)) {
            Ok(Outcome::Ask(question, ticket)) => Outcome::Ask(question, ticket),
            Ok(Outcome::Reply(answer)) => Outcome::Reply(self.finished(answer, &trace)),
            Err(refusal) => Outcome::Reply(self.finished(self.refused(&refusal), &trace)),
        };
        (outcome, std::mem::take(&mut self.commands))
    }

    /// Answers the request of a ticket, now that the fact is known. A ticket can be answered once.
    pub fn answer(&mut self, ticket: Ticket, fact: Fact, now: Timestamp) -> (Reply, Vec<Command>) {
        self.pass(now);
        let put = self.pending.remove(&ticket);
        let trace = Trace {
            subscription: put.as_ref().map(Put::subscription),
            region: put.as_ref().map(|put| put.location().to_owned()),
            method: "PUT",
        };
        let answer = put
            .ok_or_else(|| refusal::Refusal::NotImplemented("a ticket answered twice".to_owned()))
            .and_then(|put| self.finish_put(put, &fact))
            .unwrap_or_else(|refusal| self.refused(&refusal));
        let answer = self.finished(answer, &trace);
        (answer, std::mem::take(&mut self.commands))
    }

    /// Takes in what happened in the runtime.
    pub fn tell(&mut self, event: Event, now: Timestamp) -> Vec<Command> {
        self.pass(now);
        let (sandbox, container, happened) = taken_apart(event);
        for key in self.keys_of(sandbox) {
            if let Some(group) = self.container_groups.get_mut(&key) {
                lifecycle::tell(group, &container, happened.clone(), self.now, &mut self.commands);
            }
            self.settle(&key);
        }
        // What begins to run can be due for a first look at once.
        self.pass(now);
        std::mem::take(&mut self.commands)
    }

    /// Lets time pass: finishes transitions, ends back-offs.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Command> {
        self.pass(now);
        std::mem::take(&mut self.commands)
    }

    /// When [`World::advance`] next has something to do.
    pub fn due(&mut self) -> Option<Timestamp> {
        let (deletion, group) = (self.resource_groups.first_due(), self.container_groups.first_due());
        deletion.into_iter().chain(group).min()
    }

    /// What changed since the last call and must be kept before the answer goes out.
    pub fn changes(&mut self) -> Vec<Change> {
        let mut changes = self.subscriptions.changes();
        changes.extend(self.resource_groups.changes());
        changes.extend(self.labels.changes());
        changes.extend(self.container_groups.changes());
        changes.extend(self.resources.changes());
        changes.extend(self.operations.changes());
        if self.kept_ids.as_ref() != Some(&self.ids) {
            changes.push(Change { key: IDS.to_owned(), value: Record::of(&self.ids) });
            self.kept_ids = Some(self.ids.clone());
        }
        changes
    }

    /// How many requests wait for a fact.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    fn pass(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        let now = self.now;
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        for key in self.container_groups.due_by(now) {
            if let Some(group) = self.container_groups.get_mut(&key) {
                lifecycle::advance(group, now, &mut self.commands);
            }
            self.settle(&key);
        }
        self.end_deletions();
    }
}

fn taken_apart(event: Event) -> (SandboxId, String, Happened) {
    match event {
        Event::Pulled { sandbox, container, digest } => (sandbox, container, Happened::Pulled { digest }),
        Event::PullFailed { sandbox, container, reason } => {
            (sandbox, container, Happened::PullFailed { reason })
        }
        Event::Started { sandbox, container } => (sandbox, container, Happened::Started),
        Event::StartFailed { sandbox, container, reason } => {
            (sandbox, container, Happened::StartFailed { reason })
        }
        Event::MountFailed { sandbox, container, volume, reason } => {
            (sandbox, container, Happened::MountFailed { volume, reason })
        }
        Event::Probed { sandbox, container, probe, unwell } => {
            (sandbox, container, Happened::Probed { probe, unwell })
        }
        Event::Exited { sandbox, container, code, out_of_memory } => {
            (sandbox, container, Happened::Exited { code, out_of_memory })
        }
    }
}
