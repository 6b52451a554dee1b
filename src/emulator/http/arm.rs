//! ARM, the exec streams and the log streams: everything that the world answers.
//!
//! Invariant: once a request has been read, it is carried out and journaled even where the client hangs up, as the
//! service would.

use axum::body::Body as WireBody;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refusal::{Refusal, document};
use super::{follow, guard, logs, request, socket};
use crate::contract::{Body, Reply};
use crate::emulator::Emulator;

/// Where the world puts its streams; they need no bearer token, because they begin with their own password.
const STREAMS: [&str; 2] = ["/execstream/", "/logstream/"];

pub(super) async fn answer(State(emulator): State<Emulator>, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let now = emulator.wall().now();
    let number = emulator.journal().enter(now, request.method().as_str(), &target);
    let carried_out = tokio::spawn(async move {
        let (parts, body) = request.into_parts();
        let response = respond(&emulator, parts, body).await.unwrap_or_else(IntoResponse::into_response);
        let status = response.status().as_u16();
        emulator.journal().complete(number, status, emulator.wall().now());
        response
    });
    carried_out.await.unwrap_or_else(|_| {
        let message = "The emulator failed while it carried the request out.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message).into_response()
    })
}

async fn respond(emulator: &Emulator, mut parts: Parts, body: WireBody) -> Result<Response, Refusal> {
    let upgrade = if STREAMS.iter().any(|stream| parts.uri.path().starts_with(stream)) {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, emulator).await;
        Some(upgrade.map_err(|_| no_upgrade())?)
    } else {
        guard::bearer(emulator, &parts.headers, &parts.uri)?;
        None
    };
    let request = request::request(&parts, body, emulator.origin()).await?;
    let reply = emulator.answer(&request).await?;
    deliver(emulator, reply, upgrade).await
}

async fn deliver(
    emulator: &Emulator,
    reply: Reply,
    upgrade: Option<WebSocketUpgrade>,
) -> Result<Response, Refusal> {
    let Reply { status, headers, body } = reply;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Body::Empty => status.into_response(),
        Body::Json(value) => document(status, &value),
        Body::Logs(query) => {
            let lines = emulator.runtime().logs(query.sandbox, &query.container).await;
            document(status, &json!({"content": logs::content(&lines, &query)}))
        }
        Body::Follow(session) => {
            let upgrade = upgrade.ok_or_else(no_upgrade)?.max_message_size(super::LARGEST_BODY);
            let emulator = emulator.clone();
            upgrade.on_upgrade(|socket| follow::stream(socket, session, emulator))
        }
        Body::Socket(session) => {
            let upgrade = upgrade.ok_or_else(no_upgrade)?;
            let runtime = emulator.runtime().clone();
            let upgrade = upgrade.max_message_size(super::LARGEST_BODY);
            upgrade.on_upgrade(|socket| socket::stream(socket, session, runtime))
        }
    };
    for (name, value) in headers {
        match (HeaderName::try_from(&name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                response.headers_mut().append(name, value);
            }
            (_, _) => tracing::warn!(name, "a header of an answer cannot be sent"),
        }
    }
    Ok(response)
}

fn no_upgrade() -> Refusal {
    let message = "A stream is reached by upgrading to a websocket.";
    Refusal::new(StatusCode::UPGRADE_REQUIRED, "UpgradeRequired", message)
}
