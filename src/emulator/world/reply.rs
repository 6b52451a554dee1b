//! Answers and the headers that ARM puts on them.
//!
//! The numbers of the `x-ms-ratelimit-*` headers are those recorded in 2024 (azure-powershell recordings of
//! ContainerInstance); the emulator does not throttle, so they do not fall.

use serde_json::Value;

use crate::contract::{Body, Reply};

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: Value) -> Reply {
    Reply { status, headers: Vec::new(), body: Body::Json(body) }
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: Body::Empty }
}

/// The answer with one more header.
pub(crate) fn with(mut reply: Reply, name: &str, value: impl Into<String>) -> Reply {
    reply.headers.push((name.to_owned(), value.into()));
    reply
}

/// The answer with what the service says of the remaining creations and deletions of container groups.
pub(crate) fn counted(reply: Reply) -> Reply {
    let reply = with(reply, "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m", "1499");
    with(reply, "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h", "14999")
}

/// The answer with what ARM says of the remaining requests of this kind.
pub(crate) fn metered(mut reply: Reply, method: &str) -> Reply {
    let (kind, local, global) = match method {
        "GET" | "HEAD" => ("reads", "1099", "16499"),
        "DELETE" => ("deletes", "799", "11999"),
        _ => ("writes", "799", "11999"),
    };
    let name = |scope: &str| format!("x-ms-ratelimit-remaining-subscription-{scope}{kind}");
    reply.headers.push((name(""), local.to_owned()));
    reply.headers.push((name("global-"), global.to_owned()));
    reply
}
