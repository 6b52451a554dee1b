//! An exec stream over a websocket: first the password, then bytes of the terminal in both directions.
//!
//! As the service does it: the password is the first text message, input comes as text or binary, output goes as
//! binary, and the server closes when the process has ended. A client that goes away hangs the terminal up.

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};

use super::cut::Left;
use crate::contract::ExecSession;
use crate::runtime::{ExecStream, Runtime};
use crate::token::same;

/// How long a client has to send the password.
const PASSWORD_TIME: Duration = Duration::from_secs(10);

/// How long a client has to answer our close, so that nothing that it has not read yet is lost.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// How long a stream that ends without a close may be read.
const PARTING_TIME: Duration = Duration::from_millis(200);

/// What the close says where the password did not come.
pub(super) const NO_PASSWORD: &str = "the password was not the first message";

/// Runs one exec from the password to the close.
pub(super) async fn stream(mut socket: WebSocket, session: ExecSession, runtime: Runtime, left: Left) {
    if !knows(&mut socket, &session.password).await {
        return close(socket, close_code::POLICY, NO_PASSWORD).await;
    }
    match runtime.exec(&session).await {
        Ok(stream) => run(socket, stream, left).await,
        Err(text) => {
            // Where the client is gone already, there is nobody to tell.
            let _ = socket.send(Message::Text(text.into())).await;
            close(socket, close_code::NORMAL, "").await;
        }
    }
}

/// Whether the first message is the password.
pub(super) async fn knows(socket: &mut WebSocket, password: &str) -> bool {
    let first = timeout(PASSWORD_TIME, socket.recv()).await;
    matches!(&first, Ok(Some(Ok(Message::Text(text)))) if same(text.as_str(), password))
}

async fn run(socket: WebSocket, ExecStream { input, output }: ExecStream, left: Left) {
    let (mut to_client, mut from_client) = socket.split();
    let closes = left.closes();
    let ended = tokio::select! {
        () = type_in(&mut from_client, input) => false,
        gone = show(&mut to_client, output, left) => !gone && closes,
    };
    if let Ok(mut socket) = to_client.reunite(from_client) {
        if ended {
            close(socket, close_code::NORMAL, "").await;
        } else if !closes {
            // A connection that ends with input unread takes the output along that has not arrived yet.
            let _ = timeout(PARTING_TIME, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
        }
    }
}

/// Passes input on until the client is gone. A process that ended takes no input; its output decides when to close.
async fn type_in(from_client: &mut SplitStream<WebSocket>, input: mpsc::Sender<Bytes>) {
    while let Some(Ok(message)) = from_client.next().await {
        let typed = match message {
            Message::Text(text) => Bytes::from(text),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        if !typed.is_empty() {
            let _ = input.send(typed).await;
        }
    }
}

/// Passes output on until the process has ended; whether the client was gone before, or is cut off.
async fn show(
    to_client: &mut SplitSink<WebSocket, Message>,
    mut output: mpsc::Receiver<Bytes>,
    mut left: Left,
) -> bool {
    while let Some(mut bytes) = output.recv().await {
        while !bytes.is_empty() {
            let passed = left.pass(&mut bytes);
            if to_client.send(Message::Binary(passed)).await.is_err() || left.is_over() {
                return true;
            }
        }
    }
    false
}

/// Closes and waits a little for the client to have read everything.
pub(super) async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
        // A client that never answers is left.
        let _ = timeout(CLOSE_TIME, drained).await;
    }
}
