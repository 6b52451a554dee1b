//! Observes the cloud and carries plans out, telling what happens as [`event::Event`]s. It never prints and never diffs.

pub mod event;
