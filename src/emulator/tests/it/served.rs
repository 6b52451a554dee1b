//! A real server on a real port.

use std::net::Ipv4Addr;

use acitask_emulator::home::Home;
use acitask_emulator::serve::{ServeError, serve};
use acitask_emulator::{Choice, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::Outcome;

#[tokio::test]
async fn serves_until_it_is_told_to_stop() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let listener = home.listen()?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let options = Options {
        state: Some(folder.path().to_owned()),
        runtime: Choice::Simulated,
        build: "this one".to_owned(),
        ..Options::in_memory()
    };
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(serve(options, listener, shutdown.clone()));

    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /_emulator/health HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await?;
    answer.truncate(length);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("this one"),
        "{answer}"
    );
    let running = home.running()?;
    assert_eq!(
        running.map(|it| (it.port, it.build)),
        Some((address.port(), "this one".to_owned()))
    );

    // The open connection of the client does not hold the server back.
    shutdown.cancel();
    timeout(Duration::from_secs(20), server).await???;
    assert_eq!(home.running()?, None);
    assert!(TcpStream::connect(address).await.is_err());
    drop(stream);
    Ok(())
}

#[tokio::test]
async fn serves_no_other_machine() -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    let outcome = serve(Options::in_memory(), listener, CancellationToken::new()).await;
    assert!(matches!(outcome, Err(ServeError::NotLoopback(_))));
    Ok(())
}
