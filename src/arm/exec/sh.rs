//! The way by a shell.

use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::bare::Head;
use super::script::Fed;
use super::shell::{Event, Line, Marks};
use super::terminal::{Heard, Terminal, piece};
use super::{Command, ExecFault, Output, Place, Signal, Streams, Trace, Tried, script};
use crate::arm::Arm;
use crate::model::record::RunId;

const PROGRAM: &str = "/bin/sh";
const READY: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(20);
/// Between asking a cancelled command to end and ending it, as the helper does.
const GRACE: Duration = Duration::from_secs(2);
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(400);

/// A shell that waits for a script.
pub(super) struct Shell {
    pub(super) terminal: Terminal,
    pub(super) marks: Marks,
    pub(super) line: Line,
    /// The process of the command's shell, once the command has begun.
    pub(super) begun: Option<u32>,
}

pub(super) async fn run(
    arm: &Arm,
    place: Place<'_>,
    command: &Command,
    streams: &mut Streams,
    cancel: &CancellationToken,
) -> Result<Tried<Option<i32>>, ExecFault> {
    let Some(mut shell) = begin(arm, place, &command.nonce, (24, 80), cancel).await? else {
        return Ok(Tried::Missing);
    };
    let ended = tokio::select! {
        ended = carry(&mut shell, command, streams) => ended,
        () = cancel.cancelled() => Err(ExecFault::Cancelled),
    };
    let begun = shell.begun;
    if ended != Err(ExecFault::Cancelled) {
        shell.terminal.close().await;
        return ended.map(|code| Tried::Carried(Some(code)));
    }
    let nonce = &command.nonce;
    match (&command.run, begun) {
        (Some(run), _) => {
            shell.terminal.close().await;
            end(arm, place, run, nonce).await?;
        }
        (None, Some(leader)) => {
            // The terminal is kept meanwhile: once it hangs up, nothing tells which processes were the command's.
            let ending = end_group(arm, place, leader, nonce).await;
            shell.terminal.close().await;
            ending?;
        }
        (None, None) => shell.terminal.close().await,
    }
    Err(ExecFault::Cancelled)
}

/// Types the script and what the command reads, and follows the command to its end.
async fn carry(shell: &mut Shell, command: &Command, streams: &mut Streams) -> Result<i32, ExecFault> {
    // Only a container that has a shell is told that a shell cannot carry the command.
    let script = match (&mut streams.input, shell.line) {
        (None, line) => script::command(command, line, Fed::Nothing)?,
        (Some(_), Line::Raw) => script::command(command, Line::Raw, Fed::Lines)?,
        (input @ Some(_), Line::Cooked) => {
            let whole = gathered(input).await?;
            script::command(command, Line::Cooked, Fed::Whole(&whole))?
        }
    };
    shell.terminal.send(script);
    follow(shell, streams).await
}

/// All of the input.
async fn gathered(input: &mut Option<tokio::sync::mpsc::Receiver<Bytes>>) -> Result<Vec<u8>, ExecFault> {
    let mut whole = Vec::new();
    while let Some(bytes) = match input {
        Some(input) => input.recv().await,
        None => None,
    } {
        whole.extend_from_slice(&bytes);
        if whole.len() > script::LONGEST {
            return Err(ExecFault::Unfit(
                "the container has neither /acitask-exec nor stty, so a command's input there is limited to 256 KiB",
            ));
        }
    }
    *input = None;
    Ok(whole)
}

async fn end(arm: &Arm, place: Place<'_>, run: &RunId, nonce: &str) -> Result<(), ExecFault> {
    let told = ask(arm, place, run, Some(Signal::Term), nonce).await?;
    if let Tried::Carried(Trace::Running(_)) = told {
        tokio::time::sleep(GRACE).await;
        ask(arm, place, run, Some(Signal::Kill), nonce).await?;
    }
    Ok(())
}

