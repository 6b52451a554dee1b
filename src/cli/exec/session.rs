//! `acitask exec -it`: this terminal becomes the command's.
//!
//! Invariant: the terminal is given back as it was, however the session ends: at its end, by an error, by a panic, and by
//! SIGTERM, SIGHUP or SIGQUIT. Ctrl-C is no signal here but a byte that goes to the command.

use std::os::fd::{AsFd, BorrowedFd};

use bytes::Bytes;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Code, Desk, Failure, hand_on, told};
use crate::arm::Arm;
use crate::arm::exec::{self, Command, Conversation};
use crate::model::name::GroupId;

/// The size that is told where the terminal does not know its own.
const SIZE: (u16, u16) = (24, 80);

/// A terminal that is raw as long as this lives.
struct Raw<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
}

impl<'t> Raw<'t> {
    fn begin(terminal: BorrowedFd<'t>) -> std::io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(terminal, OptionalActions::Drain, &raw)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back, and one that takes no output must not hold us.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Hands the terminal to the command until it ends.
pub(super) async fn hold(
    desk: &Desk,
    arm: &Arm,
    place: (&GroupId, &str),
    command: &Command,
) -> Result<Code, Failure> {
    let failed = |source| Failure::Runtime { source };
    let size = tcgetwinsize(stdin()).map(|size| (size.ws_row, size.ws_col)).ok();
    let size = size.filter(|(rows, cols)| *rows > 0 && *cols > 0).unwrap_or(SIZE);
    // Listened to before the terminal is raw, so that none of them can end us in between.
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let mut quit = signal(SignalKind::quit()).map_err(failed)?;
    let cancel = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel(64);
    let ended = {
        let stdin = std::io::stdin();
        let _raw = Raw::begin(stdin.as_fd()).map_err(failed)?;
        let mut talk = Conversation { size, keys: keys(), output: sender };
        let conversation = exec::converse(arm, place, command, &mut talk, &cancel);
        tokio::pin!(conversation);
        let ended = loop {
            tokio::select! {
                _ = terminate.recv() => cancel.cancel(),
                _ = hang_up.recv() => cancel.cancel(),
                _ = quit.recv() => cancel.cancel(),
                Some(output) = receiver.recv() => hand_on(&output)?,
                ended = &mut conversation => break ended,
            }
        };
        while let Ok(output) = receiver.try_recv() {
            hand_on(&output)?;
        }
        ended
    };
    told(desk, ended)
}

/// What is typed. The thread that reads ends with the process: a read of a terminal cannot be called off.
fn keys() -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        loop {
            match rustix::io::read(stdin(), &mut buffer) {
                Ok(count @ 1..) => {
                    let typed = buffer.get(..count).unwrap_or_default();
                    if sender.blocking_send(Bytes::copy_from_slice(typed)).is_err() {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) | Err(_) => return,
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::LocalModes;

    use super::*;

    type Fault = Box<dyn std::error::Error>;

    #[test]
    fn a_terminal_is_given_back_by_a_panic_too() -> Result<(), Fault> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?.into_string()?;
        let terminal = std::fs::File::options().read(true).write(true).open(name)?;
        let is_raw = || tcgetattr(&terminal).map(|now| !now.local_modes.contains(LocalModes::ISIG));
        let before = format!("{:?}", tcgetattr(&terminal)?);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _raw = Raw::begin(terminal.as_fd());
            assert!(!matches!(is_raw(), Ok(true)), "a panic while it is raw");
        }));
        assert!(panicked.is_err(), "it was never raw");
        assert_eq!(format!("{:?}", tcgetattr(&terminal)?), before);
        assert!(!is_raw()?);
        Ok(())
    }
}
