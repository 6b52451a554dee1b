//! How tests speak to the emulator.

use acitask_emulator::Emulator;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Uri};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::{Duration, sleep};
use tokio_tungstenite::WebSocketStream;
use tower::ServiceExt as _;

type Failure = Box<dyn std::error::Error>;

pub(crate) const GROUP: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/g";
pub(crate) const VERSION: &str = "?api-version=2025-09-01";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// A request with these headers and nothing added.
pub(crate) async fn bare(
    emulator: &Emulator,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Result<Answer, Failure> {
    let builder = Request::builder().method(method).uri(target);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    let response = emulator.router().oneshot(builder.body(body.into())?).await?;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await?;
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// A JSON request with a token.
pub(crate) async fn send(
    emulator: &Emulator,
    method: &str,
    target: &str,
    body: Value,
) -> Result<Answer, Failure> {
    let token = format!("Bearer {}", emulator.token());
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    bare(emulator, method, target, &headers, body).await
}

/// Puts a resource group and in it a container group of one container, and waits until that is provisioned.
pub(crate) async fn deploy(emulator: &Emulator, image: &str, policy: &str) -> Result<(), Failure> {
    deploy_command(emulator, image, &[], policy).await
}

/// The same with a command of the container's own.
pub(crate) async fn deploy_command(
    emulator: &Emulator,
    image: &str,
    command: &[&str],
    policy: &str,
) -> Result<(), Failure> {
    let group = format!("/subscriptions/s/resourceGroups/rg{VERSION}");
    send(emulator, "PUT", &group, json!({"location": "westeurope"})).await?;
    let body = json!({
        "location": "westeurope",
        "properties": {
            "osType": "Linux",
            "restartPolicy": policy,
            "containers": [{"name": "c", "properties": {
                "image": image,
                "command": command,
                "resources": {"requests": {"cpu": 1.0, "memoryInGB": 1.0}},
            }}],
        },
    });
    let put = send(emulator, "PUT", &format!("{GROUP}{VERSION}"), body).await?;
    if put.status != 201 {
        return Err(format!("the container group was not made: {put:?}").into());
    }
    until(emulator, |group| group["properties"]["provisioningState"] == "Succeeded").await?;
    Ok(())
}

/// The container group as soon as it is so; an hour at most.
pub(crate) async fn until(emulator: &Emulator, so: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    for _ in 0..36_000 {
        let seen = send(emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?;
        if so(&seen.body) {
            return Ok(seen.body);
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("the container group never got there".into())
}

/// Asks for an exec and opens its stream, without sending the password.
pub(crate) async fn dial(
    emulator: &Emulator,
    command: &str,
) -> Result<(WebSocketStream<DuplexStream>, String), Failure> {
    let target = format!("{GROUP}/containers/c/exec{VERSION}");
    let wanted = json!({"command": command, "terminalSize": {"rows": 24, "cols": 80}});
    let exec = send(emulator, "POST", &target, wanted).await?;
    let text = |name: &str| exec.body[name].as_str().map(str::to_owned).ok_or(format!("no {name}: {exec:?}"));
    let (uri, password) = (text("webSocketUri")?, text("password")?);
    Ok((connect(emulator, &uri).await?, password))
}

/// Opens the stream at an address.
pub(crate) async fn connect(
    emulator: &Emulator,
    uri: &str,
) -> Result<WebSocketStream<DuplexStream>, Failure> {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(emulator.router());
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(server), service)
        .with_upgrades();
    tokio::spawn(connection);
    let (socket, _) = tokio_tungstenite::client_async(uri.parse::<Uri>()?, client).await?;
    Ok(socket)
}
