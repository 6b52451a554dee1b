//! What is acknowledged is kept, and what cannot be kept is not acknowledged.

use axum::body::{Body, to_bytes};
use axum::http::Request as WireRequest;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;

type Failure = Box<dyn std::error::Error>;

const GROUP: &str = "/subscriptions/s/resourceGroups/rg";

async fn send(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
    let request = WireRequest::builder()
        .method(method)
        .uri(format!("{path}?api-version=2025-09-01"))
        .header("authorization", format!("Bearer {}", emulator.token()))
        .body(Body::from(body.to_string()))?;
    let response = emulator.router().oneshot(request).await?;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await?;
    Ok((status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? }))
}

fn fill_disk(emulator: &Emulator, full: bool) -> std::io::Result<()> {
    emulator.core().store.fill_disk(full)
}

fn task() -> Value {
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1}});
    let container =
        json!({"name": "c", "properties": {"image": "simulated/run:forever", "resources": resources}});
    json!({"location": "westeurope", "properties": {"osType": "Linux", "containers": [container]}})
}

#[tokio::test(start_paused = true)]
async fn what_a_full_disk_cannot_keep_is_refused_until_it_can() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let options = || Options { state: Some(folder.path().to_owned()), ..Options::in_memory() };
    let emulator = Emulator::open(options()).await?;
    let group = json!({"location": "westeurope"});
    assert_eq!(send(&emulator, "PUT", GROUP, &group).await?.0, 201);
    let own = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups/g");

    fill_disk(&emulator, true)?;
    for (method, path, body) in [("PUT", own.as_str(), task()), ("GET", GROUP, Value::Null)] {
        let (status, body) = send(&emulator, method, path, &body).await?;
        assert_eq!((status, &body["error"]["code"]), (500, &json!("StateNotKept")), "{method} {path}");
    }
    assert!(emulator.reset().is_ok(), "a reset writes a file of its own");
    assert_eq!(send(&emulator, "PUT", GROUP, &group).await?.0, 201);
    fill_disk(&emulator, true)?;
    assert_eq!(send(&emulator, "PUT", &own, &task()).await?.0, 500);
    assert_eq!(emulator.core().world.waiting(), 0, "no request waits for a fact for ever");

    // The world went on; as soon as there is room, all of it is kept.
    fill_disk(&emulator, false)?;
    assert_eq!(send(&emulator, "GET", &own, &Value::Null).await?.0, 200);
    emulator.shutdown().await;
    drop(emulator);
    let emulator = Emulator::open(options()).await?;
    assert_eq!(send(&emulator, "GET", &own, &Value::Null).await?.0, 200);
    Ok(())
}
