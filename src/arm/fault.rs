//! What can go wrong with a call.
//!
//! Invariant: no header, token or body gets into a fault, only the service's own code and message, cut short and
//! without control characters. What a fault means for a step is the engine's business; here it only gets its kind.

mod answer;
mod help;

pub(super) use answer::retry_after;

use std::fmt;
use std::time::Duration;

/// A call that did not do what it was made for.
///
/// Its text is fit for people: no header, no token and no body is in it, only the service's own code and message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Fault {
    /// What kind of fault it is; whoever decides something decides by it.
    pub kind: FaultKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The service's code, such as `InvalidContainerGroupUpdate`; empty where there is none.
    pub code: String,
    /// The service's message, or ours.
    pub message: String,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// `x-ms-request-id`, by which support finds the call.
    pub request_id: Option<String>,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The thing, or what contains it, is not there.
    NotFound,
    /// Too many calls.
    Throttled,
    /// The service or the network failed; the same call may go through later.
    Transient,
    /// Something else is under way on the thing.
    Conflict,
    /// The caller may not do it, or is not known.
    Denied,
    /// A quota of the subscription is used up.
    Quota,
    /// The service refuses the request as it is.
    Refused,
    /// The answer is not what the service's interface promises.
    Protocol,
}

impl Fault {
    /// A fault without an answer of the service.
    pub fn own(kind: FaultKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            status: None,
            code: String::new(),
            message: message.to_string(),
            retry_after: None,
            request_id: None,
        }
    }

    /// Whether the service refuses what was sent for what it says, so that sending it again changes nothing: an image that
    /// is not there, a property that does not fit. Locks, policies, roles and registration are answered with another
    /// status, and quotas and registries that fail are of another kind; what else of 400 is not the content's is named here.
    pub fn is_of_content(&self) -> bool {
        const OTHERS: [&str; 5] = [
            // The request's form, which is ours.
            "MissingApiVersionParameter",
            "InvalidApiVersionParameter",
            "NoRegisteredProviderFound",
            // What stands there already.
            "InvalidContainerGroupUpdate",
            "DnsNameLabelNotAvailable",
        ];
        self.kind == FaultKind::Refused
            && self.status == Some(400)
            && !OTHERS.iter().any(|code| code.eq_ignore_ascii_case(&self.code))
    }

    fn text(&self) -> String {
        if self.code.is_empty() { self.message.clone() } else { format!("{}: {}", self.code, self.message) }
    }
}
