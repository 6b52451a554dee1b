//! ARM, the exec streams and the log streams: everything that the world answers.
//!
//! Invariant: once a request has been read, it is carried out and journaled even where the client hangs up, as the
//! service would.

use std::panic::AssertUnwindSafe;
use std::task::Poll;

use axum::body::Body as WireBody;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::{FutureExt as _, poll};
use serde_json::json;
use tokio::time::{Duration, sleep};

use super::cut::{Cut, Left};
use super::refusal::{Refusal, document, text};
use super::{cut, follow, guard, logs, names, request, scripted, socket};
use crate::contract::{Body, Reply};
use crate::emulator::Emulator;
use crate::fault::matcher::Fate;
use crate::fault::script::Side;
use crate::fault::{Fired, Moment};

/// Where the world puts its streams; they need no bearer token, because they begin with their own password.
const STREAMS: [&str; 2] = ["/execstream/", "/logstream/"];

pub(super) async fn answer(State(emulator): State<Emulator>, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let now = emulator.wall().now();
    let named = names::Names::of(request.headers());
    let number = emulator.journal().enter(now, request.method().as_str(), &target);
    let carried_out = AssertUnwindSafe(async move {
        let (parts, body) = request.into_parts();
        let response = respond(&emulator, number, parts, body).await;
        let response = named.put_on(response.unwrap_or_else(IntoResponse::into_response));
        // Who was cut off has no answer.
        if !cut::is_cut(&response) {
            emulator.journal().complete(number, response.status().as_u16(), emulator.wall().now());
        }
        response
    });
    let mut carried_out = Box::pin(carried_out.catch_unwind());
    // Most requests have nothing to wait for. One that has becomes a task of its own, which a hang-up does not end.
    let carried_out = match poll!(&mut carried_out) {
        Poll::Ready(response) => response.ok(),
        Poll::Pending => tokio::spawn(carried_out).await.ok().and_then(Result::ok),
    };
    carried_out.unwrap_or_else(|| {
        let message = "The emulator failed while it carried the request out.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message).into_response()
    })
}

async fn respond(
    emulator: &Emulator,
    number: u64,
    mut parts: Parts,
    body: WireBody,
) -> Result<Response, Refusal> {
    let upgrade = if STREAMS.iter().any(|stream| parts.uri.path().starts_with(stream)) {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, emulator).await;
        Some(upgrade.map_err(|_| no_upgrade())?)
    } else {
        guard::bearer(emulator, &parts.headers, &parts.uri)?;
        None
    };
    let request = request::request(&parts, body, emulator.origin()).await?;
    let moment = Moment::request(&request.method, &request.path);
    let fired = emulator.with_faults(|board| board.meet(&moment));
    emulator.journal().meets(number, &fired.ids);
    // Even a sleep of nothing lasts until the timer's next millisecond.
    if let Ok(slow) = Duration::try_from(fired.slow)
        && !slow.is_zero()
    {
        sleep(slow).await;
    }
    match &fired.fate {
        Some(Fate::Answer(answer)) => return Ok(scripted::answer(answer)),
        Some(Fate::Hidden) => return Ok(scripted::not_found(&moment)),
        Some(Fate::Cut(Side::Before)) => return Ok(Cut.into_response()),
        Some(Fate::Cut(Side::After)) | None => {}
    }
    let reply = emulator.answer_under(&request, &moment, &fired).await?;
    let Fired { fate, .. } = fired;
    if fate.is_some() {
        return Ok(Cut.into_response());
    }
    deliver(emulator, reply, upgrade, &request.path).await
}

async fn deliver(
    emulator: &Emulator,
    reply: Reply,
    upgrade: Option<WebSocketUpgrade>,
    path: &str,
) -> Result<Response, Refusal> {
    let Reply { status, headers, body } = reply;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Body::Empty => status.into_response(),
        Body::Json(value) => document(status, &value),
        Body::Text(document) => text(status, document.to_string()),
        Body::Page(page) => text(status, page.text()),
        Body::Logs(query) => {
            let lines = emulator.runtime().logs(query.sandbox, &query.container).await;
            document(status, &json!({"content": logs::content(&lines, &query)}))
        }
        Body::Follow(session) => {
            let upgrade = upgrade.ok_or_else(no_upgrade)?.max_message_size(super::LARGEST_BODY);
            let emulator = emulator.clone();
            let cut = emulator.stream_cut(path);
            upgrade.on_upgrade(move |socket| {
                cut::in_time(cut, follow::stream(socket, session, emulator, Left::of(cut)))
            })
        }
        Body::Socket(session) => {
            let upgrade = upgrade.ok_or_else(no_upgrade)?;
            let runtime = emulator.runtime().clone();
            let upgrade = upgrade.max_message_size(super::LARGEST_BODY);
            let cut = emulator.stream_cut(path);
            upgrade.on_upgrade(move |socket| {
                cut::in_time(cut, socket::stream(socket, session, runtime, Left::of(cut)))
            })
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
