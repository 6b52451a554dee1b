//! Exec over a websocket, in an in-memory pipe and in no time.

use std::collections::BTreeMap;

use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Chunk, Exec};
use acitask_emulator::{Emulator, Options};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Outcome;
use super::wire::{bare, deploy, dial, send};

async fn emulator() -> Result<Emulator, Box<dyn std::error::Error>> {
    let chunk = |after_ms, text: &str| Chunk { after_ms, text: text.to_owned() };
    let slow = Exec {
        argv: vec!["/slow".to_owned(), "--name".to_owned()],
        chunks: vec![chunk(60_000, "one\r\n"), chunk(60_000, "two\r\n")],
        echo: false,
    };
    let cat = Exec { argv: vec!["cat".to_owned()], chunks: Vec::new(), echo: true };
    let behaviour = Behaviour { execs: vec![slow, cat], ..Behaviour::default() };
    let emulator = Emulator::open(Options {
        behaviours: BTreeMap::from([("strong".to_owned(), behaviour)]),
        ..Options::in_memory()
    })
    .await?;
    deploy(&emulator, "strong", "Always").await?;
    Ok(emulator)
}

/// The data that the server sends until it closes, and the code that it closes with.
async fn rest(socket: &mut WebSocketStream<DuplexStream>) -> (Vec<Message>, Option<CloseCode>) {
    let mut data = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Close(frame) => return (data, frame.map(|frame| frame.code)),
            other => data.push(other),
        }
    }
    (data, None)
}

#[tokio::test(start_paused = true)]
async fn output_comes_as_binary_and_the_end_closes() -> Outcome {
    let emulator = emulator().await?;
    let (mut socket, password) = dial(&emulator, "/slow --name").await?;
    socket.send(Message::text(password)).await?;
    let wanted = vec![Message::binary(b"one\r\n".as_slice()), Message::binary(b"two\r\n".as_slice())];
    assert_eq!(rest(&mut socket).await, (wanted, Some(CloseCode::Normal)));
    let entry = emulator.journal().since(0).into_iter().find(|entry| entry.status == Some(101));
    let target = entry.map(|entry| entry.target).unwrap_or_default();
    assert!(target.starts_with("/execstream/sessionId/"), "{target}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn input_goes_in_as_text_or_binary() -> Outcome {
    let emulator = emulator().await?;
    let (mut socket, password) = dial(&emulator, "cat").await?;
    for message in [Message::text(password), Message::text("a"), Message::binary(b"\xff\x04".as_slice())] {
        socket.send(message).await?;
    }
    let wanted = vec![Message::binary(b"a".as_slice()), Message::binary(b"\xff".as_slice())];
    assert_eq!(rest(&mut socket).await, (wanted, Some(CloseCode::Normal)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_the_password_first_the_stream_closes() -> Outcome {
    let emulator = emulator().await?;
    for first in [Some(Message::text("wrong")), Some(Message::binary(b"x".as_slice())), None] {
        let (mut socket, _) = dial(&emulator, "cat").await?;
        if let Some(message) = first.clone() {
            socket.send(message).await?;
        }
        assert_eq!(rest(&mut socket).await, (Vec::new(), Some(CloseCode::Policy)), "{first:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_not_there_is_told_as_text() -> Outcome {
    let emulator = emulator().await?;
    let (mut socket, password) = dial(&emulator, "/nope").await?;
    socket.send(Message::text(password)).await?;
    let (data, code) = rest(&mut socket).await;
    assert_eq!(code, Some(CloseCode::Normal));
    let text = data.first().and_then(|message| message.to_text().ok()).unwrap_or_default();
    assert!(text.starts_with("OCI runtime exec failed:") && text.contains("/nope"), "{text}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_container_ends_the_stream() -> Outcome {
    let emulator = emulator().await?;
    let (mut socket, password) = dial(&emulator, "cat").await?;
    socket.send(Message::text(password)).await?;
    socket.send(Message::text("here")).await?;
    assert_eq!(socket.next().await.transpose()?, Some(Message::binary(b"here".as_slice())));
    let stop = format!("{}/stop{}", super::wire::GROUP, super::wire::VERSION);
    assert_eq!(send(&emulator, "POST", &stop, serde_json::Value::Null).await?.status, 204);
    assert_eq!(rest(&mut socket).await, (Vec::new(), Some(CloseCode::Normal)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_a_websocket_and_nothing_else() -> Outcome {
    let emulator = emulator().await?;
    let answer = bare(&emulator, "GET", "/execstream/sessionId/x", &[], "").await?;
    assert_eq!((answer.status, answer.code()), (426, "UpgradeRequired"));
    Ok(())
}
