//! What the shell itself refuses, in ARM's envelope.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal: status, code and a message for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What `WWW-Authenticate` says, where a token is missing.
    challenge: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), challenge: None }
    }

    /// The 401 with the place where a token is to be had, and what a client's log shows.
    pub(super) fn unauthorized(
        code: &'static str,
        message: impl Into<String>,
        authority: &str,
        description: &str,
    ) -> Self {
        let challenge = format!(
            "Bearer authorization_uri=\"{authority}\", error=\"invalid_token\", \
             error_description=\"{description}\""
        );
        Self { challenge: Some(challenge), ..Self::new(StatusCode::UNAUTHORIZED, code, message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, code, message, challenge } = self;
        let body = json!({"error": {"code": code, "message": message}});
        let mut response = document(status, &body);
        let challenge = challenge.and_then(|text| HeaderValue::try_from(text).ok());
        if let Some(challenge) = challenge {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        tracing::error!(%error, "a change of the emulator's state could not be kept");
        let message = "The emulator could not keep the change in its state folder.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "StateNotKept", message)
    }
}

/// A JSON answer.
pub(super) fn document(status: StatusCode, body: &Value) -> Response {
    text(status, body.to_string())
}

/// A JSON document that is text already.
pub(super) fn text(status: StatusCode, body: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, body).into_response()
}
