//! The course of a command from its start to its end: one loop over what happens meanwhile.
//!
//! Invariant: all output is said before the end. The loop alone writes to the terminal; the threads
//! beside it only wait for one thing each and tell it. What a lost stream means
//! is decided here: a plain command ends with it, a run goes on in silence.

use std::io::{Read, Write};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use super::command::{Command, Pipes, end_of};
use super::frame::{Answer, Frame};
use super::stream::{Lines, Terminal};
use super::trace::Trace;

/// The most bytes of output in one frame.
const CHUNK: usize = 32 << 10;

/// How long a command may take to end by SIGTERM before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// How long the output may stay silent, once the command has ended, before nothing more is
/// expected: something that it left behind may hold its pipes open for ever.
const LINGER: Duration = Duration::from_secs(1);

/// How many pieces of input may wait for a command that does not read, before we stop reading too.
const WAITING_INPUT: usize = 64;

/// What happens while a command runs.
#[derive(Debug)]
pub enum Event {
    /// It wrote to its standard output.
    Output(Vec<u8>),
    /// It wrote to its standard error.
    ErrorOutput(Vec<u8>),
    /// One of its two outputs is closed.
    Closed,
    /// It ended with this code.
    Ended(u8),
    /// The client, or a signal to us, wants it to end.
    Cancelled,
    /// The terminal hung up, or the client no longer makes sense.
    Lost,
}

/// What the loss of the stream means to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It ends too.
    Ends,
    /// It goes on in silence: it is a run.
    GoesOn,
}

/// Follows a command to its end and says so. The answer is its code.
pub fn follow(command: Command, loss: Loss, terminal: &mut Terminal, events: &Receiver<Event>) -> u8 {
    let mut ended = None;
    let mut open = 2;
    let mut stopping = false;
    let mut kill_at: Option<Instant> = None;
    let code = loop {
        if let (Some(code), 0) = (ended, open) {
            break code;
        }
        // Looked at before the events: a command that never stops writing must not escape it.
        if kill_at.is_some_and(|at| Instant::now() >= at) {
            command.signal(Signal::KILL);
            kill_at = None;
        }
        let event = match (kill_at, ended) {
            (Some(at), _) => events.recv_timeout(at.saturating_duration_since(Instant::now())),
            (None, Some(_)) => events.recv_timeout(LINGER),
            (None, None) => events.recv().map_err(RecvTimeoutError::from),
        };
        let stop = match event {
            Ok(Event::Output(bytes)) => !terminal.say(Answer::Output(&bytes)) && loss == Loss::Ends,
            Ok(Event::ErrorOutput(bytes)) => !terminal.say(Answer::ErrorOutput(&bytes)) && loss == Loss::Ends,
            Ok(Event::Closed) => {
                open -= 1;
                false
            }
            Ok(Event::Ended(code)) => {
                ended = Some(code);
                false
            }
            Ok(Event::Cancelled) => true,
            Ok(Event::Lost) => {
                terminal.lose();
                loss == Loss::Ends
            }
            Err(_) => match (kill_at, ended) {
                (None, Some(code)) => break code,
                _ => false,
            },
        };
        if stop && !stopping {
            command.signal(Signal::TERM);
            kill_at = Some(Instant::now() + GRACE);
            stopping = true;
        }
    };
    if stopping {
        // It may have ended by the first signal; what it left behind ends by the second.
        command.signal(Signal::KILL);
    }
    command.reap();
    terminal.say(Answer::Ended(code));
    code
}

/// Watches the two outputs, the end and the client of a command. The end is written to the trace
/// at once: a client that has stopped to read holds up the loop, and must not hold up the truth.
pub fn watch(
    command: &Command,
    pipes: Pipes,
    lines: Lines,
    trace: Option<Trace>,
    events: &SyncSender<Event>,
) {
    let Pipes { input, output, errors } = pipes;
    let (sender, waiting) = sync_channel(WAITING_INPUT);
    let pid = command.pid();
    let tell = || events.clone();
    let (to_output, to_errors, to_end, to_lines) = (tell(), tell(), tell(), tell());
    thread::spawn(move || drain(output, Event::Output, &to_output));
    thread::spawn(move || drain(errors, Event::ErrorOutput, &to_errors));
    thread::spawn(move || {
        let code = end_of(pid);
        if let Some(mut trace) = trace {
            trace.ended(code);
        }
        to_end.send(Event::Ended(code))
    });
    thread::spawn(move || feed(input, &waiting));
    thread::spawn(move || listen(lines, sender, &to_lines));
}

/// Turns the signals that we get into events: a hang-up is the loss of the stream, and being told
/// to end is a cancel. Without this a hang-up would end us and leave a run without its end.
pub fn heed(mut signals: Signals, events: SyncSender<Event>) {
    thread::spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGHUP { Event::Lost } else { Event::Cancelled };
            if events.send(event).is_err() {
                return;
            }
        }
    });
}

/// Tells what comes out of a pipe until it is closed.
fn drain(mut pipe: impl Read, event: fn(Vec<u8>) -> Event, events: &SyncSender<Event>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let told = match pipe.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => {
                let _ = events.send(Event::Closed);
                return;
            }
            Ok(read) => events.send(event(chunk.get(..read).unwrap_or_default().to_vec())),
        };
        if told.is_err() {
            return;
        }
    }
}

/// Hands input on to the command; a command that has closed its input loses it.
fn feed(mut input: ChildStdin, waiting: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = waiting.recv() {
        if input.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// Listens to the client until it goes. Its input ends with it.
fn listen(mut lines: Lines, input: SyncSender<Vec<u8>>, events: &SyncSender<Event>) {
    let mut input = Some(input);
    loop {
        let told = match lines.frame() {
            Ok(Frame::Input(bytes) | Frame::More(bytes)) => {
                if let Some(input) = &input {
                    // The command may have closed its input; the client learns it by the end.
                    let _ = input.send(bytes);
                }
                Ok(())
            }
            Ok(Frame::InputEnd) => {
                input = None;
                Ok(())
            }
            Ok(Frame::Cancel) => events.send(Event::Cancelled),
            Ok(_) | Err(_) => {
                let _ = events.send(Event::Lost);
                return;
            }
        };
        if told.is_err() {
            return;
        }
    }
}
