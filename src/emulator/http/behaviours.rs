//! What images do in the simulated runtime, to look at and to change while it runs. No other runtime has such data.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::control::LARGEST_BODY;
use super::guard::bearer;
use super::refusal::{Refusal, document};
use super::request::bounded;
use crate::emulator::Emulator;
use crate::runtime::Runtime;
use crate::runtime::simulated::Simulated;

pub(super) async fn list(State(emulator): State<Emulator>) -> Result<Response, Refusal> {
    Ok(document(StatusCode::OK, &json!({"behaviours": simulated(&emulator)?.behaviours()})))
}

/// Replaces all of them: `{"image": {"exit": {"code": 3}}, …}`.
pub(super) async fn replace(State(emulator): State<Emulator>, request: Request) -> Result<Response, Refusal> {
    bearer(&emulator, request.headers(), request.uri())?;
    let simulated = simulated(&emulator)?;
    let body = bounded(request.into_body(), LARGEST_BODY).await?;
    let given = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The body is not an object of behaviours by image: {error}.");
        Refusal::new(StatusCode::BAD_REQUEST, "InvalidBehaviours", message)
    })?;
    simulated.set_behaviours(given);
    Ok(document(StatusCode::OK, &json!({"behaviours": simulated.behaviours()})))
}

fn simulated(emulator: &Emulator) -> Result<&Simulated, Refusal> {
    match emulator.runtime() {
        Runtime::Simulated(simulated) => Ok(simulated),
        _ => {
            let message = "Only the simulated runtime takes behaviours; this one runs containers.";
            Err(Refusal::new(StatusCode::CONFLICT, "NotSimulated", message))
        }
    }
}
