//! Looks into a running container: by a program in it, or over HTTP. A program that takes too long is left to end by itself or with
//! its container, as engines cannot end one.

use std::time::Duration;

use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures::StreamExt as _;
use tokio::time::timeout;

use super::engine::{Engine, told};
use super::order::{exec_failure, unexecuted};
use crate::contract::Check;
use crate::runtime::ask::ask;

/// How much of what a program says is told.
const SAID: usize = 1 << 10;

/// Why the container is unwell; none: it is well.
pub(super) async fn look(engine: &Engine, id: &str, check: Check, patience: Duration) -> Option<String> {
    match check {
        Check::Exec(argv) => {
            let seconds = patience.as_secs();
            let ran = timeout(patience, run(engine, id, argv)).await;
            ran.unwrap_or_else(|_| Some(format!("command timed out after {seconds}s")))
        }
        Check::Http { scheme, port, path, headers } => {
            let url = format!("{scheme}://{}:{port}/{}", engine.host, path.trim_start_matches('/'));
            ask(&url, headers, patience).await.err()
        }
    }
}

/// What a program that did not end with 0 said.
async fn run(engine: &Engine, id: &str, argv: Vec<String>) -> Option<String> {
    let failed = |error: bollard::errors::Error| Some(exec_failure(&told(&error)));
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(argv),
        ..ExecConfig::default()
    };
    let exec = match engine.api.create_exec(id, config).await {
        Ok(made) => made.id,
        Err(error) => return failed(error),
    };
    let mut said = Vec::new();
    match engine.api.start_exec(&exec, None).await {
        Ok(StartExecResults::Attached { mut output, input: _open }) => {
            while let Some(Ok(chunk)) = output.next().await {
                let room = SAID.saturating_sub(said.len());
                let bytes = chunk.as_ref();
                said.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            }
        }
        Ok(StartExecResults::Detached) => {}
        Err(error) => return failed(error),
    }
    loop {
        match engine.api.inspect_exec(&exec).await {
            Ok(state) if state.running == Some(true) => tokio::time::sleep(Duration::from_millis(10)).await,
            Ok(state) if state.exit_code == Some(0) => return None,
            Ok(state) => {
                let said = String::from_utf8_lossy(&said).trim().to_owned();
                if let Some(failure) = state.exit_code.and_then(|code| unexecuted(code, &said)) {
                    return Some(failure);
                }
                return Some(match (state.exit_code, said.is_empty()) {
                    (Some(code), true) => format!("command exited with {code}"),
                    (None, _) | (_, false) => said,
                });
            }
            Err(error) => return failed(error),
        }
    }
}
