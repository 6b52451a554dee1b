//! A program on a terminal of its own inside a container of the engine.
//!
//! An engine says only in the stream itself that a program could not be started, so the stream is given out once the program is known to run or to have run.

use std::time::Duration;

use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use bytes::Bytes;
use futures::StreamExt as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::{Engine, told};
use super::order::{exec_failure, unexecuted};
use crate::runtime::ExecStream;

/// How often an engine is asked whether the program runs, and how long at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10));
/// How long the first output may take to come after the end.
const LAST: Duration = Duration::from_secs(1);

/// Starts the program; the error is what a container runtime would print.
pub(super) async fn exec(
    engine: &Engine,
    tasks: &TaskTracker,
    id: &str,
    argv: Vec<String>,
    rows: u16,
    cols: u16,
) -> Result<ExecStream, String> {
    let failed = |error: bollard::errors::Error| exec_failure(&told(&error));
    let version = engine.api.client_version();
    let knows_size = (version.major_version, version.minor_version) >= (1, 42);
    let config = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(true),
        console_size: knows_size.then(|| vec![rows.into(), cols.into()]),
        env: Some(vec!["TERM=xterm".to_owned()]),
        cmd: Some(argv),
        ..ExecConfig::default()
    };
    let exec = engine.api.create_exec(id, config).await.map_err(failed)?.id;
    let begin = StartExecOptions { detach: false, tty: true, output_capacity: Some(64 << 10) };
    let started = engine.api.start_exec(&exec, Some(begin)).await.map_err(failed)?;
    let StartExecResults::Attached { mut output, mut input } = started else {
        return Err(exec_failure("the container engine gave no terminal"));
    };
    let size = ResizeExecOptionsBuilder::new().h(rows.into()).w(cols.into()).build();
    let began = Instant::now();
    let mut pid = None;
    while began.elapsed() < LOOK.1 {
        // Before the program runs there is no terminal to resize yet.
        let is_sized = engine.api.resize_exec(&exec, size.clone()).await.is_ok();
        let state = engine.api.inspect_exec(&exec).await.map_err(failed)?;
        if let Some(code) = state.exit_code.filter(|_| state.running == Some(false)) {
            let first = timeout(LAST, output.next()).await.ok().flatten();
            let first = first.and_then(Result::ok).map(|chunk| chunk.into_bytes()).unwrap_or_default();
            let text = String::from_utf8_lossy(&first);
            if let Some(failure) = unexecuted(code, &text) {
                return Err(failure);
            }
            let (sender, from_program) = mpsc::channel(64);
            let _ = sender.send(first).await;
            tasks.spawn(drain(output, sender, CancellationToken::new()));
            return Ok(ExecStream { input: mpsc::channel(64).0, output: from_program });
        }
        pid = state.pid.filter(|pid| *pid > 0);
        if is_sized && pid.is_some() {
            break;
        }
        sleep(LOOK.0).await;
    }
    let hung_up = CancellationToken::new();
    let (to_program, mut typed) = mpsc::channel::<Bytes>(64);
    let (to_client, from_program) = mpsc::channel(64);
    let (over, container) = (hung_up.clone(), id.to_owned());
    tasks.spawn(async move {
        let feeding = async {
            while let Some(bytes) = typed.recv().await {
                if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                    return;
                }
            }
        };
        let ended = over.run_until_cancelled(feeding).await.is_none();
        if !ended {
            hang_up(pid, &container);
        }
        over.cancel();
    });
    tasks.spawn(drain(output, to_client, hung_up));
    Ok(ExecStream { input: to_program, output: from_program })
}

/// From the terminal to the client, until the program has ended or the client is gone.
async fn drain(
    mut output: impl futures::Stream<Item = Result<bollard::container::LogOutput, bollard::errors::Error>> + Unpin,
    to_client: mpsc::Sender<Bytes>,
    hung_up: CancellationToken,
) {
    let streaming = async {
        while let Some(Ok(chunk)) = output.next().await {
            if to_client.send(chunk.into_bytes()).await.is_err() {
                return;
            }
        }
    };
    hung_up.run_until_cancelled(streaming).await;
    hung_up.cancel();
}

/// What a terminal's end means to what runs on it. Engines leave such programs alone, so they are told here; where the
/// engine is not of this machine, a program that waits for nothing else ends with its container.
fn hang_up(pid: Option<i64>, container: &str) {
    let Some(pid) = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) else {
        return;
    };
    // Only the process that we mean: another machine's numbers say nothing here.
    let group = std::fs::read_to_string(format!("/proc/{}/cgroup", pid.as_raw_nonzero()));
    if group.is_ok_and(|group| group.contains(container)) {
        let _ = kill_process_group(pid, Signal::HUP);
        let _ = kill_process_group(pid, Signal::CONT);
    }
}
