//! The main process of the strong image: it stays alive so that tasks can be run in its container.
//!
//! Invariant: SIGTERM and SIGINT end it at once with code 0, and as process 1 it leaves no zombie
//! of a task whose parent went away. It starts nothing itself.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use rustix::process::{WaitOptions, wait};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Says one line and waits to be told to end. Takes no arguments. Exit codes: 0 told to end,
/// 1 signals cannot be watched, 2 arguments were given.
pub fn main(arguments: &[OsString]) -> ExitCode {
    if !arguments.is_empty() {
        tell(std::io::stderr(), "strong: takes no arguments");
        return ExitCode::from(2);
    }
    // Watching begins before the line is shown: whoever reads the line may send a signal.
    let mut signals = match Signals::new([SIGTERM, SIGINT, SIGCHLD]) {
        Ok(signals) => signals,
        Err(error) => {
            tell(std::io::stderr(), &format!("strong: cannot watch signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    tell(std::io::stdout(), "strong: waiting for tasks; exec /strong_task/post to run one");
    reap();
    for signal in signals.forever() {
        if signal != SIGCHLD {
            break;
        }
        reap();
    }
    ExitCode::SUCCESS
}

/// Collects every child that has ended. Having none is the normal case.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// Writes a line. A closed stream is no reason to end: the tasks are what matters.
fn tell(mut stream: impl Write, line: &str) {
    let _ = writeln!(stream, "{line}");
    let _ = stream.flush();
}
