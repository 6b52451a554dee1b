//! The sink over HTTP: JSON in, a list out.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::refusal::{Refusal, document};
use super::request::bounded;
use crate::emulator::Emulator;

/// The largest post.
const LARGEST_POST: usize = 1024 * 1024;

pub(super) async fn list(State(emulator): State<Emulator>) -> Response {
    document(StatusCode::OK, &json!({"posts": emulator.sink().posts()}))
}

pub(super) async fn take(State(emulator): State<Emulator>, request: Request) -> Response {
    match keep(&emulator, request).await {
        Ok(number) => document(StatusCode::OK, &json!({"received": number})),
        Err(refusal) => refusal.into_response(),
    }
}

async fn keep(emulator: &Emulator, request: Request) -> Result<u64, Refusal> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        let message = "The sink takes application/json and nothing else.";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "NotJson", message));
    }
    let body: Value = serde_json::from_slice(&bounded(body, LARGEST_POST).await?).map_err(|error| {
        let message = format!("The body is not JSON: {error}.");
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidJson", message)
    })?;
    Ok(emulator.sink().take(emulator.clock().now(), parts.uri.path(), body)?)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
