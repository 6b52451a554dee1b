//! The exec helper: runs one command over a terminal, byte for byte and with its exit code.
//!
//! The exec of Azure Container Instances is a terminal at the far end of a websocket: it echoes,
//! it turns line ends, it cuts long lines, it mixes standard error into the output, it splits the
//! command at spaces and it tells no exit code. This helper is called without arguments, makes
//! its terminal raw and speaks lines that survive all that.
//!
//! Invariant: one call, one request. What it says on its standard output is the protocol and
//! nothing else.
//!
#![doc = include_str!("../../PROTOCOL.md")]

pub mod command;
pub mod course;
pub mod frame;
pub mod request;
pub mod stream;
pub mod trace;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::time::{SystemTime, UNIX_EPOCH};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use course::Loss;
use frame::Answer;
use request::{Draft, Order, Request};
use stream::{Lines, Silence, Terminal};
use trace::Beginning;

/// The code for what is the helper's own fault, or its client's.
const OWN_FAULT: u8 = 125;

/// How many events may wait for the loop: enough to overlap reading and writing, and few enough
/// that a client that does not read holds the command up.
const WAITING_EVENTS: usize = 4;

/// Serves one request. Exit codes: the command's own, 0 after a query, 125 for the helper's own
/// fault, 126 and 127 for a command that could not start.
pub fn main(arguments: &[OsString]) -> ExitCode {
    if !arguments.is_empty() {
        return complain("takes no arguments: it reads its request from its terminal");
    }
    match stream::open() {
        Ok((mut terminal, lines)) => ExitCode::from(serve(&mut terminal, lines)),
        Err(error) => complain(&format!("no terminal: {error}")),
    }
}

/// Says hello, reads the request and carries it out. The answer is the exit code.
fn serve(terminal: &mut Terminal, mut lines: Lines) -> u8 {
    terminal.say(Answer::Hello);
    match listen(&mut lines) {
        Ok(Request::Start(order)) => start(terminal, lines, &order),
        Ok(Request::Query(id)) => {
            terminal.say(Answer::Told(trace::query(Path::new(trace::FOLDER), &id)));
            0
        }
        Ok(Request::Signal(id, stop)) => {
            terminal.say(Answer::Told(trace::signal(Path::new(trace::FOLDER), &id, stop)));
            0
        }
        Err(why) => fail(terminal, OWN_FAULT, &why),
    }
}

/// Reads frames until they are a request, or the reason why they are none.
fn listen(lines: &mut Lines) -> Result<Request, String> {
    let mut draft = Draft::default();
    loop {
        let frame = lines.frame().map_err(|silence| match silence {
            Silence::Gone => "the stream ended before the request".to_owned(),
            Silence::Bad(frame) => frame.to_string(),
        })?;
        if let Some(request) = draft.take(frame).map_err(|error| error.to_string())? {
            return Ok(request);
        }
    }
}

/// Starts a command and follows it. A run leaves its trace first.
fn start(terminal: &mut Terminal, lines: Lines, order: &Order) -> u8 {
    // From here on a hang-up must not end us; before, there is nothing to stay for.
    let signals = match Signals::new([SIGHUP, SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => return fail(terminal, OWN_FAULT, &format!("signals: {error}")),
    };
    let mut trace = None;
    if let Some(id) = &order.run {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        trace = match trace::begin(Path::new(trace::FOLDER), id, now) {
            Beginning::Begun(trace) => Some(trace),
            Beginning::Unwritable => None,
            Beginning::Already => return fail(terminal, OWN_FAULT, "already"),
        };
    }
    match command::start(order) {
        Ok((command, pipes)) => {
            let pid = command.pid().as_raw_nonzero().get().unsigned_abs();
            if let Some(trace) = &mut trace {
                trace.started(pid);
            }
            terminal.say(Answer::Started(pid));
            let (sender, events) = sync_channel(WAITING_EVENTS);
            course::heed(signals, sender.clone());
            course::watch(&command, pipes, lines, trace, &sender);
            let loss = if order.run.is_some() { Loss::GoesOn } else { Loss::Ends };
            course::follow(command, loss, terminal, &events)
        }
        Err(error) => {
            if let Some(trace) = &mut trace {
                trace.ended(error.code());
            }
            fail(terminal, error.code(), &error.to_string())
        }
    }
}

/// Says why nothing was started.
fn fail(terminal: &mut Terminal, code: u8, why: &str) -> u8 {
    terminal.say(Answer::Failed(code, why));
    code
}

/// Tells a person who called us by hand.
fn complain(what: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "acitask-exec: {what}");
    ExitCode::from(OWN_FAULT)
}
