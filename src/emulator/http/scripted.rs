//! Answers that a fault gives in the world's place.

use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::refusal::document;
use crate::fault::Moment;
use crate::fault::script::Answer;

/// The answer as it is scripted.
pub(super) fn answer(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = answer.document();
    let mut response = if body.is_null() { status.into_response() } else { document(status, &body) };
    let retry_after = answer.retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
    let given = answer.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    response.headers_mut().extend(retry_after.into_iter().chain(given));
    response
}

/// What is said of a resource that is not there.
pub(super) fn not_found(moment: &Moment) -> Response {
    let parts: Vec<&str> = moment.resource.split('/').collect();
    let group = parts.get(4).copied().unwrap_or_default();
    let (code, message) = match parts.get(6..) {
        Some([namespace, pairs @ ..]) if !pairs.is_empty() => {
            let kind =
                pairs.iter().step_by(2).fold((*namespace).to_owned(), |text, kind| format!("{text}/{kind}"));
            let name = pairs.iter().skip(1).step_by(2).copied().collect::<Vec<_>>().join("/");
            let text = format!("The Resource '{kind}/{name}' under resource group '{group}' was not found.");
            ("ResourceNotFound", text)
        }
        _ => ("ResourceGroupNotFound", format!("Resource group '{group}' could not be found.")),
    };
    let code = Some(code.to_owned());
    answer(&Answer { status: 404, code, message: Some(message), ..Answer::default() })
}
