//! Commands in a running container.
//!
//! The service takes one command string, gives a terminal over a websocket, and tells no exit code. So a command is
//! carried one of three [`Way`]s, tried in their order: by the helper `/acitask-exec`, whose frames carry everything;
//! by a shell, whose marks carry the exit code; bare, with neither.
//!
//! Invariant: a command is handed to one way only. The next way is tried only where the one before has shown that its
//! program is not in the container, that is, before anything was begun.

mod bare;
mod frame;
mod helper;
mod interactive;
mod script;
mod sh;
mod shell;
mod terminal;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Arm;
use super::fault::Fault;
use crate::model::name::GroupId;
use crate::model::record::RunId;
use crate::model::secret::Secret;

pub use interactive::{Conversation, converse};
pub use terminal::{Heard, Terminal};

/// A command as it is to be carried out.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Environment beside the container's own.
    pub env: Vec<(String, Secret)>,
    /// The folder it runs in; absent: the container's.
    pub dir: Option<String>,
    /// Makes it a run: it outlives the stream, leaves a trace, and is never begun twice under one id.
    pub run: Option<RunId>,
    /// Which attempt of the run it is, from 1 on.
    pub attempt: u32,
    /// Lower-case letters and digits, 4 to 32, that nobody can foresee; they set our marks apart from output.
    pub nonce: String,
}

/// What a command is handed and hands back while it runs.
#[derive(Debug)]
pub struct Streams {
    /// What it reads, as it comes; the end of the channel is the end of its input. Absent: it reads nothing.
    pub input: Option<mpsc::Receiver<Bytes>>,
    /// Takes its output as it comes; where nobody listens, output is lost and nothing else.
    pub output: mpsc::Sender<Output>,
}

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// On its standard output; by a shell and bare, its standard error too.
    Stdout(Bytes),
    /// On its standard error.
    Stderr(Bytes),
}

/// How a command is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By the helper: exact bytes, standard error apart, exit code.
    Helper,
    /// By a shell: exit code; line ends may be changed where the image has no `stty`.
    Shell,
    /// The command alone: no exit code.
    Bare,
}

/// A command that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code, 128 + n where signal n ended it; absent where it was carried bare.
    pub code: Option<i32>,
    /// How it was carried.
    pub how: Way,
}

/// What a container tells of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It is alive.
    Running(u32),
    /// It has ended with this code.
    Ended(i32),
    /// It was never begun in this container's life.
    NeverBegan,
    /// It was begun, and is gone without having said how it ended.
    Lost,
    /// The container can tell nothing.
    Unknown,
}

/// A signal to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Asks it to end.
    Term,
    /// Ends it.
    Kill,
}

