//! A terminal in a container: bytes in both directions over a websocket.
//!
//! Invariant: sending never waits for receiving, so two full pipes cannot hold each other up, and input takes no more than
//! its room; a stream that ends without a close frame is told apart from one that was closed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_mgmt_containerinstance::package_preview_2024_05::models::{
    ContainerExecRequest, ContainerExecResponse, container_exec_request::TerminalSize,
};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use crate::arm::Arm;
use crate::arm::call::Call;
use crate::arm::endpoint::confidential;
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::path::segment;
use crate::arm::wire::Stream;
use crate::model::name::GroupId;

type Socket = WebSocketStream<Box<dyn Stream>>;

const HANDSHAKE: Duration = Duration::from_secs(20);
/// Gateways drop streams on which nothing moves for some minutes.
const PING: Duration = Duration::from_secs(30);
const PARTING: Duration = Duration::from_secs(5);

/// A terminal in a container.
pub struct Terminal {
    outgoing: mpsc::UnboundedSender<Typed>,
    /// A permit for each piece of input that may wait to be sent.
    room: Arc<Semaphore>,
    incoming: SplitStream<Socket>,
    writer: tokio::task::JoinHandle<()>,
}

/// How many pieces of input may wait to be sent.
const WAITING: usize = 16;

/// Bytes on their way, with the room that they take up.
type Typed = (Bytes, Option<OwnedSemaphorePermit>);

/// What a terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Bytes of output.
    Bytes(Bytes),
    /// The container closed the stream, as it does when the command has ended.
    Closed,
    /// The stream broke off.
    Cut,
}

impl Terminal {
    /// Types bytes into the terminal; after the stream has ended they are lost.
    pub fn send(&self, bytes: impl Into<Bytes>) {
        // The receiver is gone only when the stream is, which `recv` tells.
        let _ = self.outgoing.send((bytes.into(), None));
    }

    /// Types bytes for which there was room.
    pub(super) fn feed(&self, bytes: impl Into<Bytes>, room: OwnedSemaphorePermit) {
        let _ = self.outgoing.send((bytes.into(), Some(room)));
    }

    /// Where room for a piece of input is waited for, so that a command that reads slowly holds its input up.
    pub(super) fn room(&self) -> Arc<Semaphore> {
        Arc::clone(&self.room)
    }

    /// The next that the terminal says. Cancel safe.
    pub async fn recv(&mut self) -> Heard {
        loop {
            match self.incoming.next().await {
                Some(Ok(Message::Binary(bytes))) => return Heard::Bytes(bytes),
                Some(Ok(Message::Text(text))) => return Heard::Bytes(text.into()),
                Some(Ok(Message::Close(_))) => return Heard::Closed,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Heard::Cut,
            }
        }
    }

    /// Closes the stream, which hangs the terminal up.
    pub async fn close(self) {
        let Self { outgoing, room: _, incoming, mut writer } = self;
        drop(outgoing);
        if tokio::time::timeout(PARTING, &mut writer).await.is_err() {
            writer.abort();
        }
        drop(incoming);
    }
}

/// The next piece of input that there is room for; nothing at its end. Cancel safe: what is taken is given.
pub(super) async fn piece(
    input: &mut Option<mpsc::Receiver<Bytes>>,
    room: &Arc<Semaphore>,
) -> Option<(Bytes, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    input.as_mut()?.recv().await.map(|bytes| (bytes, permit))
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut queue: mpsc::UnboundedReceiver<Typed>) {
    let mut pings = tokio::time::interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.tick().await;
    loop {
        let (message, _room) = tokio::select! {
            typed = queue.recv() => match typed {
                Some((bytes, room)) => (Message::Binary(bytes), room),
                None => break,
            },
            _ = pings.tick() => (Message::Ping(Bytes::new()), None),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
    // The other end may be gone already; there is nobody left to tell.
    let _ = tokio::time::timeout(PARTING, sink.close()).await;
}

impl Arm {
    /// Starts a command in a container and gives its terminal.
    ///
    /// Changes nothing that a plan knows of, so it takes no warrant. The command is one string, whose arguments some
    /// clusters split on spaces and some do not. Sources: azure-cli recording test_container_exec; virtual-kubelet.
    ///
    /// # Errors
    /// The service's fault, or one of the dial.
    pub async fn exec(
        &self,
        id: &GroupId,
        container: &str,
        command: &str,
        rows: u16,
        cols: u16,
    ) -> Result<Terminal, Fault> {
        let (resource_group, name) = (segment(id.resource_group.as_str())?, segment(id.name.as_str())?);
        let size = TerminalSize { rows: Some(i32::from(rows)), cols: Some(i32::from(cols)) };
        let request = ContainerExecRequest { command: Some(command.to_owned()), terminal_size: Some(size) };
        let call = Call::new(self);
        let client = call.aci().containers_client();
        let container = segment(container)?;
        let outcome = client
            .execute_command(self.subscription(), resource_group, name, container, request)
            .send()
            .await;
        let answer = call.answer(outcome)?;
        let protocol = |what: &str| Fault::own(FaultKind::Protocol, what);
        let response: ContainerExecResponse =
            serde_json::from_slice(&answer.body).map_err(|_| protocol("the service's answer is no exec"))?;
        self.stream(response.web_socket_uri, response.password).await
    }

    /// Opens the stream that the service has told the address and the password of.
    pub(in crate::arm) async fn stream(
        &self,
        address: Option<String>,
        password: Option<String>,
    ) -> Result<Terminal, Fault> {
        let protocol = |what: &str| Fault::own(FaultKind::Protocol, what);
        let (Some(address), Some(password)) = (address, password) else {
            return Err(protocol("the service's stream has no address or no password"));
        };
        let url: Url = address.parse().map_err(|_| protocol("the service's stream has no valid address"))?;
        if !confidential(&url) || !matches!(url.scheme(), "ws" | "wss") {
            return Err(protocol(
                "the service's stream is at an address that is not encrypted; it is not dialled",
            ));
        }
        let stream = self.wire().dial(&url).await?;
        let opened = tokio::time::timeout(HANDSHAKE, open(url, stream, password)).await;
        opened.unwrap_or_else(|_| Err(Fault::own(FaultKind::Transient, "the stream does not open")))
    }
}

async fn open(url: Url, stream: Box<dyn Stream>, password: String) -> Result<Terminal, Fault> {
    // The error's text may name the address, whose query is part of the secret.
    let transient = |_| Fault::own(FaultKind::Transient, "the stream could not be opened");
    let (socket, _) = tokio_tungstenite::client_async(url.as_str(), stream).await.map_err(transient)?;
    let (mut sink, incoming) = socket.split();
    sink.send(Message::text(password)).await.map_err(transient)?;
    let (outgoing, queue) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(sink, queue));
    Ok(Terminal { outgoing, room: Arc::new(Semaphore::new(WAITING)), incoming, writer })
}
