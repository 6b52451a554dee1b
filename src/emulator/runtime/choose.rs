//! Which runtime carries containers out here, and why that one.

use std::error::Error;

use crate::clock::Clock;
use crate::home::Home;
use crate::options::{Choice, Options, Time};
use crate::runtime::native::{self, Native};
use crate::runtime::simulated::Simulated;
use crate::runtime::{Events, Runtime};

/// The runtime that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// `native` or `simulated`.
    pub name: &'static str,
    /// Why that one, for people.
    pub why: String,
}

/// The native runtime was asked for and does not work here.
#[derive(Debug, thiserror::Error)]
#[error("the native runtime does not work here: {0}")]
pub struct NativeRefused(String);

/// What explicit time has to do with the choice.
const STANDS_STILL: &str = "time is explicit, and what really runs does not stand still";

pub(crate) async fn choose(
    options: &Options,
    home: Option<&Home>,
    clock: Clock,
    events: Events,
) -> Result<(Runtime, Chosen), NativeRefused> {
    let asked = || "it was asked for".to_owned();
    let simulated = |events, why| {
        let runtime = Simulated::new(options.behaviours.clone(), clock, events);
        let name = "simulated";
        (Runtime::Simulated(runtime), Chosen { name, why })
    };
    let native = |runtime: Native, why: String| {
        let limits = runtime
            .unlimited()
            .map(|reason| format!("; containers run without limits of CPU and memory: {reason}"));
        let why = why + &limits.unwrap_or_default();
        let name = "native";
        (Runtime::Native(runtime), Chosen { name, why })
    };
    match options.runtime {
        Choice::Native if options.time == Time::Explicit => Err(NativeRefused(STANDS_STILL.to_owned())),
        Choice::Auto if options.time == Time::Explicit => Ok(simulated(events, STANDS_STILL.to_owned())),
        Choice::Simulated => Ok(simulated(events, asked())),
        Choice::Native => match tried(options, home, events).await {
            Ok(runtime) => Ok(native(runtime, asked())),
            Err(reason) => Err(NativeRefused(reason)),
        },
        Choice::Auto => match tried(options, home, events.clone()).await {
            Ok(runtime) => Ok(native(runtime, "this machine can run containers".to_owned())),
            Err(reason) => {
                let why = format!("the native runtime does not work here: {reason}");
                Ok(simulated(events, why))
            }
        },
    }
}

/// The native runtime once a container was really built up.
async fn tried(options: &Options, home: Option<&Home>, events: Events) -> Result<Native, String> {
    let home = home.ok_or_else(|| "it needs a state folder".to_owned())?;
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

/// An error with its causes on one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
