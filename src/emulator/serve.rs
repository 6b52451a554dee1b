//! The emulator as a server on a loopback port.
//!
//! Invariant: after it returns nothing of it is left but the state folder: no connection is accepted, no container
//! runs, and the note about the running server is gone.

use std::net::SocketAddr;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::emulator::{Emulator, OpenError};
use crate::home::{Home, HomeError, Running};
use crate::options::Options;

/// How long open requests have to end after the server was told to.
const PATIENCE: Duration = Duration::from_secs(3);

/// What keeps the emulator from serving.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The emulator cannot be opened.
    #[error("the emulator cannot be opened")]
    Open(#[from] OpenError),
    /// The state folder cannot be used.
    #[error("the state folder cannot be used")]
    Home(#[from] HomeError),
    /// It would be reachable from other machines.
    #[error("{0} is not a loopback address, and the emulator serves no other machine")]
    NotLoopback(SocketAddr),
    /// The socket failed.
    #[error("the emulator's socket failed")]
    Socket(#[from] std::io::Error),
}

/// Serves until `shutdown` is cancelled or a client posts `/_emulator/stop`.
///
/// # Errors
/// The listener is not on a loopback address, the emulator cannot be opened, or the socket fails.
pub async fn serve(
    options: Options,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let home = options.state.as_deref().map(Home::open).transpose()?;
    let build = options.build.clone();
    let emulator = Emulator::open(options).await?;
    let running = Running { pid: std::process::id(), port: address.port(), build };
    let announced = home.as_ref().map_or(Ok(()), |home| home.announce(&running));
    let served = match announced {
        Ok(()) => {
            let chosen = emulator.chosen();
            tracing::info!(%address, runtime = chosen.name, why = chosen.why, "the emulator serves");
            connections(&emulator, listener, shutdown).await
        }
        Err(error) => Err(error.into()),
    };
    emulator.shutdown().await;
    if let Some(home) = &home {
        home.retract()?;
    }
    served
}

async fn connections(
    emulator: &Emulator,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let stop = emulator.stop().clone();
    let ended = async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = stop.cancelled() => {}
        }
    };
    let told = CancellationToken::new();
    let graceful = {
        let told = told.clone();
        async move {
            ended.await;
            told.cancel();
        }
    };
    // Terminals are made of small writes, none of which may wait for the next.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection waits for full packets");
        }
    });
    let server = axum::serve(listener, emulator.router()).with_graceful_shutdown(graceful);
    let late = async {
        told.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = server.into_future() => Ok(served?),
        () = late => Ok(()),
    }
}
