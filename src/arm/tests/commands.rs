//! Commands in containers, over a websocket in memory.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::service::{Asked, Outcome, answer, id, service_with_streams};
use crate::arm::Arm;
use crate::arm::exec::{self, Command, Conversation, Ended, ExecFault, Output, Signal, Streams, Trace, Way};
use crate::arm::fault::Fault;
use crate::arm::wire::{Request, Stream};
use crate::model::record::RunId;

/// How a container treats an exec of a program.
#[derive(Clone, Copy)]
enum Turn {
    /// Says this, then closes.
    Close(&'static [u8]),
    /// Says this, then breaks off.
    Cut(&'static [u8]),
    /// Says the first, waits for a line that is the second, says the third, then closes.
    Talk(&'static [u8], &'static str, &'static [u8]),
    /// The same, but stays until the client goes.
    Stay(&'static [u8], &'static str, &'static [u8]),
}

/// A container that takes its turns in order, one an exec.
fn container(turns: Vec<Turn>) -> Result<(Arm, Asked), Fault> {
    let turns = Arc::new(Mutex::new(turns.into_iter()));
    let streams = move || {
        let turn = turns.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (client, server) = tokio::io::duplex(16 * 1024);
        if let Some(turn) = turn {
            tokio::spawn(play(server, turn));
        }
        Ok(Box::new(client) as Box<dyn Stream>)
    };
    let answers = |_: &Request| {
        let body = json!({"webSocketUri": "wss://elsewhere.example:19390/execstream?x=1", "password": "pw"});
        answer(200, &[], &body)
    };
    service_with_streams(answers, streams)
}

async fn play(server: DuplexStream, turn: Turn) -> Option<()> {
    let mut socket = tokio_tungstenite::accept_async(server).await.ok()?;
    if socket.next().await?.ok()? != Message::text("pw") {
        return None;
    }
    match turn {
        Turn::Close(said) => say(&mut socket, said).await?,
        Turn::Cut(said) => return say(&mut socket, said).await,
        Turn::Talk(first, line, last) => {
            say(&mut socket, first).await?;
            await_line(&mut socket, line).await?;
            say(&mut socket, last).await?;
        }
        Turn::Stay(first, line, last) => {
            say(&mut socket, first).await?;
            await_line(&mut socket, line).await?;
            say(&mut socket, last).await?;
            while let Some(Ok(_)) = socket.next().await {}
        }
    }
    socket.close(None).await.ok()
}

async fn say(socket: &mut WebSocketStream<DuplexStream>, said: &'static [u8]) -> Option<()> {
    if said.is_empty() {
        return Some(());
    }
    socket.send(Message::Binary(Bytes::from_static(said))).await.ok()
}

async fn await_line(socket: &mut WebSocketStream<DuplexStream>, line: &str) -> Option<()> {
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).lines().any(|heard| heard == line) {
        heard.extend_from_slice(&socket.next().await?.ok()?.into_data());
    }
    Some(())
}

fn command(argv: &[&str]) -> Command {
    Command {
        argv: argv.iter().map(|text| (*text).to_owned()).collect(),
        env: Vec::new(),
        dir: None,
        run: Some(RunId::new("r-1")),
        attempt: 1,
        nonce: "n0nce".into(),
    }
}

async fn carry(arm: &Arm, argv: &[&str]) -> (Result<Ended, ExecFault>, Vec<Output>) {
    let (sender, mut receiver) = mpsc::channel(64);
    let mut streams = Streams { input: None, output: sender };
    let ended = exec::run(arm, &id(), "c", &command(argv), &mut streams, &CancellationToken::new()).await;
    drop(streams);
    let mut output = Vec::new();
    while let Some(said) = receiver.recv().await {
        output.push(said);
    }
    (ended, output)
}

/// The programs that were asked for.
fn programs(asked: &Asked) -> Vec<String> {
    let body = |request: Request| serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let word = |body: Value| body["command"].as_str().unwrap_or_default().to_owned();
    asked.requests().into_iter().map(body).map(word).collect()
}

const HELLO: &[u8] = b"\x1eh 1\n";
const NONE: Turn = Turn::Close(b"OCI runtime exec failed: exec failed: no such file or directory");

fn stdout(text: &'static str) -> Output {
    Output::Stdout(Bytes::from_static(text.as_bytes()))
}

#[tokio::test(start_paused = true)]
async fn the_helper_is_first_and_tells_all() -> Outcome {
    let said = b"\x1ep 5\n\x1eo aGk=\n\x1es b2g=\n\x1ex 3\n";
    let (arm, asked) = container(vec![Turn::Talk(HELLO, "z", said)])?;
    let (ended, output) = carry(&arm, &["/post", "a b"]).await;
    assert_eq!(ended, Ok(Ended { code: Some(3), how: Way::Helper }));
    assert_eq!(output, [stdout("hi"), Output::Stderr(Bytes::from_static(b"oh"))]);
    assert_eq!(programs(&asked), ["/acitask-exec"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shell_is_next_and_is_remembered() -> Outcome {
    let said = b"\x1eBEGn0nce:7\x1ehi\x1eENDn0nce:37\x1e";
    let shell = Turn::Talk(b"$ \x1eRDYn0nce:0\x1e", ".", said);
    let (arm, asked) = container(vec![NONE, shell, shell])?;
    for _ in 0..2 {
        let (ended, output) = carry(&arm, &["/post"]).await;
        assert_eq!(ended, Ok(Ended { code: Some(37), how: Way::Shell }));
        assert_eq!(output, [stdout("hi")]);
    }
    assert_eq!(programs(&asked), ["/acitask-exec", "/bin/sh", "/bin/sh"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn bare_is_last_and_knows_no_code() -> Outcome {
    let (arm, asked) = container(vec![NONE, NONE, Turn::Close(b"posted")])?;
    let (ended, output) = carry(&arm, &["/post", "dog"]).await;
    assert_eq!(ended, Ok(Ended { code: None, how: Way::Bare }));
    assert_eq!(output, [stdout("posted")]);
    assert_eq!(programs(&asked), ["/acitask-exec", "/bin/sh", "/post dog"]);
    let (arm, _) = container(vec![NONE, NONE, NONE])?;
    assert!(matches!(carry(&arm, &["/post"]).await.0, Err(ExecFault::NotStarted { code: 127, .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_twice_when_a_stream_breaks_off() -> Outcome {
    for (turn, fault) in [
        (Turn::Cut(b""), ExecFault::Cut { begun: false }),
        (Turn::Talk(HELLO, "z", b"\x1ep 5\n"), ExecFault::Cut { begun: true }),
        (Turn::Talk(HELLO, "z", b"\x1ef 125 YWxyZWFkeQ==\n"), ExecFault::AlreadyBegun),
    ] {
        let (arm, asked) = container(vec![turn])?;
        assert_eq!(carry(&arm, &["/post"]).await.0, Err(fault));
        assert_eq!(programs(&asked).len(), 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_command_and_waits_for_it() -> Outcome {
    let (arm, _) = container(vec![Turn::Talk(HELLO, "c", b"\x1ex 143\n")])?;
    let cancel = CancellationToken::new();
    let (sender, _receiver) = mpsc::channel(64);
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        cancel.cancel();
    };
    let (id, shown) = (id(), command(&["/post"]));
    let mut streams = Streams { input: None, output: sender };
    let (ended, ()) = tokio::join!(exec::run(&arm, &id, "c", &shown, &mut streams, &cancel), later);
    assert_eq!(ended, Err(ExecFault::Cancelled));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn input_is_handed_on_while_the_command_runs() -> Outcome {
    // The container answers once it has heard the input, and the input goes on once the answer is there.
    let helper = vec![Turn::Talk(HELLO, "i aGk=", b"\x1ep 5\n\x1eo aGk=\n\x1ex 0\n")];
    let said = b"\x1eBEGn0nce:7\x1ehi\x1eENDn0nce:0\x1e";
    let shell = vec![NONE, Turn::Talk(b"\x1eRDYn0nce:0\x1e", "hi", said)];
    for turns in [helper, shell] {
        let (arm, _) = container(turns)?;
        let (typed, input) = mpsc::channel(1);
        let (sender, mut receiver) = mpsc::channel(64);
        let mut streams = Streams { input: Some(input), output: sender };
        let talk = async {
            let _ = typed.send(Bytes::from_static(b"hi")).await;
            receiver.recv().await
        };
        let (id, shown, cancel) = (id(), command(&["/cat"]), CancellationToken::new());
        let (ended, heard) = tokio::join!(exec::run(&arm, &id, "c", &shown, &mut streams, &cancel), talk);
        assert_eq!(ended.map(|ended| ended.code), Ok(Some(0)));
        assert_eq!(heard, Some(stdout("hi")));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_echoes_is_told_the_input_before_the_command_begins() -> Outcome {
    let said = b"\x1eBEGn0nce:7\x1e\x1eENDn0nce:0\x1e";
    let settling = b"\x1eRDYn0nce:127\x1e";
    let (arm, _) = container(vec![NONE, Turn::Talk(settling, "printf %b 'hi'", said)])?;
    let (typed, input) = mpsc::channel(1);
    let (sender, _receiver) = mpsc::channel(64);
    let mut streams = Streams { input: Some(input), output: sender };
    typed.send(Bytes::from_static(b"hi")).await?;
    drop(typed);
    let ended =
        exec::run(&arm, &id(), "c", &command(&["/cat"]), &mut streams, &CancellationToken::new()).await;
    assert_eq!(ended.map(|ended| ended.code), Ok(Some(0)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_processes_that_a_shell_began() -> Outcome {
    let begun = Turn::Stay(b"\x1eRDYn0nce:0\x1e", ".", b"\x1eBEGn0nce:7\x1e");
    let told = |script, answer| Turn::Talk(b"\x1eRDYn0nce:0\x1e", script, answer);
    let alive = b"\x1eTRCn0nce:running 7\x1e";
    let mut turns = vec![NONE, begun, told("kill -TERM -7 2>/dev/null", alive)];
    // It is looked at for two seconds, and then ended.
    turns.extend([told(".", alive); 5]);
    turns.push(told("kill -KILL -7 2>/dev/null", b"\x1eTRCn0nce:none\x1e"));
    let (arm, asked) = container(turns)?;
    let cancel = CancellationToken::new();
    let (sender, _receiver) = mpsc::channel(64);
    let mut streams = Streams { input: None, output: sender };
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        cancel.cancel();
    };
    let (id, shown) = (id(), Command { run: None, ..command(&["/post"]) });
    let (ended, ()) = tokio::join!(exec::run(&arm, &id, "c", &shown, &mut streams, &cancel), later);
    assert_eq!(ended, Err(ExecFault::Cancelled));
    assert_eq!(programs(&asked).len(), 9);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_person_is_heard_once_the_command_has_begun() -> Outcome {
    let shell = Turn::Talk(b"$ \x1eRDYn0nce:0\x1e", ".", b"echo\x1eBEGn0nce:7\x1e# \x1eENDn0nce:9\x1e");
    let bare = Turn::Talk(b"# ", "exit", b"bye");
    for (turns, end) in [
        (vec![shell], Ok(Ended { code: Some(9), how: Way::Shell })),
        (vec![NONE, bare], Ok(Ended { code: None, how: Way::Bare })),
        (vec![NONE, NONE], Err(127)),
    ] {
        let (arm, _) = container(turns)?;
        let (typed, keys) = mpsc::channel(4);
        let (sender, mut receiver) = mpsc::channel(64);
        typed.send(Bytes::from_static(b"exit\n")).await?;
        let mut talk = Conversation { size: (24, 80), keys, output: sender };
        let (id, shown, cancel) = (id(), command(&["/sh"]), CancellationToken::new());
        let shown = Command { run: None, ..shown };
        let ended = exec::converse(&arm, (&id, "c"), &shown, &mut talk, &cancel).await;
        match (ended, end) {
            (Ok(ended), Ok(end)) => {
                assert_eq!(ended, end);
                assert_eq!(receiver.recv().await, Some(stdout("# ")));
            }
            (Err(ExecFault::NotStarted { code, .. }), Err(end)) => assert_eq!(code, end),
            (ended, _) => return Err(format!("{ended:?}").into()),
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_run_is_asked_about_the_way_there_is() -> Outcome {
    let run = RunId::new("r-1");
    let (arm, _) = container(vec![Turn::Talk(HELLO, "q ci0x", b"\x1et running 12\n")])?;
    assert_eq!(exec::query(&arm, &id(), "c", &run, "n0nce").await, Ok(Trace::Running(12)));
    let shell = Turn::Talk(b"\x1eRDYn0nce:0\x1e", ".", b"\x1eTRCn0nce:ended 143\x1e");
    let (arm, _) = container(vec![NONE, shell])?;
    let told = exec::signal(&arm, &id(), "c", &run, Signal::Term, "n0nce").await;
    assert_eq!(told, Ok(Trace::Ended(143)));
    let (arm, _) = container(vec![NONE, NONE])?;
    assert_eq!(exec::query(&arm, &id(), "c", &run, "n0nce").await, Ok(Trace::Unknown));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_carried_is_refused_before_anything_is_sent() -> Outcome {
    let (arm, asked) = container(Vec::new())?;
    for odd in [
        command(&[]),
        command(&["a\0b"]),
        Command { run: Some(RunId::new("../x")), ..command(&["a"]) },
        Command { nonce: "a'b;c".into(), ..command(&["a"]) },
    ] {
        let (sender, _receiver) = mpsc::channel(1);
        let mut streams = Streams { input: None, output: sender };
        let ended = exec::run(&arm, &id(), "c", &odd, &mut streams, &CancellationToken::new()).await;
        assert!(matches!(ended, Err(ExecFault::Unfit(_))), "{odd:?}");
    }
    assert_eq!(asked.requests().len(), 0);
    Ok(())
}
