//! A real server on a real port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use acitask_emulator::home::Home;
use acitask_emulator::serve::{ServeError, serve};
use acitask_emulator::{Emulator, Options};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::Outcome;

type Failure = Box<dyn std::error::Error>;

fn options(state: &Path) -> Options {
    Options { state: Some(state.to_owned()), build: "this one".to_owned(), ..Options::in_memory() }
}

/// A server on the port of its state folder.
fn begin(
    home: &Home,
    shutdown: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<Result<(), ServeError>>), Failure> {
    let listener = TcpListener::from_std(home.listen()?)?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(options(home.path()), listener, shutdown));
    Ok((address, server))
}

/// Sends one request on a connection that stays open, and gives the status and the JSON of the answer.
async fn ask(
    stream: &mut TcpStream,
    request: &str,
    headers: &str,
    body: &str,
) -> Result<(String, Value), Failure> {
    let length = body.len();
    let text =
        format!("{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; 16 * 1024];
    let length = stream.read(&mut answer).await?;
    answer.truncate(length);
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no whole answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok((status, serde_json::from_str(body)?))
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
    assert_eq!(running.map(|it| (it.port, it.build)), Some((address.port(), "this one".to_owned())));

    // The open connection of the client does not hold the server back.
    shutdown.cancel();
    timeout(Duration::from_secs(20), server).await???;
    assert_eq!(home.running()?, None);
    assert!(TcpStream::connect(address).await.is_err());
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
    let outcome = serve(Options::in_memory(), listener, CancellationToken::new()).await;
    assert!(matches!(outcome, Err(ServeError::NotLoopback(_))));
    Ok(())
}
