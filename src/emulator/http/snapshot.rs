//! The whole world, taken and put back. It holds secrets, so both need a token.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::guard::bearer;
use super::refusal::{Refusal, document};
use super::request::bounded;
use crate::emulator::Emulator;
use crate::emulator::snapshot::{Snapshot, VERSION};

/// The largest snapshot; ten thousand groups are some fifty megabytes.
const LARGEST_BODY: usize = 512 * 1024 * 1024;

pub(super) async fn save(
    State(emulator): State<Emulator>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    bearer(&emulator, &headers, &uri)?;
    Ok(document(StatusCode::OK, &json!(emulator.snapshot()?)))
}

pub(super) async fn load(State(emulator): State<Emulator>, request: Request) -> Result<Response, Refusal> {
    bearer(&emulator, request.headers(), request.uri())?;
    let body = bounded(request.into_body(), LARGEST_BODY).await?;
    let refused = |why: String| Refusal::new(StatusCode::BAD_REQUEST, "InvalidSnapshot", why);
    // The text may hold secrets: of the parser's words only the place is told.
    let snapshot: Snapshot = serde_json::from_slice(&body).map_err(|error| {
        refused(format!("This is no snapshot: line {}, column {}.", error.line(), error.column()))
    })?;
    if snapshot.snapshot != VERSION {
        return Err(refused(format!("The snapshot is of version {}, not {VERSION}.", snapshot.snapshot)));
    }
    let records = snapshot.records.len();
    emulator.load(snapshot)?;
    Ok(document(StatusCode::OK, &json!({"records": records})))
}
