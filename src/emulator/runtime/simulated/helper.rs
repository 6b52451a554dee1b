//! The exec helper of a simulated image, by its protocol of version 1 (`containers/PROTOCOL.md`).
//!
//! Invariants: a command that is a run begins at most once in its container's life, and outlives its stream; one that is
//! none ends with its stream; what became of a run can be asked as long as its container lives. What a command would read
//! is taken and not looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use super::behaviour::Command;
use super::{GRACE, KILLED, TERMINATED};
use crate::clock::Clock;
use crate::runtime::ExecStream;

/// What a client calls.
pub(super) const PROGRAM: &str = "/acitask-exec";

/// How many messages wait in either direction.
const DEPTH: usize = 16;

/// The process of a container's first run; each further one has the next.
const FIRST_PROCESS: usize = 100;

/// What was begun by helpers, oldest first: program and arguments each.
pub(super) type Begun = Arc<Mutex<Vec<Vec<String>>>>;

/// What a container keeps of its runs; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs(Arc<Mutex<BTreeMap<String, Life>>>);

#[derive(Clone, Debug)]
enum Life {
    Running(usize, Signals),
    Ended(i32),
}

#[derive(Clone, Debug, Default)]
struct Signals {
    term: CancellationToken,
    kill: CancellationToken,
}

/// The container that a helper is called in.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) commands: Vec<Command>,
    pub(super) runs: Runs,
    pub(super) begun: Begun,
    pub(super) clock: Clock,
    /// Cancelled when the container has ended.
    pub(super) end: CancellationToken,
}

/// Calls the helper.
pub(super) fn open(place: Place) -> ExecStream {
    let (input, keys) = mpsc::channel(DEPTH);
    let (screen, output) = mpsc::channel(DEPTH);
    let (clock, end) = (place.clock.clone(), place.end.clone());
    let helper = run(place, Keys { keys, line: Vec::new() }, screen);
    clock.spawn(end.run_until_cancelled_owned(helper));
    ExecStream { input, output }
}

/// What a client asks of the helper.
#[derive(Debug, Default)]
struct Request {
    argv: Vec<String>,
    run: Option<String>,
}

async fn run(place: Place, mut keys: Keys, screen: mpsc::Sender<Bytes>) {
    say(&screen, "h 1").await;
    let mut request = Request::default();
    let mut continued = String::new();
    while let Some((letter, value)) = keys.next().await {
        match letter {
            'g' => return begin(&place, request, keys, screen).await,
            'q' => return say(&screen, &place.runs.told(&value)).await,
            'k' => {
                let (run, signal) = value.split_once(' ').unwrap_or((&value, ""));
                place.runs.signal(run, signal);
                return say(&screen, &place.runs.told(run)).await;
            }
            'a' => request.argv.push(value),
            'r' => request.run = Some(value),
            '+' if continued == "a" => {
                if let Some(argument) = request.argv.last_mut() {
                    argument.push_str(&value);
                }
            }
            '+' | 'e' | 'd' => {}
            _ => return failed(&screen, 125, "a bad frame").await,
        }
        if letter != '+' {
            continued = letter.to_string();
        }
    }
}

async fn begin(place: &Place, request: Request, keys: Keys, screen: mpsc::Sender<Bytes>) {
    let Some(command) = place.commands.iter().find(|command| command.argv == request.argv) else {
        return failed(&screen, 127, "no such file or directory").await;
    };
    let signals = Signals::default();
    let Some(process) = place.runs.begin(request.run.as_deref(), &signals) else {
        return failed(&screen, 125, "already").await;
    };
    place.begun.lock().unwrap_or_else(PoisonError::into_inner).push(request.argv);
    let course = async {
        say(&screen, &format!("p {process}")).await;
        for chunk in &command.chunks {
            place.clock.sleep(Duration::from_millis(chunk.after_ms)).await;
            say(&screen, &format!("o {}", STANDARD.encode(&chunk.text))).await;
        }
        command.code
    };
    let code = tokio::select! {
        biased;
        code = course => code,
        () = signals.term.cancelled(), if !command.ignores_term => TERMINATED,
        () = signals.kill.cancelled() => KILLED,
        () = listen(keys, request.run.is_some(), &place.clock, &signals) => KILLED,
    };
    if let Some(run) = request.run {
        place.runs.lives().insert(run, Life::Ended(code));
    }
    say(&screen, &format!("x {code}")).await;
}

/// Ends the command where the client says so, or goes away and the command is no run.
async fn listen(mut keys: Keys, is_run: bool, clock: &Clock, signals: &Signals) {
    loop {
        match keys.next().await {
            Some(('c', _)) => break,
            Some(_) => {}
            None if is_run => std::future::pending().await,
            None => break,
        }
    }
    signals.term.cancel();
    clock.sleep(GRACE).await;
}

impl Runs {
    fn lives(&self) -> MutexGuard<'_, BTreeMap<String, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process of a command that begins; nothing where it is a run that was begun before.
    fn begin(&self, run: Option<&str>, signals: &Signals) -> Option<usize> {
        let mut lives = self.lives();
        let process = FIRST_PROCESS + lives.len();
        let Some(run) = run else { return Some(process) };
        if lives.contains_key(run) {
            return None;
        }
        lives.insert(run.to_owned(), Life::Running(process, signals.clone()));
        Some(process)
    }

    fn signal(&self, run: &str, signal: &str) {
        if let Some(Life::Running(_, signals)) = self.lives().get(run) {
            match signal {
                "TERM" => signals.term.cancel(),
                _ => signals.kill.cancel(),
            }
        }
    }

    /// The line that tells what became of a run.
    fn told(&self, run: &str) -> String {
        match self.lives().get(run) {
            None => "t none".to_owned(),
            Some(Life::Running(process, _)) => format!("t running {process}"),
            Some(Life::Ended(code)) => format!("t ended {code}"),
        }
    }
}

/// The lines that a client types.
struct Keys {
    keys: mpsc::Receiver<Bytes>,
    line: Vec<u8>,
}

impl Keys {
    /// The letter of the next line and its value; nothing once the client is gone. Cancel safe.
    async fn next(&mut self) -> Option<(char, String)> {
        loop {
            if let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.line.drain(..=end).collect();
                return Some(parsed(&String::from_utf8_lossy(&line)));
            }
            self.line.extend(self.keys.recv().await?);
        }
    }
}

/// A line that is none has the letter `?`, which nothing knows.
fn parsed(line: &str) -> (char, String) {
    let (letter, value) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
    let value = STANDARD.decode(value).ok().and_then(|value| String::from_utf8(value).ok());
    match (letter.chars().next(), value) {
        (Some(letter), Some(value)) => (letter, value),
        _ => ('?', String::new()),
    }
}

async fn failed(screen: &mpsc::Sender<Bytes>, code: i32, why: &str) {
    say(screen, &format!("f {code} {}", STANDARD.encode(why))).await;
}

/// A client that is gone hears nothing.
async fn say(screen: &mpsc::Sender<Bytes>, line: &str) {
    let _ = screen.send(Bytes::from(format!("\x1e{line}\n"))).await;
}
