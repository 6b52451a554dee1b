//! What is too long, too large or too slow is refused or dropped, and the emulator goes on.

use acitask_emulator::home::Home;
use acitask_emulator::serve::{Sockets, serve};
use acitask_emulator::{Emulator, Options};
use axum::body::{Body, Bytes};
use futures::stream;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::Outcome;
use super::wire::{VERSION, bare, send};

#[tokio::test(start_paused = true)]
async fn what_is_too_long_is_refused_in_words() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let long = "x".repeat(70_000);
    let token = format!("Bearer {}", emulator.token());
    let own = ("authorization", token.as_str());
    let path = format!("/subscriptions/{}{VERSION}", "s".repeat(17_000));
    let body = vec![b' '; 4 * 1024 * 1024 + 1];
    let group = format!("/subscriptions/s/resourceGroups/rg{VERSION}");
    let rows = [
        (path.as_str(), vec![own], Body::empty(), 414, "RequestUriTooLong"),
        (&group, vec![own, ("x-long", &long)], Body::empty(), 431, "RequestHeadersTooLarge"),
        (&group, vec![own], Body::from(body), 413, "RequestContentTooLarge"),
    ];
    for (target, headers, body, status, code) in rows {
        let answer = bare(&emulator, "PUT", target, &headers, body).await?;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert!(answer.body["error"]["message"].is_string());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let token = format!("Bearer {}", emulator.token());
    let began = Instant::now();
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let target = format!("/subscriptions/s/resourceGroups/rg{VERSION}");
    let answer = bare(&emulator, "PUT", &target, &[("authorization", &token)], never).await?;
    assert_eq!((answer.status, answer.code()), (408, "RequestTimeout"));
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    Ok(())
}

#[tokio::test]
async fn a_cut_closes_the_socket_without_a_byte_and_odd_heads_close_theirs() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let fault = json!({"on": "resourceGroups/put", "effect": {"cut": "after"}});
    let faults = vec![serde_json::from_value(fault)?];
    let options = Options { state: Some(folder.path().to_owned()), faults, ..Options::in_memory() };
    let token = {
        let emulator = Emulator::open(options.clone()).await?;
        let token = emulator.token();
        emulator.shutdown().await;
        token
    };
    let sockets = Sockets::of(&home)?;
    let address = sockets.http.local_addr()?;
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(serve(options, sockets, shutdown.clone()));
    let ask = async |text: String| -> Result<String, std::io::Error> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        // Somebody who is cut off may be reset, with what was not read yet.
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let head = |method: &str, more: &str| {
        format!(
            "{method} /subscriptions/s/resourceGroups/rg{VERSION} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
        )
    };
    let body = r#"{"location": "westeurope"}"#;
    let put = head("PUT", &format!("Content-Length: {}\r\n", body.len())) + body;
    assert_eq!(ask(put).await?, "", "no byte of an answer");
    assert!(ask(head("GET", "")).await?.starts_with("HTTP/1.1 200 "), "it was carried out");
    let many: String = (0..300).map(|number| format!("x-{number}: y\r\n")).collect();
    assert!(ask(head("GET", &many)).await?.starts_with("HTTP/1.1 431 "));
    assert!(
        ask(head("GET", &format!("x-long: {}\r\n", "y".repeat(200_000)))).await?.starts_with("HTTP/1.1 431 ")
    );
    assert!(ask("nonsense\r\n\r\n".to_owned()).await?.starts_with("HTTP/1.1 400 "));
    assert!(ask(head("GET", "")).await?.starts_with("HTTP/1.1 200 "), "it goes on");
    shutdown.cancel();
    timeout(Duration::from_secs(20), server).await???;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn health_tells_what_is_there() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    super::wire::deploy(&emulator, "simulated/run:forever", "Never").await?;
    let fault = json!([{"on": "logs", "effect": {"cut": "before"}}]);
    assert_eq!(send(&emulator, "POST", "/_emulator/faults", fault).await?.status, 201);
    let health = bare(&emulator, "GET", "/_emulator/health", &[], "").await?.body;
    assert_eq!(health["containerGroups"], json!({"Running": 1}));
    assert_eq!(health["faults"], json!({"standing": 1, "fired": 0}));
    assert_eq!(health["recovered"], json!({"killed": false, "records": 0, "tornBytes": 0, "restarted": 0}));
    assert_eq!(health["timeMode"], Value::from("real"));
    Ok(())
}
