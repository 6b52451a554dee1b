//! Accepts TLS connections.
//!
//! Invariant: a client that is slow to shake hands, or never does, holds no other back and is dropped in time; the
//! number of those that are at it is bounded. The certificate is `pki`'s business.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::at_once;

/// How long a client has to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How many may shake hands at the same time; more wait until they are accepted.
const MOST: usize = 256;

/// A client that shook hands, and its address; none where it did not.
type Shaken = Option<(TlsStream<TcpStream>, SocketAddr)>;

/// A listener that gives connections out once they are secure.
pub(super) struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Shaken>,
}

impl Secure {
    pub(super) fn new(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        Self { listener, acceptor: TlsAcceptor::from(config), handshakes: JoinSet::new() }
    }
}

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let Self { listener, acceptor, handshakes } = self;
        loop {
            tokio::select! {
                // axum's own accept outlives errors such as too many open files.
                (stream, address) = Listener::accept(listener), if handshakes.len() < MOST => {
                    handshakes.spawn(shake(acceptor.clone(), stream, address));
                }
                Some(Ok(Some(shaken))) = handshakes.join_next(), if !handshakes.is_empty() => return shaken,
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn shake(acceptor: TlsAcceptor, mut stream: TcpStream, address: SocketAddr) -> Shaken {
    at_once(&mut stream);
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some((stream, address)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a client did not come to terms about TLS; does it trust the emulator's authority?");
            None
        }
        Err(_) => {
            tracing::debug!("a client took too long over TLS");
            None
        }
    }
}
