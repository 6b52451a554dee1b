//! Looks into a running container: by a program in it, or over HTTP.
//!
//! What is said of an unwell one is worded as a kubelet words it, whose messages ACI's events show.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::Options;
use super::exec::Inside;
use super::keeper::Keeper;
use super::order::{JOIN, Join, Process};
use crate::contract::Check;
use crate::runtime::ask::ask;

/// How much of a program's output is told.
const TOLD: usize = 1024;

/// Why the container is unwell; none: it is well.
pub(super) async fn look(
    options: &Options,
    inside: Inside,
    process: &Process,
    check: Check,
    timeout_seconds: u32,
) -> Option<String> {
    let patience = Duration::from_secs(timeout_seconds.max(1).into());
    match check {
        Check::Exec(argv) => {
            let process = Process { argv, ..process.clone() };
            run(options, inside, process, patience).await.err()
        }
        Check::Http { scheme, port, path, headers } => {
            let url = format!("{scheme}://127.0.0.1:{port}/{}", path.trim_start_matches('/'));
            ask(&url, headers, patience).await.err()
        }
    }
}

/// Runs a program without a terminal; at the end of the patience it is ended with its process group.
async fn run(options: &Options, inside: Inside, process: Process, patience: Duration) -> Result<(), String> {
    let pipe = pipe::pipe().and_then(|(theirs, ours)| Ok((theirs.into_blocking_fd()?, ours)));
    let (theirs, mut ours) = pipe.map_err(|error| error.to_string())?;
    let Inside { pid, groups } = inside;
    let order = Join { init: options.init.clone(), pid, terminal: None, groups, process };
    let mut keeper = Keeper::start(&options.init, JOIN, &order, Stdio::from(theirs))
        .await
        .map_err(|failure| failure.reason)?;
    let mut said = Vec::new();
    let running = async {
        let mut bytes = [0; 4096];
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                read = ours.read(&mut bytes), if open => match read {
                    Ok(count @ 1..) => {
                        let room = TOLD.saturating_sub(said.len());
                        said.extend_from_slice(&bytes[..count.min(room)]);
                    }
                    Ok(0) | Err(_) => open = false,
                },
                end = keeper.ended() => break end.code,
            }
        }
    };
    let ended = tokio::time::timeout(patience, running).await;
    let Ok(code) = ended else {
        keeper.kill();
        keeper.ended().await;
        return Err(format!("command timed out after {}s", patience.as_secs()));
    };
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    match (code, said.is_empty()) {
        (0, _) => Ok(()),
        (_, true) => Err(format!("command exited with {code}")),
        (_, false) => Err(said),
    }
}
