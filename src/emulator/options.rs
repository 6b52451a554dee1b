//! How an emulator is made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::fault::Fault;
use crate::runtime::simulated::behaviour::Behaviour;
use crate::world::Switches;

/// Which runtime carries containers out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Native where this machine can, else docker where an engine answers, else simulated.
    #[default]
    Auto,
    /// Real processes, or no emulator.
    Native,
    /// Containers of an engine with Docker's API, or no emulator.
    Docker,
    /// Nothing runs.
    Simulated,
}

/// How the emulator's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// As everywhere.
    #[default]
    Real,
    /// It stands still and moves only by [`Emulator::advance`](crate::Emulator::advance). For the simulated runtime
    /// only: what really runs does not stand still.
    Explicit,
}

/// Who can reach a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Programs of this machine: every listener is on a loopback address.
    #[default]
    ThisMachine,
    /// Other machines too, by an address of this one. Whoever has the secret can run containers here, and what they say
    /// goes over plain http.
    OtherMachines,
}

/// What an emulator is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state folder; none: all is in memory and gone with the emulator.
    pub state: Option<PathBuf>,
    /// Which runtime.
    pub runtime: Choice,
    /// The program that has the native runtime's hidden verbs.
    pub init: PathBuf,
    /// Where a container engine may listen, tried in this order
    /// ([`usual_addresses`](crate::runtime::docker::usual_addresses) where nobody says).
    pub engines: Vec<String>,
    /// Where images are kept.
    pub images: PathBuf,
    /// What images do in the simulated runtime, by name; others do what their names say
    /// ([`behaviour::of`](crate::runtime::simulated::behaviour::of)).
    pub behaviours: BTreeMap<String, Behaviour>,
    /// The open questions about the service.
    pub switches: Switches,
    /// What is to go wrong from the beginning.
    pub faults: Vec<Fault>,
    /// Where ids come from: the same requests with the same seed give the same ids.
    pub seed: u64,
    /// Scheme and authority for requests that name no host, as those in memory may; its host is taken beside
    /// the loopback ones.
    pub origin: String,
    /// What the clock shows at the beginning; none: the time, or where an explicit clock of this state folder stood
    /// where that is later.
    pub start: Option<Timestamp>,
    /// How time passes.
    pub time: Time,
    /// Who can reach it where it serves.
    pub reach: Reach,
    /// Which build of the program this is; told by `health` and the state folder.
    pub build: String,
}

impl Options {
    /// An emulator in memory with the simulated runtime, under which the same requests give the same answers.
    pub fn in_memory() -> Self {
        Self {
            state: None,
            runtime: Choice::Simulated,
            init: PathBuf::new(),
            engines: Vec::new(),
            images: PathBuf::new(),
            behaviours: BTreeMap::new(),
            switches: Switches::default(),
            faults: Vec::new(),
            seed: 0,
            origin: "http://localhost".to_owned(),
            start: None,
            time: Time::Real,
            reach: Reach::ThisMachine,
            build: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