/// Ends the processes of a plain command, which are the group of its shell.
async fn end_group(arm: &Arm, place: Place<'_>, leader: u32, nonce: &str) -> Result<(), ExecFault> {
    let told = |signal| answered(arm, place, script::group(leader, signal, nonce), nonce);
    let mut alive = told(Some(Signal::Term)).await?;
    let began = tokio::time::Instant::now();
    while matches!(alive, Tried::Carried(Trace::Running(_))) {
        if began.elapsed() >= GRACE {
            told(Some(Signal::Kill)).await?;
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
        alive = told(None).await?;
    }
    Ok(())
}

pub(super) async fn ask(
    arm: &Arm,
    place: Place<'_>,
    run: &RunId,
    signal: Option<Signal>,
    nonce: &str,
) -> Result<Tried<Trace>, ExecFault> {
    answered(arm, place, script::question(run, signal, nonce), nonce).await
}

/// What a script that asks something is answered.
async fn answered(
    arm: &Arm,
    place: Place<'_>,
    script: String,
    nonce: &str,
) -> Result<Tried<Trace>, ExecFault> {
    let Some(mut shell) = begin(arm, place, nonce, (24, 80), &CancellationToken::new()).await? else {
        return Ok(Tried::Missing);
    };
    shell.terminal.send(script);
    let told = tokio::time::timeout(ANSWER, answer(&mut shell)).await;
    shell.terminal.close().await;
    told.unwrap_or(Err(ExecFault::Cut { begun: false })).map(Tried::Carried)
}

/// Starts a shell and waits until it is ready for a script; nothing where there is no shell.
pub(super) async fn begin(
    arm: &Arm,
    (id, container): Place<'_>,
    nonce: &str,
    (rows, cols): (u16, u16),
    cancel: &CancellationToken,
) -> Result<Option<Shell>, ExecFault> {
    let mut terminal = arm.exec(id, container, PROGRAM, rows, cols).await?;
    let mut marks = Marks::new(nonce);
    terminal.send(script::opening(nonce));
    let mut head = Head::default();
    let ready = async {
        loop {
            match terminal.recv().await {
                Heard::Bytes(bytes) => {
                    head.take(&bytes);
                    let line = marks.feed(&bytes).into_iter().find_map(|event| match event {
                        Event::Ready(line) => Some(line),
                        _ => None,
                    });
                    if let Some(line) = line {
                        return Ok(line);
                    }
                }
                end => return Err(end),
            }
        }
    };
    let ready = tokio::select! {
        ready = tokio::time::timeout(READY, ready) => ready,
        () = cancel.cancelled() => return Err(ExecFault::Cancelled),
    };
    match ready {
        Ok(Ok(line)) => Ok(Some(Shell { terminal, marks, line, begun: None })),
        Ok(Err(Heard::Cut)) if !head.tells_of_absence() => Err(ExecFault::Cut { begun: false }),
        Ok(Err(_)) | Err(_) => {
            terminal.close().await;
            Ok(None)
        }
    }
}

async fn follow(
    Shell { terminal, marks, line: _, begun }: &mut Shell,
    Streams { input, output }: &mut Streams,
) -> Result<i32, ExecFault> {
    let room = terminal.room();
    loop {
        let heard = tokio::select! {
            heard = terminal.recv() => heard,
            typed = piece(input, &room), if input.is_some() => {
                match typed {
                    Some((bytes, room)) => terminal.feed(script::input(&bytes), room),
                    None => {
                        *input = None;
                        terminal.send(script::INPUT_END);
                    }
                }
                continue;
            }
        };
        let Heard::Bytes(bytes) = heard else {
            if let Some(Event::Output(rest)) = marks.rest() {
                let _ = output.send(Output::Stdout(rest)).await;
            }
            return Err(ExecFault::Cut { begun: begun.is_some() });
        };
        for event in marks.feed(&bytes) {
            match event {
                Event::Begun(process) => *begun = Some(process),
                Event::Ready(_) => terminal.send(script::SETTLED),
                // Whoever no longer listens does not stop the command.
                Event::Output(bytes) => drop(output.send(Output::Stdout(bytes)).await),
                event => {
                    if let Some(end) = ending(event) {
                        return end;
                    }
                }
            }
        }
    }
}

/// What an event that is neither a beginning nor output makes of the command.
pub(super) fn ending(event: Event) -> Option<Result<i32, ExecFault>> {
    match event {
        Event::Ended(code) => Some(Ok(code)),
        Event::Already => Some(Err(ExecFault::AlreadyBegun)),
        Event::NoFolder => {
            let message = "its folder is not in the container".to_owned();
            Some(Err(ExecFault::NotStarted { code: 126, message }))
        }
        Event::Trace(_) | Event::Odd => Some(Err(ExecFault::Protocol("an unexpected mark of the shell"))),
        Event::Ready(_) | Event::Begun(_) | Event::Output(_) => None,
    }
}

async fn answer(Shell { terminal, marks, line: _, begun: _ }: &mut Shell) -> Result<Trace, ExecFault> {
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
