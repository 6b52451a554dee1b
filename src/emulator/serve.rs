//! The emulator as a server on loopback ports: http, and https under its own certificate authority.
//!
//! Invariant: after it returns nothing of it is left but the state folder: no connection is accepted, no container
//! runs, and the note about the running server is gone.

mod connection;
mod secure;

use std::net::{IpAddr, SocketAddr};

use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::emulator::{Emulator, OpenError};
use crate::home::{Home, HomeError, Running};
use crate::http::{Ports, Scheme, served};
use crate::options::{Options, Reach};
use crate::pki::{Pki, PkiError};
use secure::Secure;

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
    /// There is no certificate for https.
    #[error("https cannot be served")]
    Pki(#[from] PkiError),
    /// It would be reachable from other machines.
    #[error("{0} is not a loopback address, and the emulator serves no other machine")]
    NotLoopback(SocketAddr),
    /// The socket failed.
    #[error("the emulator's socket failed")]
    Socket(#[from] std::io::Error),
}

/// Where the emulator listens.
#[derive(Debug)]
pub struct Sockets {
    /// For plain http.
    pub http: TcpListener,
    /// For https, with the certificates that it shows.
    pub https: Option<(TcpListener, Pki)>,
    /// For plain http on an address of this machine that others can reach.
    pub others: Option<TcpListener>,
}

impl Sockets {
    /// Both sockets of a state folder; must be called within a tokio runtime.
    ///
    /// # Errors
    /// A port is taken, or the certificates cannot be used.
    pub fn of(home: &Home) -> Result<Self, ServeError> {
        let http = TcpListener::from_std(home.listen()?)?;
        let https = TcpListener::from_std(home.listen_https()?)?;
        Ok(Self { http, https: Some((https, Pki::open(&home.certificates())?)), others: None })
    }

    /// The same, and plain http on the same port of another address of this machine. Serving it wants
    /// [`Reach::OtherMachines`].
    ///
    /// # Errors
    /// A port is taken, the address is none of this machine's, or the certificates cannot be used.
    pub async fn also(home: &Home, address: IpAddr) -> Result<Self, ServeError> {
        if address.is_unspecified() {
            // It takes the loopback address in, which then cannot be listened on by itself.
            let http = TcpListener::bind((address, home.port()?)).await?;
            let https = TcpListener::from_std(home.listen_https()?)?;
            return Ok(Self { http, https: Some((https, Pki::open(&home.certificates())?)), others: None });
        }
        let others = TcpListener::bind((address, home.port()?)).await?;
        Ok(Self { others: Some(others), ..Self::of(home)? })
    }
}

/// Serves until `shutdown` is cancelled or a client posts `/_emulator/stop`.
///
/// # Errors
/// A listener is not on a loopback address, the emulator cannot be opened, or a socket fails.
pub async fn serve(
    options: Options,
    sockets: Sockets,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let Sockets { http, https, others } = sockets;
    let reach = options.reach;
    let port = port(&http, reach)?;
    let https_port = https.as_ref().map(|(listener, _)| self::port(listener, reach)).transpose()?;
    others.as_ref().map(|listener| self::port(listener, reach)).transpose()?;
    let https = https.map(|(listener, pki)| Ok::<_, PkiError>(Secure::new(listener, pki.server()?)));
    let https = https.transpose()?;
    let home = options.state.as_deref().map(Home::open).transpose()?;
    let build = options.build.clone();
    let emulator = Emulator::open(options).await?;
    let ports = Ports { http: port, https: https_port };
    let running = Running { pid: std::process::id(), port, https_port, build };
    let announced = home.as_ref().map_or(Ok(()), |home| home.announce(&running));
    let served = match announced {
        Ok(()) => {
            let chosen = emulator.chosen();
            for line in emulator.runtime().recovered() {
                tracing::info!("recovered of an earlier emulator: {line}");
            }
            tracing::info!(port, https_port, runtime = chosen.name, why = chosen.why, "the emulator serves");
            if let Some(recovered) = emulator.recovered().told() {
                tracing::info!("{recovered}");
            }
            let plain = std::iter::once(http).chain(others).collect();
            connections(&emulator, plain, https, ports, shutdown).await;
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    emulator.shutdown().await;
    if let Some(home) = &home {
        home.retract()?;
    }
    served
}

/// The port of a listener, which must be on a loopback address unless others may come.
fn port(listener: &TcpListener, reach: Reach) -> Result<u16, ServeError> {
    let address = listener.local_addr()?;
    let admitted = address.ip().is_loopback() || reach == Reach::OtherMachines;
    if admitted { Ok(address.port()) } else { Err(ServeError::NotLoopback(address)) }
}

async fn connections(
    emulator: &Emulator,
    plain: Vec<TcpListener>,
    https: Option<Secure>,
    ports: Ports,
    shutdown: CancellationToken,
) {
    let told = CancellationToken::new();
    let plain = futures::future::join_all(plain.into_iter().map(|listener| {
        connection::serve(listener.tap_io(at_once), served(emulator, Scheme::HTTP, ports), told.clone())
    }));
    let secure = async {
        if let Some(https) = https {
            connection::serve(https, served(emulator, Scheme::HTTPS, ports), told.clone()).await;
        }
    };
    let stop = emulator.stop().clone();
    let late = async {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = stop.cancelled() => {}
        }
        told.cancel();
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        _ = async { tokio::join!(plain, secure) } => {}
        () = late => {}
    }
}

/// Terminals are made of small writes, none of which may wait for the next.
fn at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection waits for full packets");
    }
}
