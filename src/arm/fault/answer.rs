//! From an answer that is no success to a fault.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Fault, FaultKind};
use crate::arm::wire::Answer;

const LONGEST: usize = 2_000;

/// Codes that come as 409 and pass by themselves. Sources: Microsoft's page on container groups in transition,
/// and the error codes of Azure Resource Manager.
const PASSING: [&str; 7] = [
    "ContainerGroupTransitioning",
    "ConflictingConcurrentWriteNotAllowed",
    "ResourceGroupBeingDeleted",
    "AnotherOperationInProgress",
    "InUseConflict",
    "Conflict",
    "RegistryErrorResponse",
];

/// Codes of a used-up quota or of missing capacity. Source: Microsoft's troubleshooting pages of Container Instances.
const QUOTA: [&str; 4] =
    ["ContainerGroupQuotaReached", "QuotaReached", "QuotaExceeded", "SubscriptionQuotaExceeded"];

impl Fault {
    /// Reads an answer that is no success.
    pub(in crate::arm) fn of(answer: &Answer) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let mut fault = Self::of_error(&body["error"], answer.status);
        if fault.code.is_empty() {
            // Some front ends answer without the envelope.
            fault = Self::of_error(&body, answer.status);
        }
        if let (Some(code), Some(message)) = (body["error"].as_str(), body["error_description"].as_str()) {
            // The words of OAuth 2.0, which token endpoints use (RFC 6749, section 5.2).
            (fault.code, fault.message) = (clean(code), clean(message));
        }
        if fault.message.is_empty() {
            fault.message = format!("the service answered {}", answer.status);
        }
        fault.retry_after = retry_after(answer);
        fault.request_id = answer.header("x-ms-request-id").map(clean);
        fault
    }

    /// Reads the `error` object of an answer or of an operation that failed; a status of 0 means that there is none.
    pub(in crate::arm) fn of_error(error: &Value, status: u16) -> Self {
        let text = |key: &str| error[key].as_str().map(clean).unwrap_or_default();
        let (code, mut message) = (text("code"), text("message"));
        let inner = error["details"][0]["message"].as_str().map(clean).unwrap_or_default();
        if !inner.is_empty() && !message.contains(&inner) {
            message = format!("{message} ({inner})");
        }
        Self {
            kind: kind(status, &code),
            status: (status != 0).then_some(status),
            code,
            message,
            retry_after: None,
            request_id: None,
        }
    }
}

fn kind(status: u16, code: &str) -> FaultKind {
    let is = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(code));
    let service_unavailable = code.eq_ignore_ascii_case("ServiceUnavailable");
    match status {
        _ if is(&QUOTA) => FaultKind::Quota,
        // As 409 this is missing capacity for the container group; as 503 it is the front end being busy.
        0..=499 if service_unavailable => FaultKind::Quota,
        404 => FaultKind::NotFound,
        429 => FaultKind::Throttled,
        408 | 500..=599 => FaultKind::Transient,
        401 | 403 => FaultKind::Denied,
        400..=499 if is(&PASSING) => FaultKind::Conflict,
        400..=499 | 0 => FaultKind::Refused,
        _ => FaultKind::Protocol,
    }
}

/// `Retry-After` as seconds or as a date, or the finer `retry-after-ms` and `x-ms-retry-after-ms`.
pub(in crate::arm) fn retry_after(answer: &Answer) -> Option<Duration> {
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(|name| answer.header(name));
    if let Some(millis) = millis.and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let text = answer.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // A date is only meaningful against the service's own clock, which the answer carries.
    let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let (until, now): (Timestamp, Timestamp) = (date(text)?, date(answer.header("date")?)?);
    Some(until.duration_since(now).try_into().unwrap_or(Duration::ZERO))
}

fn clean(text: impl AsRef<str>) -> String {
    let flat = text.as_ref().chars().map(|char| if char.is_control() { ' ' } else { char });
    flat.take(LONGEST).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.to_owned().into() }
    }

    #[test]
    fn kinds_by_status_and_code() {
        for (status, code, kind) in [
            (404, "ResourceNotFound", FaultKind::NotFound),
            (404, "ResourceGroupNotFound", FaultKind::NotFound),
            (429, "TooManyRequests", FaultKind::Throttled),
            (408, "", FaultKind::Transient),
            (500, "InternalServerError", FaultKind::Transient),
            (503, "ServiceUnavailable", FaultKind::Transient),
            (409, "ServiceUnavailable", FaultKind::Quota),
            (409, "ContainerGroupTransitioning", FaultKind::Conflict),
            (409, "ConflictingConcurrentWriteNotAllowed", FaultKind::Conflict),
            (409, "ResourceGroupBeingDeleted", FaultKind::Conflict),
            (409, "ContainerGroupStopped", FaultKind::Refused),
            (409, "ScopeLocked", FaultKind::Refused),
            (409, "MissingSubscriptionRegistration", FaultKind::Refused),
            (400, "ContainerGroupQuotaReached", FaultKind::Quota),
            (400, "InvalidContainerGroupUpdate", FaultKind::Refused),
            (401, "InvalidAuthenticationToken", FaultKind::Denied),
            (403, "AuthorizationFailed", FaultKind::Denied),
            (302, "", FaultKind::Protocol),
        ] {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
            let fault = Fault::of(&answer(status, &[], &body));
            assert_eq!((fault.kind, fault.status), (kind, Some(status)), "{status} {code}");
        }
    }

    #[test]
    fn waits_and_ids_are_read() {
        let date = "Sun, 22 Nov 2026 10:00:00 GMT";
        for (headers, wait) in [
            (vec![("Retry-After", "7")], Some(7_000)),
            (vec![("retry-after-ms", "250"), ("retry-after", "7")], Some(250)),
            (vec![("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"), ("date", date)], Some(30_000)),
            (vec![("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT"), ("date", date)], Some(0)),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            let fault = Fault::of(&answer(429, &headers, ""));
            assert_eq!(fault.retry_after, wait.map(Duration::from_millis), "{headers:?}");
        }
        let fault = Fault::of(&answer(500, &[("x-ms-request-id", "westus:1")], "<html>"));
        assert_eq!(fault.request_id.as_deref(), Some("westus:1"));
        assert_eq!(fault.to_string(), "the service answered 500");
        let body = r#"{"error":"invalid_client","error_description":"unknown secret"}"#;
        assert_eq!(Fault::of(&answer(401, &[], body)).to_string(), "invalid_client: unknown secret");
    }

    #[test]
    fn messages_lose_control_characters_and_keep_the_inner_reason() {
        let body = r#"{"error":{"code":"RequestDisallowedByPolicy","message":"no\u001b[31m","details":[{"message":"tag it"}]}}"#;
        let fault = Fault::of(&answer(403, &[], body));
        assert_eq!(fault.to_string(), "RequestDisallowedByPolicy: no [31m (tag it)");
    }
}
