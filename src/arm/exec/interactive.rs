//! A command on a terminal that a person sits at: by a shell, which tells its exit code and carries any argument; without
//! one bare. The helper is no way here, because it keeps the command from its terminal.
//!
//! The service takes the size of the terminal once; later changes of it have no way to the command.
//! Source: ContainerExecRequest of the Container Instances API, whose websocket has no message for it.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::shell::Event;
use super::terminal::{Heard, Terminal};
use super::{Command, Ended, ExecFault, Output, Place, Way, bare, check, script, sh};
use crate::arm::Arm;

/// A person's side of a conversation with a command.
#[derive(Debug)]
pub struct Conversation {
    /// Rows and columns of the terminal.
    pub size: (u16, u16),
    /// What is typed; its end means that the terminal is gone.
    pub keys: mpsc::Receiver<Bytes>,
    /// Takes what the command says.
    pub output: mpsc::Sender<Output>,
}

/// Gives the command a terminal: what is typed goes to it, what it says comes back.
///
/// # Errors
/// Where it was not started, was cancelled (also by the end of what is typed), or its stream broke off.
pub async fn converse(
    arm: &Arm,
    place: Place<'_>,
    command: &Command,
    talk: &mut Conversation,
    cancel: &CancellationToken,
) -> Result<Ended, ExecFault> {
    check(command)?;
    let shell = sh::begin(arm, place, &command.nonce, talk.size, cancel).await?;
    let (mut side, how) = match shell {
        Some(shell) => {
            shell.terminal.send(script::interactive(command, shell.line)?);
            (Side::Shell(shell), Way::Shell)
        }
        None => {
            let line = bare::line(command)?;
            let (rows, cols) = talk.size;
            let terminal = arm.exec(place.0, place.1, &line, rows, cols).await?;
            (Side::Bare { terminal, heard: bare::Head::default() }, Way::Bare)
        }
    };
    let ended = tokio::select! {
        ended = follow(&mut side, talk) => ended,
        () = cancel.cancelled() => Err(ExecFault::Cancelled),
    };
    // Its processes get the hang-up of their terminal, as those of any terminal that is closed.
    match side {
        Side::Shell(shell) => shell.terminal.close().await,
        Side::Bare { terminal, .. } => terminal.close().await,
    }
    ended.map(|code| Ended { code, how })
}

/// The command's side.
enum Side {
    Shell(sh::Shell),
    Bare { terminal: Terminal, heard: bare::Head },
}

impl Side {
    fn terminal(&mut self) -> &mut Terminal {
        match self {
            Self::Shell(shell) => &mut shell.terminal,
            Self::Bare { terminal, .. } => terminal,
        }
    }

    /// What is typed before the command has begun would be read by the shell.
    fn listens(&self) -> bool {
        match self {
            Self::Shell(shell) => shell.begun.is_some(),
            Self::Bare { .. } => true,
        }
    }
}

async fn follow(side: &mut Side, talk: &mut Conversation) -> Result<Option<i32>, ExecFault> {
    loop {
        let listens = side.listens();
        let heard = tokio::select! {
            heard = side.terminal().recv() => heard,
            typed = talk.keys.recv(), if listens => match typed {
                Some(bytes) => {
                    side.terminal().send(bytes);
                    continue;
                }
                None => return Err(ExecFault::Cancelled),
            },
        };
        match (&mut *side, heard) {
            (Side::Shell(shell), Heard::Bytes(bytes)) => {
                for event in shell.marks.feed(&bytes) {
                    match event {
                        Event::Begun(process) => shell.begun = Some(process),
                        Event::Ready(_) => shell.terminal.send(script::SETTLED),
                        Event::Output(bytes) => drop(talk.output.send(Output::Stdout(bytes)).await),
                        event => {
                            if let Some(end) = sh::ending(event) {
                                return end.map(Some);
                            }
                        }
                    }
                }
            }
            (Side::Shell(shell), Heard::Closed | Heard::Cut) => {
                return Err(ExecFault::Cut { begun: shell.begun.is_some() });
            }
            (Side::Bare { heard: head, .. }, Heard::Bytes(bytes)) => {
                head.take(&bytes);
                let _ = talk.output.send(Output::Stdout(bytes)).await;
            }
            (Side::Bare { heard: head, .. }, Heard::Closed) => return head.end(bare::Over::Closed),
            (Side::Bare { heard: head, .. }, Heard::Cut) => return head.end(bare::Over::Cut),
        }
    }
}
