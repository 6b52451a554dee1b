//! `acitask exec` without a terminal: standard input, output and error are the command's, and its time is limited.
//!
//! Invariant: whoever ends a command here, by Ctrl-C or a time-out, waits until it is ended in its container too; only a
//! second Ctrl-C leaves it.

use std::io::Read;
use std::os::fd::AsFd;
use std::time::Duration;

use bytes::Bytes;
use rustix::fs::FileType;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Code, Desk, Failure, hand_on, told};
use crate::arm::Arm;
use crate::arm::exec::{self, Command, ExecFault, Streams};
use crate::cli::signals::Signals;
use crate::model::name::GroupId;

/// How long a command may take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// In all.
    pub(super) total: Option<Duration>,
    /// Without saying anything.
    pub(super) idle: Option<Duration>,
}

/// Why a command is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Person,
    Total(Duration),
    Idle(Duration),
}

/// Hands the streams through until the command has ended.
pub(super) async fn pass(
    desk: &Desk,
    arm: &Arm,
    (id, container): (&GroupId, &str),
    command: &Command,
    input: Option<mpsc::Receiver<Bytes>>,
    limits: Limits,
) -> Result<Code, Failure> {
    let (sender, mut receiver) = mpsc::channel(64);
    let mut streams = Streams { input, output: sender };
    let cancel = CancellationToken::new();
    let mut signals = Signals::listen().map_err(|source| Failure::Runtime { source })?;
    let executing = exec::run(arm, id, container, command, &mut streams, &cancel);
    tokio::pin!(executing);
    let began = Instant::now();
    let mut heard = began;
    let mut cause = None;
    let ended = loop {
        let due = limits.due(began, heard);
        tokio::select! {
            biased;
            () = signals.next() => {
                if cancel.is_cancelled() {
                    return Err(Failure::Left);
                }
                desk.screen.say("Ending the command; interrupt again to leave it.");
                cause = Some(Cause::Person);
                cancel.cancel();
            }
            Some(output) = receiver.recv() => {
                heard = Instant::now();
                hand_on(&output)?;
            }
            ended = &mut executing => break ended,
            at = over(due), if cause.is_none() => {
                cause = Some(at);
                cancel.cancel();
            }
        }
    };
    while let Ok(output) = receiver.try_recv() {
        hand_on(&output)?;
    }
    match (ended, cause) {
        (Err(ExecFault::Cancelled), Some(Cause::Total(time))) => {
            desk.screen.say(&format!("The command took longer than {time:?} and was ended."));
            Ok(Code::TIMED_OUT)
        }
        (Err(ExecFault::Cancelled), Some(Cause::Idle(time))) => {
            desk.screen.say(&format!("The command said nothing for {time:?} and was ended."));
            Ok(Code::TIMED_OUT)
        }
        (ended, _) => told(desk, ended),
    }
}

impl Limits {
    /// What is over next, and when.
    fn due(self, began: Instant, heard: Instant) -> Option<(Instant, Cause)> {
        let total = self.total.and_then(|time| Some((began.checked_add(time)?, Cause::Total(time))));
        let idle = self.idle.and_then(|time| Some((heard.checked_add(time)?, Cause::Idle(time))));
        total.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }
}

async fn over(due: Option<(Instant, Cause)>) -> Cause {
    match due {
        Some((at, cause)) => {
            tokio::time::sleep_until(at).await;
            cause
        }
        None => std::future::pending().await,
    }
}

/// Standard input where it is a pipe or a file; nothing of a terminal.
pub(super) fn piped() -> Option<mpsc::Receiver<Bytes>> {
    let kind = rustix::fs::fstat(std::io::stdin().as_fd()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::RegularFile | FileType::Socket)).then(input)
}

/// Standard input as it comes. The thread that reads ends with the process: a read cannot be called off. An input that
/// cannot be read ends where that happens.
pub(super) fn input() -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            match std::io::stdin().lock().read(&mut buffer) {
                Ok(count @ 1..) => {
                    let piece = buffer.get(..count).unwrap_or_default();
                    if sender.blocking_send(Bytes::copy_from_slice(piece)).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) => return,
                Err(error) => {
                    tracing::warn!(%error, "standard input cannot be read any further");
                    return;
                }
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_over_first_ends_the_command() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let began = Instant::now();
        let both = Limits { total: Some(minute), idle: Some(second * 10) };
        let due = |limits: Limits, heard| limits.due(began, heard).map(|(_, cause)| cause);
        assert_eq!(due(both, began), Some(Cause::Idle(second * 10)));
        assert_eq!(due(both, began + second * 55), Some(Cause::Total(minute)));
        assert_eq!(due(Limits::default(), began), None);
        assert_eq!(over(both.due(began, began)).await, Cause::Idle(second * 10));
        assert_eq!(began.elapsed(), second * 10);
    }
}
