//! What an emulator that is opened again still knows.

use std::path::Path;

use acitask_emulator::{Emulator, OpenError, Options};
use serde_json::Value;

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy, send, until};

fn options(state: &Path) -> Options {
    Options { state: Some(state.to_owned()), ..Options::in_memory() }
}

#[tokio::test(start_paused = true)]
async fn state_sink_secret_and_tokens_survive() -> Outcome {
    let folder = tempfile::tempdir()?;
    let emulator = Emulator::open(options(folder.path())).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    bare(&emulator, "POST", "/sink", &[("content-type", "application/json")], "1").await?;
    let token = format!("Bearer {}", emulator.token());
    assert!(matches!(Emulator::open(options(folder.path())).await, Err(OpenError::Home(_))));
    emulator.shutdown().await;
    drop(emulator);

    let emulator = Emulator::open(options(folder.path())).await?;
    let target = format!("{GROUP}{VERSION}");
    let seen = bare(&emulator, "GET", &target, &[("authorization", &token)], "").await?;
    assert_eq!((seen.status, &seen.body["name"]), (200, &Value::from("g")));
    assert_eq!(emulator.sink().posts().len(), 1);
    let running = |group: &Value| {
        let view = &group["properties"]["containers"][0]["properties"]["instanceView"];
        view["currentState"]["state"] == "Running"
    };
    until(&emulator, running).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reset_outlives_the_process_too() -> Outcome {
    let folder = tempfile::tempdir()?;
    let emulator = Emulator::open(options(folder.path())).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    emulator.reset()?;
    drop(emulator);
    let emulator = Emulator::open(options(folder.path())).await?;
    let group = send(&emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?;
    assert_eq!(group.status, 404);
    Ok(())
}
