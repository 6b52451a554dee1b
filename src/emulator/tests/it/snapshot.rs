//! The whole world as one document: taken, put back, and refused where it is none.

use acitask_emulator::{Emulator, Options, Time};
use serde_json::{Value, json};

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy, send, until};

const PATH: &str = "/_emulator/snapshot";

#[tokio::test(start_paused = true)]
async fn a_world_comes_back_whole_also_elsewhere() -> Outcome {
    let folder = tempfile::tempdir()?;
    let first = Emulator::open(Options::in_memory()).await?;
    deploy(&first, "simulated/run:forever", "Never").await?;
    let foreign = format!("/subscriptions/s/resourceGroups/rg/providers/A.B/c/d{VERSION}");
    send(&first, "PUT", &foreign, json!({"location": "westeurope", "x": 1})).await?;
    let saved = send(&first, "GET", PATH, Value::Null).await?;
    assert_eq!((saved.status, &saved.body["snapshot"]), (200, &json!(1)));
    let before = send(&first, "GET", &foreign, Value::Null).await?.body;

    let options = || Options { state: Some(folder.path().to_owned()), ..Options::in_memory() };
    let second = Emulator::open(options()).await?;
    let other = format!("/subscriptions/s/resourceGroups/other{VERSION}");
    send(&second, "PUT", &other, json!({"location": "westeurope"})).await?;
    for emulator in [&first, &second] {
        let loaded = send(emulator, "PUT", PATH, saved.body.clone()).await?;
        assert_eq!(loaded.status, 200, "{:?}", loaded.body);
        assert_eq!(send(emulator, "GET", &other, Value::Null).await?.status, 404);
        assert_eq!(send(emulator, "GET", &foreign, Value::Null).await?.body, before);
        let view = |group: &Value| group["properties"]["containers"][0]["properties"]["instanceView"].clone();
        let group = until(emulator, |group| view(group)["currentState"]["state"] == "Running").await?;
        assert_eq!(view(&group)["previousState"]["exitCode"], 7147, "it was started again by the platform");
    }
    second.shutdown().await;
    drop(second);
    let third = Emulator::open(options()).await?;
    assert_eq!(send(&third, "GET", &foreign, Value::Null).await?.body, before, "it is kept");
    assert!(!format!("{:?}", first.snapshot()?).contains("westeurope"), "records can be secrets");
    Ok(())
}

#[tokio::test]
async fn ids_do_not_return_and_time_does_not_go_back() -> Outcome {
    let options = || Options { time: Time::Explicit, ..Options::in_memory() };
    let (early, late) = (Emulator::open(options()).await?, Emulator::open(options()).await?);
    let empty = early.snapshot()?;
    late.advance(jiff::SignedDuration::from_hours(2)).await?;
    let ahead = late.snapshot()?;
    late.load(empty)?;
    assert_eq!(late.clock().now(), ahead.time);
    early.load(ahead.clone())?;
    assert_eq!(early.clock().now(), ahead.time);

    deploy(&early, "simulated/run:forever", "Never").await?;
    let operation = |answer: super::wire::Answer| answer.headers.get("azure-asyncoperation").cloned();
    let restart = format!("{GROUP}/restart{VERSION}");
    let saved = early.snapshot()?;
    let first = operation(send(&early, "POST", &restart, Value::Null).await?);
    early.load(saved)?;
    until(&early, |group| group["properties"]["provisioningState"] == "Succeeded").await?;
    let second = operation(send(&early, "POST", &restart, Value::Null).await?);
    assert!(first.is_some() && second.is_some() && first != second, "{first:?} {second:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_none_changes_nothing() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    deploy(&emulator, "simulated/run:forever", "Never").await?;
    let saved = send(&emulator, "GET", PATH, Value::Null).await?.body;
    let mut newer = saved.clone();
    newer["snapshot"] = json!(2);
    for body in [json!([]), json!({"records": {}}), newer] {
        let answer = send(&emulator, "PUT", PATH, body).await?;
        assert_eq!((answer.status, answer.code()), (400, "InvalidSnapshot"));
    }
    for method in ["GET", "PUT"] {
        assert_eq!(bare(&emulator, method, PATH, &[], saved.to_string()).await?.status, 401, "{method}");
    }
    assert_eq!(send(&emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?.status, 200);
    Ok(())
}
