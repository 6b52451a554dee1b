//! Moving the emulator's clock where it stands.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::guard::bearer;
use super::refusal::{Refusal, document};
use super::request::bounded;
use crate::emulator::{AdvanceError, Emulator};

/// The largest body of this route.
const LARGEST_BODY: usize = 1024;

/// `{"by": "90s"}`, in the forms of ISO 8601 (`PT90S`) or as people write (`1h 30m`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: SignedDuration,
}

pub(super) async fn advance(State(emulator): State<Emulator>, request: Request) -> Result<Response, Refusal> {
    bearer(&emulator, request.headers(), request.uri())?;
    let body = bounded(request.into_body(), LARGEST_BODY).await?;
    let Advance { by } = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The body is to be {{\"by\": \"90s\"}}: {error}.");
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidDuration", message)
    })?;
    // The way is gone to its end even where the client does not wait for it.
    let moved = tokio::spawn(async move { emulator.advance(by).await }).await.map_err(|_| {
        let message = "The emulator failed while time passed.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
    })?;
    Ok(document(StatusCode::OK, &json!({"time": moved?})))
}

impl From<AdvanceError> for Refusal {
    fn from(error: AdvanceError) -> Self {
        let message = format!("{error}.");
        match error {
            AdvanceError::RealTime => Self::new(StatusCode::CONFLICT, "TimeIsReal", message),
            AdvanceError::OutOfRange(_) => Self::new(StatusCode::BAD_REQUEST, "InvalidDuration", message),
            AdvanceError::Store(error) => error.into(),
            AdvanceError::Home(error) => {
                tracing::error!(%error, "the emulator's time could not be kept");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "StateNotKept", message)
            }
        }
    }
}
