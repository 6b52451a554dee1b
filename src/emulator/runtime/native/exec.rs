//! A program on a terminal of its own inside a running container.
//!
//! The terminal is one of the container's, opened through its root, so that `tty` inside knows its name. It has the kernel's
//! default settings; whoever wants it raw says so through it. When the client hangs up, its master is closed: the kernel
//! sends SIGHUP to the foreground, and what has taken a session of its own lives on with the container.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use rustix::fs::OFlags;
use rustix::termios::Winsize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::keeper::Keeper;
use super::order::{JOIN, Join, Process};
use crate::runtime::ExecStream;

/// Where a further program of a container goes.
#[derive(Clone)]
pub(super) struct Inside {
    /// The container's first process, as the machine numbers it.
    pub(super) pid: i32,
    /// The folders of its control groups.
    pub(super) groups: Vec<PathBuf>,
}

/// Starts the program, with its tasks among the given ones; the error is what a container runtime would print.
pub(super) async fn exec(
    tasks: &TaskTracker,
    init: &Path,
    inside: Inside,
    process: Process,
    rows: u16,
    cols: u16,
) -> Result<ExecStream, String> {
    let failed = |reason: String| {
        format!("OCI runtime exec failed: exec failed: unable to start container process: {reason}: unknown")
    };
    let Inside { pid, groups } = inside;
    let (reading, writing, terminal) = open(pid, rows, cols).map_err(|error| failed(error.to_string()))?;
    let order = Join { init: init.to_path_buf(), pid, terminal: Some(terminal), groups, process };
    let started = Keeper::start(init, JOIN, &order, Stdio::null()).await;
    let keeper = started.map_err(|failure| failed(failure.reason))?;
    let hung_up = CancellationToken::new();
    let (input, from_client) = mpsc::channel(64);
    let (to_client, output) = mpsc::channel(64);
    tasks.spawn(feed(writing, from_client, hung_up.clone()));
    tasks.spawn(drain(reading, to_client, keeper, hung_up));
    Ok(ExecStream { input, output })
}

/// A new terminal of the container: its master, to read and to write, and its name inside.
fn open(pid: i32, rows: u16, cols: u16) -> io::Result<(Receiver, Sender, PathBuf)> {
    let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed();
    let master = File::options()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(format!("/proc/{pid}/root/dev/pts/ptmx"))?;
    rustix::pty::unlockpt(&master)?;
    let name = rustix::pty::ptsname(&master, Vec::new())?;
    let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size)?;
    let name = name.into_string().map_err(io::Error::other)?;
    // A terminal's master is no pipe, but it is read, written and waited for like one.
    let writing = Sender::from_file_unchecked(master.try_clone()?)?;
    Ok((Receiver::from_file_unchecked(master)?, writing, PathBuf::from(name)))
}

/// From the client to the terminal, until either is gone.
async fn feed(mut master: Sender, mut input: mpsc::Receiver<Bytes>, hung_up: CancellationToken) {
    let feeding = async {
        while let Some(bytes) = input.recv().await {
            if master.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = feeding => {}
        () = hung_up.cancelled() => {}
    }
    hung_up.cancel();
}

/// From the terminal to the client, until the program has ended or the client is gone.
async fn drain(
    mut master: Receiver,
    output: mpsc::Sender<Bytes>,
    mut keeper: Keeper,
    hung_up: CancellationToken,
) {
    let mut bytes = vec![0; 16 << 10];
    let streaming = async {
        // An error says that nobody has the terminal open any more.
        while let Ok(count) = master.read(&mut bytes).await {
            let chunk = Bytes::copy_from_slice(&bytes[..count]);
            if count == 0 || output.send(chunk).await.is_err() {
                return;
            }
        }
    };
    let has_ended = tokio::select! {
        () = streaming => false,
        _ = keeper.ended() => true,
        () = hung_up.cancelled() => false,
    };
    if has_ended {
        // What it wrote last is still in the terminal; what it left running is not waited for.
        while let Ok(count @ 1..) = master.try_read(&mut bytes) {
            if output.send(Bytes::copy_from_slice(&bytes[..count])).await.is_err() {
                break;
            }
        }
    }
    hung_up.cancel();
    drop((master, output));
    // The stage is waited for, so that no dead process is left behind.
    keeper.ended().await;
}
