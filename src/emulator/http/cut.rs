//! Connections that break because a fault wants it: without an answer, or in the middle of a stream.
//!
//! A handler cannot break a connection, it can only answer. So the answer says that it is none, and whoever holds the
//! connection closes it (`serve`).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::{Duration, sleep};

use crate::fault::script::StreamCut;

/// Marks a response, among its extensions, that must not be sent: the connection is to be closed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

impl IntoResponse for Cut {
    fn into_response(self) -> Response {
        let mut response = StatusCode::BAD_GATEWAY.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether a response must not be sent.
pub(crate) fn is_cut(response: &Response) -> bool {
    response.extensions().get::<Cut>().is_some()
}

/// Runs a stream until its time is over; what is dropped then closes without a word.
pub(super) async fn in_time(cut: Option<StreamCut>, stream: impl Future<Output = ()>) {
    let time = cut.and_then(|cut| cut.after_time).and_then(|time| Duration::try_from(time).ok());
    match time {
        None => stream.await,
        Some(time) => {
            tokio::select! {
                biased;
                () = sleep(time) => {}
                () = stream => {}
            }
        }
    }
}

/// How many bytes a stream may still carry.
#[derive(Debug)]
pub(super) struct Left(Option<u64>);

impl Left {
    pub(super) fn of(cut: Option<StreamCut>) -> Self {
        Self(cut.and_then(|cut| cut.after_bytes))
    }

    /// So much of the bytes as may pass.
    pub(super) fn pass(&mut self, mut bytes: Bytes) -> Bytes {
        if let Some(left) = &mut self.0 {
            bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= (bytes.len() as u64).min(*left);
        }
        bytes
    }

    /// Whether no more may pass.
    pub(super) fn is_over(&self) -> bool {
        self.0 == Some(0)
    }
}
