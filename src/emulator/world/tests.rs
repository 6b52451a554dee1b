//! Tests of the world as a whole, with a runtime that does at once what it is told.

mod arm;
mod catalogue;
mod coverage;
pub(super) mod dice;
mod eras;
mod laws;
mod life;
mod order;
mod probes;
mod provider;
mod recorded;
mod refusals;
mod restored;
mod shown;
mod stage;
mod updates;
