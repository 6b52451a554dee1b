//! The terminal of a simulated exec: prints its chunks, then echoes where it is told to.
//!
//! It ends when its program does, when the client hangs up, and when its container ends.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use super::behaviour::Exec;
use crate::clock::Clock;
use crate::runtime::ExecStream;

/// End of transmission, what Ctrl-D sends.
const END: u8 = 0x04;

/// How many messages wait in either direction.
const DEPTH: usize = 16;

/// Runs the program until the container's end.
pub(super) fn open(exec: Exec, clock: &Clock, container: CancellationToken) -> ExecStream {
    let (input, keys) = mpsc::channel(DEPTH);
    let (screen, output) = mpsc::channel(DEPTH);
    let program = run(exec, clock.clone(), keys, screen);
    clock.spawn(async move { container.run_until_cancelled(program).await });
    ExecStream { input, output }
}

/// A send fails only where the client hung up, and then there is nothing left to do.
async fn run(exec: Exec, clock: Clock, mut keys: mpsc::Receiver<Bytes>, screen: mpsc::Sender<Bytes>) {
    for chunk in exec.chunks {
        clock.sleep(Duration::from_millis(chunk.after_ms)).await;
        if screen.send(chunk.text.into()).await.is_err() {
            return;
        }
    }
    if !exec.echo {
        return;
    }
    while let Some(typed) = keys.recv().await {
        let end = typed.iter().position(|byte| *byte == END);
        let shown = typed.slice(..end.unwrap_or(typed.len()));
        let gone = !shown.is_empty() && screen.send(shown).await.is_err();
        if gone || end.is_some() {
            return;
        }
    }
}
