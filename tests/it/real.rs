//! The real program against an emulator with real sockets and, where a task runs, real containers.
//!
//! Each test has a stand of its own, so that all of them run beside each other.

mod build;
mod digests;
mod edits;
mod emulator;
mod exec;
mod gate;
mod images;
mod import;
mod interactive;
mod kill;
mod language;
mod lease;
mod lifecycle;
mod quickstart;
mod reads;
mod refusals;
mod reports;
mod reviewed;
mod scale;
mod secrets;
mod site;
mod stand;
mod switches;
mod world;

/// Tells people something whether or not the test fails; the harness hides what is printed otherwise.
fn say(text: &str) {
    use std::io::Write as _;
    // Nothing is left to tell it to when the error stream is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
