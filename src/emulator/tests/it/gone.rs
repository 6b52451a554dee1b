//! Clients that go away in the middle of a request.

use acitask_emulator::{Emulator, Options};
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::stream;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};
use tower::ServiceExt as _;

use super::Outcome;
use super::wire::{VERSION, bare, send};

#[tokio::test(start_paused = true)]
async fn what_was_read_whole_is_carried_out() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let slow = json!({"on": "resourceGroups/put", "effect": {"slow": "5s"}});
    assert_eq!(send(&emulator, "POST", "/_emulator/faults", slow).await?.status, 201);
    let target = format!("/subscriptions/s/resourceGroups/rg{VERSION}");
    let request = Request::put(&target)
        .header("authorization", format!("Bearer {}", emulator.token()))
        .body(Body::from(r#"{"location": "westeurope"}"#))?;
    let mut answer = Box::pin(emulator.router().oneshot(request));
    assert!(futures::poll!(&mut answer).is_pending());
    drop(answer);
    assert_eq!(send(&emulator, "GET", &target, Value::Null).await?.status, 404);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(send(&emulator, "GET", &target, Value::Null).await?.status, 200);
    let statuses: Vec<_> = emulator.journal().since(0).into_iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(201), Some(404), Some(200)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_is_not() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let target = format!("/subscriptions/s/resourceGroups/rg{VERSION}");
    // A whole document came before the cut; only the end of the request would have made it one.
    let parts = [Ok(Bytes::from_static(br#"{"location": "westeurope"}"#)), Err(std::io::Error::other("cut"))];
    let token = format!("Bearer {}", emulator.token());
    let body = Body::from_stream(stream::iter(parts));
    let answer = bare(&emulator, "PUT", &target, &[("authorization", &token)], body).await?;
    assert_eq!((answer.status, answer.code()), (413, "RequestContentTooLarge"));
    assert_eq!(send(&emulator, "GET", &target, Value::Null).await?.status, 404);
    Ok(())
}
