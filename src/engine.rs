//! Observes the cloud and carries plans out, telling what happens as [`event::Event`]s.
//!
//! Invariants: it never prints and never diffs; every change it makes is a step of a sealed plan or the bookkeeping of one;
//! retries live here, visible and bounded; a wait always ends. Interrupted anywhere, what it leaves behind is enough for
//! the next plan to end where an undisturbed one would have ended.

mod apply;
pub mod archive;
mod crowd;
pub mod event;
mod group;
pub mod lease;
mod ledger;
mod logs;
mod mask;
mod observe;
mod pacer;
mod resource_group;
mod retry;
mod room;
mod run;
mod step;
mod wait;
mod watch;

pub use apply::{Options, apply};
pub use logs::Follower;
pub use observe::{observe, survey, view};
pub use pacer::Rates;

#[cfg(test)]
mod tests;
