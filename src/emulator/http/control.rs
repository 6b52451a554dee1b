//! The emulator's own routes, apart from ARM's and never in the journal. Those that change something need a token.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Ports;
use super::guard::bearer;
use super::refusal::{Refusal, document};
use super::request::{bounded, query};
use crate::emulator::Emulator;
use crate::world::Switches;

/// The largest body that these routes take.
pub(super) const LARGEST_BODY: usize = 64 * 1024;

pub(super) async fn health(State(emulator): State<Emulator>, ports: Option<Extension<Ports>>) -> Response {
    let chosen = emulator.chosen();
    let (standing, fired) = emulator.with_faults(|board| {
        let faults = board.list();
        (
            faults.iter().filter(|fault| !fault.over).count(),
            faults.iter().map(|fault| fault.fired).sum::<u64>(),
        )
    });
    let body = json!({
        "build": emulator.build(),
        "containerGroups": emulator.census(),
        "faults": {"standing": standing, "fired": fired},
        "pid": std::process::id(),
        "recovered": emulator.recovered(),
        "requests": emulator.journal().last(),
        // Behind another server's listener it does not know where it is reached.
        "ports": ports.map_or_else(|| json!({}), |Extension(ports)| json!(ports)),
        "runtime": {"name": chosen.name, "why": chosen.why},
        "time": emulator.clock().now(),
        "timeMode": if emulator.clock().standing().is_some() { "explicit" } else { "real" },
    });
    document(StatusCode::OK, &body)
}

pub(super) async fn requests(State(emulator): State<Emulator>, uri: Uri) -> Response {
    let parameters = query(uri.query().unwrap_or_default());
    let Ok(since) = parameters.get("since").map_or(Ok(0), |text| text.parse()) else {
        let message = "The parameter since is the number of a request.";
        return Refusal::new(StatusCode::BAD_REQUEST, "InvalidParameter", message).into_response();
    };
    let requests = emulator.journal().since(since);
    let last = requests.last().map_or(since, |entry| entry.number);
    document(StatusCode::OK, &json!({"last": last, "requests": requests}))
}

pub(super) async fn reset(
    State(emulator): State<Emulator>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    bearer(&emulator, &headers, &uri)?;
    emulator.reset()?;
    Ok(document(StatusCode::OK, &json!({})))
}

pub(super) async fn stop(
    State(emulator): State<Emulator>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    bearer(&emulator, &headers, &uri)?;
    emulator.stop().cancel();
    Ok(document(StatusCode::ACCEPTED, &json!({"pid": std::process::id()})))
}

pub(super) async fn switches(State(emulator): State<Emulator>) -> Response {
    document(StatusCode::OK, &settings(&emulator.switches()))
}

pub(super) async fn switch(State(emulator): State<Emulator>, request: Request) -> Result<Response, Refusal> {
    bearer(&emulator, request.headers(), request.uri())?;
    let body = bounded(request.into_body(), LARGEST_BODY).await?;
    let switches = changed(emulator.switches(), &body)
        .map_err(|message| Refusal::new(StatusCode::BAD_REQUEST, "InvalidSwitch", message))?;
    let body = settings(&switches);
    emulator.set_switches(switches);
    Ok(document(StatusCode::OK, &body))
}

pub(super) async fn unknown() -> Response {
    let message = "The emulator has no such control route.";
    Refusal::new(StatusCode::NOT_FOUND, "NoSuchControl", message).into_response()
}

pub(super) async fn wrong_method() -> Response {
    let message = "This route of the emulator does not take that method.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).into_response()
}

fn settings(switches: &Switches) -> Value {
    switches
        .list()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect::<Map<_, _>>()
        .into()
}

/// The switches with some of them set; all that are named, or none.
fn changed(mut switches: Switches, body: &[u8]) -> Result<Switches, String> {
    let wanted: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| format!("The body is not an object of switches: {error}."))?;
    for (name, value) in wanted {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        switches.set(&format!("{name}={value}")).map_err(|error| format!("{error}."))?;
    }
    Ok(switches)
}
