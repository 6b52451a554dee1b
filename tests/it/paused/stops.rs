//! The stop matrix: asked to stop, or gone, at each request of four scenarios, before or after the service has it, and
//! applied again: the same world, and each task ran once. Requests stand before, in and after each step, so that every
//! place of it is met. Under every switch of the emulator and with our clock wrong; it prints its counts.
//!
//! That a process which is killed is one that is gone, `real::kill` shows.

use super::settings::{Ending, Scenario, every_point};
use super::wire::Trouble;

/// How many points are left out between two that are taken.
const STRIDE: usize = 61;

fn stops(_: &Scenario) -> Vec<(&'static str, Trouble, Ending)> {
    let stops = [
        ("asked to stop", Trouble::AskedToStop),
        ("asked to stop, and gone", Trouble::StoppedAndGone),
        ("gone before", Trouble::GoneBefore),
        ("gone after", Trouble::GoneAfter),
    ];
    stops.map(|(name, trouble)| (name, trouble, Ending::Same)).into()
}

#[test]
fn every_stop_at_every_request_ends_the_same() {
    let counts = every_point("stop matrix", STRIDE, &stops);
    assert!(counts.points > 100 && counts.disturbed > 0, "{counts:?}");
}
