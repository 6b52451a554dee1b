//! Which runtime carries containers out here, and why that one.

use crate::clock::Clock;
use crate::home::Home;
use crate::options::{Choice, Options};
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

pub(crate) fn choose(
    options: &Options,
    home: Option<&Home>,
    clock: Clock,
    events: Events,
) -> Result<(Runtime, Chosen), NativeRefused> {
    let _ = home;
    let simulated = |why: String| {
        let simulated = Simulated::new(options.behaviours.clone(), clock, events);
        (
            Runtime::Simulated(simulated),
            Chosen {
                name: "simulated",
                why,
            },
        )
    };
    match options.runtime {
        Choice::Simulated => Ok(simulated("it was asked for".to_owned())),
        Choice::Native => Err(NativeRefused("it is not built in".to_owned())),
        Choice::Auto => Ok(simulated("the native runtime is not built in".to_owned())),
    }
}
