//! The way by the helper.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::bare::Head;
use super::frame::{self, Event, Frames};
use super::terminal::{Heard, Terminal, piece};
use super::{Command, ExecFault, Output, Place, Signal, Streams, Trace, Tried};
use crate::arm::Arm;
use crate::model::record::RunId;

const PROGRAM: &str = "/acitask-exec";
const VERSION: u32 = 1;
const HELLO: Duration = Duration::from_secs(20);
/// The helper kills after two seconds; the rest is the way there and back.
const CANCELLING: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(20);

pub(super) async fn run(
    arm: &Arm,
    place: Place<'_>,
    command: &Command,
    streams: &mut Streams,
    cancel: &CancellationToken,
) -> Result<Tried<Option<i32>>, ExecFault> {
    let Some((mut terminal, mut frames)) = begin(arm, place, cancel).await? else {
        return Ok(Tried::Missing);
    };
    terminal.send(frame::request(command));
    if streams.input.is_none() {
        terminal.send(frame::INPUT_END);
    }
    let ended = tokio::select! {
        ended = follow(&mut terminal, &mut frames, streams) => ended,
        () = cancel.cancelled() => {
            streams.input = None;
            terminal.send(frame::CANCEL);
            // Its end is awaited so that nothing is left running; what its code was no longer matters.
            let _ = tokio::time::timeout(CANCELLING, follow(&mut terminal, &mut frames, streams)).await;
            Err(ExecFault::Cancelled)
        }
    };
    terminal.close().await;
    ended.map(|code| Tried::Carried(Some(code)))
}

pub(super) async fn ask(
    arm: &Arm,
    place: Place<'_>,
    run: &RunId,
    signal: Option<Signal>,
) -> Result<Tried<Trace>, ExecFault> {
    let Some((mut terminal, mut frames)) = begin(arm, place, &CancellationToken::new()).await? else {
        return Ok(Tried::Missing);
    };
    terminal.send(frame::question(run, signal));
    let told = tokio::time::timeout(ANSWER, answer(&mut terminal, &mut frames)).await;
    terminal.close().await;
    told.unwrap_or(Err(ExecFault::Cut { begun: false })).map(Tried::Carried)
}

/// Starts the helper and waits for its hello; nothing where there is no helper.
async fn begin(
    arm: &Arm,
    (id, container): Place<'_>,
    cancel: &CancellationToken,
) -> Result<Option<(Terminal, Frames)>, ExecFault> {
    let mut terminal = arm.exec(id, container, PROGRAM, 24, 80).await?;
    let mut frames = Frames::default();
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(HELLO, hello(&mut terminal, &mut frames)) => greeted,
        () = cancel.cancelled() => return Err(ExecFault::Cancelled),
    };
    match greeted {
        Ok(Heard::Bytes(_)) => Ok(Some((terminal, frames))),
        Ok(Heard::Cut) if !Head::of(frames.noise()).tells_of_absence() => {
            Err(ExecFault::Cut { begun: false })
        }
        Ok(Heard::Closed | Heard::Cut) | Err(_) => {
            terminal.close().await;
            Ok(None)
        }
    }
}

/// Waits for the hello; what is heard instead is given back.
async fn hello(terminal: &mut Terminal, frames: &mut Frames) -> Heard {
    loop {
        match terminal.recv().await {
            Heard::Bytes(bytes) => {
                for event in frames.feed(&bytes) {
                    match event {
                        Event::Hello(VERSION) => return Heard::Bytes(bytes),
                        // A helper of another version is none that we can speak to.
                        Event::Hello(_) => return Heard::Closed,
                        _ => {}
                    }
                }
            }
            end => return end,
        }
    }
}

async fn follow(
    terminal: &mut Terminal,
    frames: &mut Frames,
    Streams { input, output }: &mut Streams,
) -> Result<i32, ExecFault> {
    let room = terminal.room();
    loop {
        let heard = tokio::select! {
            heard = terminal.recv() => heard,
            typed = piece(input, &room), if input.is_some() => {
                match typed {
                    Some((bytes, room)) => terminal.feed(frame::input(&bytes), room),
                    None => {
                        *input = None;
                        terminal.send(frame::INPUT_END);
                    }
                }
                continue;
            }
        };
        let Heard::Bytes(bytes) = heard else { return Err(ExecFault::Cut { begun: true }) };
        for event in frames.feed(&bytes) {
            let said = match event {
                Event::Stdout(bytes) => Output::Stdout(bytes),
                Event::Stderr(bytes) => Output::Stderr(bytes),
                Event::Ended(code) => return Ok(code),
                Event::Failed { code: 125, message } if message == "already" => {
                    return Err(ExecFault::AlreadyBegun);
                }
                Event::Failed { code, message } => return Err(ExecFault::NotStarted { code, message }),
                Event::Started => continue,
                Event::Hello(_) | Event::Trace(_) | Event::Odd => {
                    return Err(ExecFault::Protocol("an unexpected line of the helper"));
                }
            };
            // Whoever no longer listens does not stop the command.
            let _ = output.send(said).await;
        }
    }
}

async fn answer(terminal: &mut Terminal, frames: &mut Frames) -> Result<Trace, ExecFault> {
    loop {
        let Heard::Bytes(bytes) = terminal.recv().await else { return Err(ExecFault::Cut { begun: false }) };
        for event in frames.feed(&bytes) {
            match event {
                Event::Trace(trace) => return Ok(trace),
                Event::Failed { .. } => {
                    return Err(ExecFault::Protocol("the helper does not answer about a run"));
                }
                _ => {}
            }
        }
    }
}
