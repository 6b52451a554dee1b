//! Answers; what the headers of rates say is decided in `rates`.

use serde_json::Value;

use crate::contract::{Body, Reply};

/// An answer with any body.
pub(crate) fn of(status: u16, body: Body) -> Reply {
    Reply { status, headers: Vec::new(), body }
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: Value) -> Reply {
    of(status, Body::Json(body))
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Reply {
    of(status, Body::Empty)
}

/// The answer with one more header.
pub(crate) fn with(mut reply: Reply, name: &str, value: impl Into<String>) -> Reply {
    reply.headers.push((name.to_owned(), value.into()));
    reply
}
