//! Everything above the wire and everything below it in one process, under paused time: minutes of polling cost
//! milliseconds, dates are fixed, and each test goes the same way every time.

mod attempts;
mod bench;
mod faults;
mod fields;
mod laws;
mod logs;
mod matrix;
mod moved;
mod pending;
mod properties;
mod refused;
mod room;
mod runs;
mod settings;
mod stops;
mod strong;
mod transcripts;
mod verbs;
mod watch;
mod wire;
