//! The faults, looked at, added and taken away.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::guard::bearer;
use super::refusal::{Refusal, document};
use super::request::bounded;
use crate::emulator::Emulator;

/// The largest script.
const LARGEST_BODY: usize = 1024 * 1024;

pub(super) async fn list(State(emulator): State<Emulator>) -> Response {
    let faults = emulator.with_faults(|board| board.list());
    document(StatusCode::OK, &json!({"faults": faults}))
}

pub(super) async fn add(State(emulator): State<Emulator>, request: Request) -> Result<Response, Refusal> {
    bearer(&emulator, request.headers(), request.uri())?;
    let body = bounded(request.into_body(), LARGEST_BODY).await?;
    let script: Value = serde_json::from_slice(&body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidJson", format!("The script is no JSON: {error}."))
    })?;
    Ok(match emulator.with_faults(|board| board.add(script)) {
        Ok(ids) => document(StatusCode::CREATED, &json!({"ids": ids})),
        Err(mistakes) => {
            let text: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            let details: Vec<Value> = mistakes
                .iter()
                .map(
                    |it| json!({"code": "InvalidFault", "target": it.number.to_string(), "message": it.text}),
                )
                .collect();
            let error = json!({"code": "InvalidFaults", "message": text.join("; "), "details": details});
            document(StatusCode::BAD_REQUEST, &json!({"error": error}))
        }
    })
}

pub(super) async fn clear(
    State(emulator): State<Emulator>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    bearer(&emulator, &headers, &uri)?;
    let cleared = emulator.with_faults(|board| board.clear(None));
    Ok(document(StatusCode::OK, &json!({"cleared": cleared})))
}

pub(super) async fn clear_one(
    State(emulator): State<Emulator>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    bearer(&emulator, &headers, &uri)?;
    Ok(match emulator.with_faults(|board| board.clear(Some(&id))) {
        0 => {
            let message = format!("There is no fault {id}.");
            Refusal::new(StatusCode::NOT_FOUND, "NoSuchFault", message).into_response()
        }
        cleared => document(StatusCode::OK, &json!({"cleared": cleared})),
    })
}