/// A command whose end is not known, or that was never begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecFault {
    /// The service refused the exec, or could not be reached; nothing was begun.
    #[error(transparent)]
    Call(#[from] Fault),
    /// The stream broke off.
    #[error("the stream to the container broke off {}", if *.begun { "while the command ran" } else { "before the command began" })]
    Cut {
        /// Whether the command may have been begun.
        begun: bool,
    },
    /// The program could not be started: 127 it is not there, 126 it is not executable, 125 the helper could not.
    #[error("the command could not be started: {message}")]
    NotStarted {
        /// The exit code that a shell would give.
        code: i32,
        /// Why.
        message: String,
    },
    /// A run of this id was begun before in this container's life.
    #[error("this run was begun in the container before")]
    AlreadyBegun,
    /// What is wanted cannot be carried the way that this container offers.
    #[error("{0}")]
    Unfit(&'static str),
    /// It was cancelled; the command was told to end.
    #[error("cancelled")]
    Cancelled,
    /// The other end does not keep to what was agreed.
    #[error("the container's answer is not understood: {0}")]
    Protocol(&'static str),
}

impl Command {
    /// The environment beside the container's own: which run it is, then what was asked for, which may say otherwise.
    fn environment(&self) -> Vec<(String, Secret)> {
        let run = self.run.iter().flat_map(|run| run.environment(self.attempt));
        let told = run.map(|(name, value)| (name.to_owned(), Secret::new(value)));
        told.chain(self.env.iter().cloned()).collect()
    }
}

impl Way {
    const ALL: [Self; 3] = [Self::Helper, Self::Shell, Self::Bare];
}

/// A container and its group.
type Place<'a> = (&'a GroupId, &'a str);

/// What became of trying one way.
enum Tried<T> {
    /// It was carried this way.
    Carried(T),
    /// The way's program is not in the container; nothing was begun.
    Missing,
}

/// Carries out a command, feeds it and hands its output on as it comes. Once it is cancelled the command is ended in its
/// container, first by SIGTERM and after two seconds by SIGKILL; only one that is carried bare cannot be, and is hung up on.
///
/// # Errors
/// Where the command was not begun, was cancelled, or its end is not known.
pub async fn run(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    command: &Command,
    streams: &mut Streams,
    cancel: &CancellationToken,
) -> Result<Ended, ExecFault> {
    check(command)?;
    let place = (id, container);
    for way in ways(arm, id, container) {
        let tried = match way {
            Way::Helper => helper::run(arm, place, command, streams, cancel).await?,
            Way::Shell => sh::run(arm, place, command, streams, cancel).await?,
            Way::Bare => Tried::Carried(bare::run(arm, place, command, streams, cancel).await?),
        };
        if let Tried::Carried(code) = tried {
            arm.remember_way(id, container, way);
            return Ok(Ended { code, how: way });
        }
    }
    Err(ExecFault::Protocol("neither helper nor shell nor the command answers"))
}

/// Asks the container what became of a run.
///
/// # Errors
/// Where it could not be asked.
pub async fn query(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    run: &RunId,
    nonce: &str,
) -> Result<Trace, ExecFault> {
    ask(arm, id, container, run, None, nonce).await
}

/// Sends a signal to a run, and tells what became of it.
///
/// # Errors
/// Where it could not be sent.
pub async fn signal(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    run: &RunId,
    signal: Signal,
    nonce: &str,
) -> Result<Trace, ExecFault> {
    ask(arm, id, container, run, Some(signal), nonce).await
}

async fn ask(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    run: &RunId,
    signal: Option<Signal>,
    nonce: &str,
) -> Result<Trace, ExecFault> {
    check_run(run)?;
    check_nonce(nonce)?;
    for way in ways(arm, id, container) {
        let tried = match way {
            Way::Helper => helper::ask(arm, (id, container), run, signal).await?,
            Way::Shell => sh::ask(arm, (id, container), run, signal, nonce).await?,
            Way::Bare => return Ok(Trace::Unknown),
        };
        if let Tried::Carried(trace) = tried {
            arm.remember_way(id, container, way);
            return Ok(trace);
        }
    }
    Ok(Trace::Unknown)
}

/// The ways worth trying: from the one that worked before on.
fn ways(arm: &Arm, id: &GroupId, container: &str) -> impl Iterator<Item = Way> {
    let known = arm.known_way(id, container).unwrap_or(Way::Helper);
    Way::ALL.into_iter().filter(move |way| *way >= known)
}

fn check(command: &Command) -> Result<(), ExecFault> {
    let Command { argv, env, dir, run, attempt: _, nonce } = command;
    let unfit = |what| Err(ExecFault::Unfit(what));
    if argv.first().is_none_or(String::is_empty) {
        return unfit("a command needs a program");
    }
    if argv.iter().chain(dir).any(|text| text.contains('\0')) {
        return unfit("a command cannot hold a null character");
    }
    if env
        .iter()
        .any(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.expose().contains('\0'))
    {
        return unfit("an environment variable's name cannot be empty or hold = or a null character");
    }
    run.as_ref().map_or(Ok(()), check_run)?;
    check_nonce(nonce)
}

/// The id becomes part of a file name in the container.
fn check_run(run: &RunId) -> Result<(), ExecFault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let text = run.as_str();
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    if fits {
        Ok(())
    } else {
        Err(ExecFault::Unfit("a run id is 1 to 64 lower-case letters, digits and hyphens"))
    }
}

fn check_nonce(nonce: &str) -> Result<(), ExecFault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (4..=32).contains(&nonce.len()) && nonce.bytes().all(plain);
    if fits { Ok(()) } else { Err(ExecFault::Unfit("a nonce is 4 to 32 lower-case letters and digits")) }
}
