//! A real server on a real port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use acitask_emulator::home::Home;
use acitask_emulator::serve::{ServeError, Sockets, serve};
use acitask_emulator::{Emulator, Options, Reach};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::Outcome;

type Failure = Box<dyn std::error::Error>;

pub(crate) fn options(state: &Path) -> Options {
    Options { state: Some(state.to_owned()), build: "this one".to_owned(), ..Options::in_memory() }
}

/// A server on the port of its state folder.
pub(crate) fn begin(
    home: &Home,
    shutdown: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<Result<(), ServeError>>), Failure> {
    let sockets = Sockets::of(home)?;
    let address = sockets.http.local_addr()?;
    let server = tokio::spawn(serve(options(home.path()), sockets, shutdown));
    Ok((address, server))
}

/// Sends one request on a connection that stays open, and gives the status and the JSON of the answer.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
    headers: &str,
    body: &str,
) -> Result<(String, Value), Failure> {
    let headers = format!("Host: localhost\r\n{headers}");
    let answer = exchange(stream, request, &headers, body).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no whole answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body)? };
    Ok((status, body))
}

/// The same with all headers told, and the answer as it came.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
    headers: &str,
    body: &str,
) -> Result<String, Failure> {
    let length = body.len();
    let headers = headers.trim_end();
    let text = format!("{request} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; 16 * 1024];
    let length = stream.read(&mut answer).await?;
    answer.truncate(length);
    Ok(String::from_utf8(answer)?)
}

#[tokio::test]
async fn serves_until_it_is_told_to_stop() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let shutdown = CancellationToken::new();
    let (address, server) = begin(&home, shutdown.clone())?;
    let mut stream = TcpStream::connect(address).await?;
    let (status, health) = ask(&mut stream, "GET /_emulator/health", "", "").await?;
    assert_eq!((status.as_str(), &health["build"]), ("200", &Value::from("this one")));
    let running = home.running()?;
    let https = home.https_port()?;
    assert_eq!(health["ports"], json!({"http": address.port(), "https": https}));
    let running = running.map(|it| (it.port, it.https_port, it.build));
    assert_eq!(running, Some((address.port(), Some(https), "this one".to_owned())));

    // The open connection of the client does not hold the server back.
    shutdown.cancel();
    timeout(Duration::from_secs(20), server).await???;
    assert_eq!(home.running()?, None);
    assert!(TcpStream::connect(address).await.is_err());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, https)).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_client_with_the_secret_can_stop_it_and_the_next_has_its_port() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let mut ports = Vec::new();
    for _ in 0..2 {
        let (address, server) = begin(&home, CancellationToken::new())?;
        ports.push(address.port());
        let mut stream = TcpStream::connect(address).await?;
        let form =
            format!("grant_type=client_credentials&client_id=me&client_secret={}", home.secret()?.reveal());
        let (_, token) = ask(&mut stream, "POST /t/oauth2/v2.0/token", "", &form).await?;
        let token = token["access_token"].as_str().ok_or("no token")?;
        let header = format!("Authorization: Bearer {token}\r\n");
        let (status, _) = ask(&mut stream, "POST /_emulator/stop", &header, "").await?;
        assert_eq!(status, "202");
        timeout(Duration::from_secs(20), server).await???;
        // Nothing holds the state folder any more.
        let emulator = Emulator::open(options(folder.path())).await?;
        emulator.shutdown().await;
    }
    assert_eq!(ports.first(), ports.last());
    Ok(())
}

#[tokio::test]
async fn serves_no_other_machine() -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    let sockets = Sockets { http: listener, https: None, others: None };
    let outcome = serve(Options::in_memory(), sockets, CancellationToken::new()).await;
    assert!(matches!(outcome, Err(ServeError::NotLoopback(_))));
    Ok(())
}

#[tokio::test]
async fn serves_other_machines_only_where_that_was_wanted() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let everywhere = std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let sockets = Sockets::also(&home, everywhere).await?;
    let refused = serve(options(home.path()), sockets, CancellationToken::new()).await;
    assert!(matches!(refused, Err(ServeError::NotLoopback(_))));

    // Another address of this machine stands for one that others can reach.
    for address in [everywhere, "127.0.0.2".parse()?] {
        let sockets = Sockets::also(&home, address).await?;
        let shutdown = CancellationToken::new();
        let options = Options { reach: Reach::OtherMachines, ..options(home.path()) };
        let server = tokio::spawn(serve(options, sockets, shutdown.clone()));
        for host in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)] {
            let mut stream = TcpStream::connect((host, home.port()?)).await?;
            let (status, _) = ask(&mut stream, "GET /_emulator/health", "", "").await?;
            assert_eq!(status, "200", "{address} {host}");
        }
        shutdown.cancel();
        timeout(Duration::from_secs(20), server).await???;
    }
    Ok(())
}
