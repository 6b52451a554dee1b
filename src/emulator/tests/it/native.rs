//! Real containers behind the real protocol: PUT to log, exec on a terminal, and nothing left afterwards.

use std::path::Path;
use std::process::Command;

use acitask_emulator::image::{Build, Reference, Store};
use acitask_emulator::{Choice, Emulator, OpenError, Options};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::Outcome;
use super::wire::{GROUP, VERSION, deploy_command, dial, send, until};

const IMAGE: &str = "acitask/shell:1";
const LONG: Duration = Duration::from_secs(60);

/// An image of this machine's shell and `sleep`, with the libraries that they need.
fn load_image(images: &Path) -> Outcome {
    let mut build = Build::default();
    for program in ["/bin/sh", "/bin/sleep"] {
        build = build.file(program, 0o755, std::fs::read(program)?);
        let needs = String::from_utf8(Command::new("ldd").arg(program).output()?.stdout)?;
        for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
            // Of a program that is linked statically, some versions of ldd name the program itself.
            if Path::new(library).exists() {
                build = build.file(library, 0o755, std::fs::read(library)?);
            }
        }
    }
    let reference: Reference = IMAGE.parse()?;
    let archive = images.join("shell.tar");
    build.write(&reference, &archive)?;
    Store::open(images)?.load(&archive)?;
    Ok(())
}

/// An emulator with real containers; none, said so, where this machine cannot run them.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
async fn emulator(state: &Path) -> Result<Option<Emulator>, Box<dyn std::error::Error>> {
    load_image(state)?;
    let options = Options {
        state: Some(state.join("state")),
        images: state.to_owned(),
        runtime: Choice::Native,
        init: env!("CARGO_BIN_EXE_acitask-emulator-init").into(),
        ..Options::in_memory()
    };
    match Emulator::open(options).await {
        Ok(emulator) => Ok(Some(emulator)),
        Err(OpenError::Runtime(refused)) => {
            eprintln!("skipped: {refused}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn state(group: &Value) -> &Value {
    &group["properties"]["containers"][0]["properties"]["instanceView"]["currentState"]
}

#[tokio::test]
async fn a_task_runs_and_its_log_and_code_are_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    let Some(emulator) = emulator(folder.path()).await? else {
        return Ok(());
    };
    let command = ["/bin/sh", "-c", "echo one; echo two >&2; exit 3"];
    deploy_command(&emulator, IMAGE, &command, "Never").await?;
    let ended = timeout(LONG, until(&emulator, |group| state(group)["state"] == "Terminated")).await??;
    assert_eq!(state(&ended)["exitCode"], 3);
    let logs = format!("{GROUP}/containers/c/logs{VERSION}");
    let log = send(&emulator, "GET", &logs, Value::Null).await?;
    assert_eq!(log.body["content"], "one\ntwo\n");
    emulator.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn an_exec_has_a_terminal_and_a_stop_ends_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let Some(emulator) = emulator(folder.path()).await? else {
        return Ok(());
    };
    deploy_command(&emulator, IMAGE, &["/bin/sleep", "1000"], "Always").await?;

    let (mut socket, password) = dial(&emulator, "/bin/sh").await?;
    socket.send(Message::text(password)).await?;
    socket.send(Message::text("echo $((40+2)); test -t 0 && echo terminal; exit\n")).await?;
    let mut shown = Vec::new();
    while let Some(message) = timeout(LONG, socket.next()).await?.transpose()? {
        shown.extend_from_slice(&message.into_data());
    }
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("42\r\n") && shown.contains("terminal\r\n"), "{shown:?}");

    let (mut socket, password) = dial(&emulator, "/bin/sh").await?;
    socket.send(Message::text(password)).await?;
    let stop = format!("{GROUP}/stop{VERSION}");
    assert_eq!(send(&emulator, "POST", &stop, Value::Null).await?.status, 204);
    let end = async { while let Some(Ok(_)) = socket.next().await {} };
    timeout(LONG, end).await?;
    emulator.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_hangs_the_terminal_up() -> Outcome {
    let folder = tempfile::tempdir()?;
    let Some(emulator) = emulator(folder.path()).await? else {
        return Ok(());
    };
    deploy_command(&emulator, IMAGE, &["/bin/sleep", "1000"], "Always").await?;
    let process = said(&emulator, "echo \"<\"$$\">\"", false).await?;
    let question = format!("kill -0 {process} && echo \"<\"here\">\" || echo \"<\"gone\">\"; exit");
    let gone = async {
        while said(&emulator, &question, true).await? != "gone" {}
        Outcome::Ok(())
    };
    timeout(LONG, gone).await??;
    emulator.shutdown().await;
    Ok(())
}

/// What a shell answers in pointed brackets to one line of input. Then the client waits for the shell's end, or goes
/// away without a word.
async fn said(
    emulator: &Emulator,
    line: &str,
    to_the_end: bool,
) -> Result<String, Box<dyn std::error::Error>> {
    let (mut socket, password) = dial(emulator, "/bin/sh").await?;
    socket.send(Message::text(password)).await?;
    socket.send(Message::text(format!("{line}\n"))).await?;
    let mut shown = String::new();
    while let Some(message) = timeout(LONG, socket.next()).await?.transpose()? {
        shown.push_str(&String::from_utf8_lossy(&message.into_data()));
        if !to_the_end && answer(&shown).is_some() {
            break;
        }
    }
    Ok(answer(&shown).ok_or_else(|| format!("no answer: {shown:?}"))?.to_owned())
}

/// The word in pointed brackets. The terminal's echo of the line has quotes there, and stands before or after the
/// shell's prompt as it happens.
fn answer(shown: &str) -> Option<&str> {
    let words = shown.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let mut words = words.map(|(word, _)| word);
    words.find(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric))
}
