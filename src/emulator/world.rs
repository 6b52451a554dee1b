//! The emulator's whole state and every decision about it; pure.
//!
//! Invariants: no clock, no randomness but the seeded counter, no I/O. Time is told with every call and never goes back.
//! [`World::handle`] first advances to `now`. What must outlive the process is handed out by [`World::changes`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Command, Event, Fact, Outcome, Reply, Request, Ticket};

pub mod switches;
pub use switches::Switches;

/// How a world is made.
#[derive(Clone, Debug)]
pub struct Config {
    /// The open questions' settings.
    pub switches: Switches,
    /// Where ids come from.
    pub seed: u64,
}

/// A record that the store keeps: the newest value of a key, or that it is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The record's key.
    pub key: String,
    /// Its value; null: it is gone.
    pub value: Value,
}

/// The state.
#[derive(Debug)]
pub struct World {
    config: Config,
}

impl World {
    /// An empty world: one tenant, one subscription, nothing in it.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// The world as the store kept it; containers that ran are gone and are treated as restarted by the platform.
    pub fn restore(
        config: Config,
        records: BTreeMap<String, Value>,
        now: Timestamp,
    ) -> (Self, Vec<Command>) {
        let _ = (records, now);
        (Self::new(config), Vec::new())
    }

    /// The open questions' settings.
    pub fn switches(&self) -> &Switches {
        &self.config.switches
    }

    /// Changes the open questions' settings.
    pub fn set_switches(&mut self, switches: Switches) {
        self.config.switches = switches;
    }

    /// Answers a request, or asks what it needs to know first.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> (Outcome, Vec<Command>) {
        let _ = (request, now, &self.config);
        (
            Outcome::Reply(Reply {
                status: 501,
                headers: Vec::new(),
                body: crate::contract::Body::Empty,
            }),
            Vec::new(),
        )
    }

    /// Answers the request of a ticket, now that the fact is known.
    pub fn answer(&mut self, ticket: Ticket, fact: Fact, now: Timestamp) -> (Reply, Vec<Command>) {
        let _ = (ticket, fact, now);
        (
            Reply {
                status: 501,
                headers: Vec::new(),
                body: crate::contract::Body::Empty,
            },
            Vec::new(),
        )
    }

    /// Takes in what happened in the runtime.
    pub fn tell(&mut self, event: Event, now: Timestamp) -> Vec<Command> {
        let _ = (event, now);
        Vec::new()
    }

    /// Lets time pass: finishes transitions, ends back-offs.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Command> {
        let _ = now;
        Vec::new()
    }

    /// When [`World::advance`] next has something to do.
    pub fn due(&self) -> Option<Timestamp> {
        None
    }

    /// What changed since the last call and must be kept before the answer goes out.
    pub fn changes(&mut self) -> Vec<Change> {
        Vec::new()
    }
}
