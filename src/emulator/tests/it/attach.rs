//! Attach over a websocket: what was printed, what is printed, and the end.

use std::collections::BTreeMap;

use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Line};
use acitask_emulator::{Emulator, Options};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Outcome;
use super::wire::{GROUP, VERSION, connect, deploy, send};

async fn emulator() -> Result<Emulator, Box<dyn std::error::Error>> {
    let line = |after_ms, text: &str| Line { after_ms, text: text.to_owned() };
    let behaviour = Behaviour {
        lines: vec![line(0, "one"), line(20_000, "two"), line(40_000, "three")],
        exit: Some(Exit { after_ms: 60_000, ..Exit::default() }),
        ..Behaviour::default()
    };
    let emulator = Emulator::open(Options {
        behaviours: BTreeMap::from([("talker".to_owned(), behaviour)]),
        ..Options::in_memory()
    })
    .await?;
    deploy(&emulator, "talker", "Never").await?;
    Ok(emulator)
}

#[tokio::test(start_paused = true)]
async fn the_log_is_told_as_it_grows_and_the_end_closes() -> Outcome {
    let emulator = emulator().await?;
    let target = format!("{GROUP}/containers/c/attach{VERSION}");
    let attach = send(&emulator, "POST", &target, Value::Null).await?;
    let text = |name: &str| attach.body[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
    let mut socket = connect(&emulator, &text("webSocketUri")?).await?;
    socket.send(Message::text(text("password")?)).await?;
    let began = Instant::now();
    let mut told = Vec::new();
    let mut closed = None;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(bytes) => told.push((began.elapsed().as_secs(), bytes)),
            Message::Close(frame) => closed = frame.map(|frame| frame.code),
            _ => {}
        }
    }
    let whole: Vec<u8> = told.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    assert_eq!(String::from_utf8_lossy(&whole), "one\ntwo\nthree\n");
    assert_eq!(closed, Some(CloseCode::Normal));
    let first = told.iter().find(|(_, bytes)| bytes.starts_with(b"three"));
    assert!(first.is_some_and(|(at, _)| (35..45).contains(at)), "{told:?}");
    assert!(began.elapsed() < Duration::from_secs(65), "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_nothing() -> Outcome {
    let emulator = emulator().await?;
    let target = format!("{GROUP}/containers/c/attach{VERSION}");
    let attach = send(&emulator, "POST", &target, Value::Null).await?;
    let uri = attach.body["webSocketUri"].as_str().unwrap_or_default().to_owned();
    let mut socket = connect(&emulator, &uri).await?;
    socket.send(Message::text("guess")).await?;
    let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else {
        return Err("the stream was not closed at once".into());
    };
    assert_eq!(frame.code, CloseCode::Policy);
    sleep(Duration::from_secs(5)).await;
    Ok(())
}
