//! The way by a shell.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::shell::{Event, Marks};
use super::terminal::{Heard, Terminal};
use super::{Command, ExecFault, Output, Signal, Trace, Tried, script};
use crate::arm::Arm;
use crate::model::name::GroupId;
use crate::model::record::RunId;

const PROGRAM: &str = "/bin/sh";
const READY: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(20);
/// Between asking a cancelled run to end and ending it, as the helper does.
const GRACE: Duration = Duration::from_secs(2);

pub(super) async fn run(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    command: &Command,
    out: &mpsc::Sender<Output>,
    cancel: &CancellationToken,
) -> Result<Tried<Option<i32>>, ExecFault> {
    let script = script::command(command);
    let Some((mut terminal, mut marks)) = begin(arm, id, container, &command.nonce, cancel).await? else {
        return Ok(Tried::Missing);
    };
    // Only a container that has a shell is told that a shell cannot carry the command.
    terminal.send(script?);
    let ended = tokio::select! {
        ended = follow(&mut terminal, &mut marks, out) => ended,
        () = cancel.cancelled() => Err(ExecFault::Cancelled),
    };
    // A plain command dies when its terminal hangs up; a run does not, and is told through a stream of its own.
    terminal.close().await;
    if let (Err(ExecFault::Cancelled), Some(run)) = (&ended, &command.run) {
        end(arm, id, container, run, &command.nonce).await?;
    }
    ended.map(|code| Tried::Carried(Some(code)))
}

async fn end(arm: &Arm, id: &GroupId, container: &str, run: &RunId, nonce: &str) -> Result<(), ExecFault> {
    let told = ask(arm, id, container, run, Some(Signal::Term), nonce).await?;
    if let Tried::Carried(Trace::Running(_)) = told {
        tokio::time::sleep(GRACE).await;
        ask(arm, id, container, run, Some(Signal::Kill), nonce).await?;
    }
    Ok(())
}

pub(super) async fn ask(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    run: &RunId,
    signal: Option<Signal>,
    nonce: &str,
) -> Result<Tried<Trace>, ExecFault> {
    let Some((mut terminal, mut marks)) = begin(arm, id, container, nonce, &CancellationToken::new()).await?
    else {
        return Ok(Tried::Missing);
    };
    terminal.send(script::question(run, signal, nonce));
    let told = tokio::time::timeout(ANSWER, answer(&mut terminal, &mut marks)).await;
    terminal.close().await;
    told.unwrap_or(Err(ExecFault::Cut { begun: false })).map(Tried::Carried)
}

/// Starts a shell and waits until it is ready for a script; nothing where there is no shell.
async fn begin(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    nonce: &str,
    cancel: &CancellationToken,
) -> Result<Option<(Terminal, Marks)>, ExecFault> {
    let mut terminal = arm.exec(id, container, PROGRAM, 24, 80).await?;
    let mut marks = Marks::new(nonce);
    terminal.send(script::opening(nonce));
    let mut heard_any = false;
    let ready = async {
        loop {
            match terminal.recv().await {
                Heard::Bytes(bytes) => {
                    heard_any = true;
                    if marks.feed(&bytes).contains(&Event::Ready) {
                        return None;
                    }
                }
                end => return Some(end),
            }
        }
    };
    let ready = tokio::select! {
        ready = tokio::time::timeout(READY, ready) => ready,
        () = cancel.cancelled() => return Err(ExecFault::Cancelled),
    };
    match ready {
        Ok(None) => Ok(Some((terminal, marks))),
        // A stream that breaks off without a word says nothing about the shell.
        Ok(Some(Heard::Cut)) if !heard_any => Err(ExecFault::Cut { begun: false }),
        Ok(Some(_)) | Err(_) => {
            terminal.close().await;
            Ok(None)
        }
    }
}

async fn follow(
    terminal: &mut Terminal,
    marks: &mut Marks,
    out: &mpsc::Sender<Output>,
) -> Result<i32, ExecFault> {
    let mut begun = false;
    loop {
        let Heard::Bytes(bytes) = terminal.recv().await else {
            if let Some(Event::Output(rest)) = marks.rest() {
                let _ = out.send(Output::Stdout(rest)).await;
            }
            return Err(ExecFault::Cut { begun });
        };
        for event in marks.feed(&bytes) {
            match event {
                Event::Begun => begun = true,
                // Whoever no longer listens does not stop the command.
                Event::Output(bytes) => drop(out.send(Output::Stdout(bytes)).await),
                Event::Ended(code) => return Ok(code),
                Event::Already => return Err(ExecFault::AlreadyBegun),
                Event::NoFolder => {
                    let message = "its folder is not in the container".to_owned();
                    return Err(ExecFault::NotStarted { code: 126, message });
                }
                Event::Ready => {}
                Event::Trace(_) | Event::Odd => {
                    return Err(ExecFault::Protocol("an unexpected mark of the shell"));
                }
            }
        }
    }
}

async fn answer(terminal: &mut Terminal, marks: &mut Marks) -> Result<Trace, ExecFault> {
    loop {
        let Heard::Bytes(bytes) = terminal.recv().await else { return Err(ExecFault::Cut { begun: false }) };
        let told = marks.feed(&bytes).into_iter().find_map(|event| match event {
            Event::Trace(trace) => Some(trace),
            _ => None,
        });
        if let Some(trace) = told {
            return Ok(trace);
        }
    }
}
