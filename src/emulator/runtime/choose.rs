//! Which runtime carries containers out here, and why that one.

use std::error::Error;

use crate::clock::Clock;
use crate::home::Home;
use crate::options::{Choice, Options, Time};
use crate::runtime::docker::{self, Docker};
use crate::runtime::native::{self, Native};
use crate::runtime::simulated::Simulated;
use crate::runtime::{Events, Runtime};

/// The runtime that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// `native`, `docker` or `simulated`.
    pub name: &'static str,
    /// Why that one, for people.
    pub why: String,
}

/// The runtime that was asked for does not work here.
#[derive(Debug, thiserror::Error)]
#[error("the {name} runtime does not work here: {reason}")]
pub struct RuntimeRefused {
    name: &'static str,
    reason: String,
}

/// What explicit time has to do with the choice.
const STANDS_STILL: &str = "time is explicit, and what really runs does not stand still";

pub(crate) async fn choose(
    options: &Options,
    home: Option<&Home>,
    clock: Clock,
    events: Events,
) -> Result<(Runtime, Chosen), RuntimeRefused> {
    let is_still = options.time == Time::Explicit;
    let refused = |name| move |reason| RuntimeRefused { name, reason };
    match options.runtime {
        Choice::Native if is_still => Err(refused("native")(STANDS_STILL.to_owned())),
        Choice::Docker if is_still => Err(refused("docker")(STANDS_STILL.to_owned())),
        Choice::Auto if is_still => Ok(simulated(options, clock, events, STANDS_STILL.to_owned())),
        Choice::Simulated => Ok(simulated(options, clock, events, "it was asked for".to_owned())),
        Choice::Native => {
            let runtime = native(options, home, events).await.map_err(refused("native"))?;
            Ok(chosen_native(runtime, "it was asked for"))
        }
        Choice::Docker => {
            let runtime = docker(options, home, events).await.map_err(refused("docker"))?;
            Ok(chosen_docker(runtime, "it was asked for"))
        }
        Choice::Auto => {
            let no_native = match native(options, home, events.clone()).await {
                Ok(runtime) => return Ok(chosen_native(runtime, "this machine can run containers")),
                Err(reason) => format!("the native runtime does not work here: {reason}"),
            };
            let no_docker = match docker(options, home, events.clone()).await {
                Ok(runtime) => return Ok(chosen_docker(runtime, &no_native)),
                Err(reason) => reason,
            };
            Ok(simulated(options, clock, events, format!("{no_native}; {no_docker}")))
        }
    }
}

fn simulated(options: &Options, clock: Clock, events: Events, why: String) -> (Runtime, Chosen) {
    let runtime = Simulated::new(options.behaviours.clone(), clock, events);
    (Runtime::Simulated(runtime), Chosen { name: "simulated", why })
}

fn chosen_native(runtime: Native, why: &str) -> (Runtime, Chosen) {
    let limits = runtime
        .unlimited()
        .map(|reason| format!("; containers run without limits of CPU and memory: {reason}"));
    let why = why.to_owned() + &limits.unwrap_or_default();
    (Runtime::Native(runtime), Chosen { name: "native", why })
}

fn chosen_docker(runtime: Docker, why: &str) -> (Runtime, Chosen) {
    let why = format!("{why}; containers run in {}", runtime.engine());
    (Runtime::Docker(runtime), Chosen { name: "docker", why })
}

/// The native runtime once a container was really built up.
async fn native(options: &Options, home: Option<&Home>, events: Events) -> Result<Native, String> {
    let home = home.ok_or(NEEDS_A_HOME)?;
    let options = native::Options {
        images: options.images.clone(),
        scratch: home.scratch(),
        logs: Some(home.logs()),
        shares: home.shares(),
        init: options.init.clone(),
    };
    let native = Native::new(options, events).map_err(|error| chain(&error))?;
    native.probe().await?;
    Ok(native)
}

/// The docker runtime once an engine has answered.
async fn docker(options: &Options, home: Option<&Home>, events: Events) -> Result<Docker, String> {
    let home = home.ok_or(NEEDS_A_HOME)?;
    let options = docker::Options {
        addresses: options.engines.clone(),
        images: options.images.clone(),
        logs: Some(home.logs()),
        shares: home.shares(),
        clones: home.scratch().join("clones"),
        owner: home.name().map_err(|error| chain(&error))?,
    };
    Docker::open(options, events).await.map_err(|error| chain(&error))
}

const NEEDS_A_HOME: &str = "it needs a state folder";

/// An error with its causes on one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
