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

/// What a stream may still carry, and how.
#[derive(Debug)]
pub(super) struct Left {
    bytes: Option<u64>,
    piece: usize,
    closes: bool,
}

impl Left {
    pub(super) fn of(cut: Option<StreamCut>) -> Self {
        let piece = cut.and_then(|cut| cut.pieces).and_then(|piece| usize::try_from(piece).ok());
        Self {
            bytes: cut.and_then(|cut| cut.after_bytes),
            piece: piece.unwrap_or(usize::MAX),
            closes: !cut.is_some_and(|cut| cut.no_close),
        }
    }

    /// The next message of the bytes, which are taken from them; what may not pass is dropped.
    pub(super) fn pass(&mut self, bytes: &mut Bytes) -> Bytes {
        let mut piece = bytes.split_to(bytes.len().min(self.piece));
        if let Some(left) = &mut self.bytes {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= (piece.len() as u64).min(*left);
        }
        piece
    }

    /// Whether no more may pass.
    pub(super) fn is_over(&self) -> bool {
        self.bytes == Some(0)
    }

    /// Whether the end of the process is told by a close.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_in_pieces_until_the_stream_breaks() {
        let cut = StreamCut { after_bytes: Some(5), after_time: None, pieces: Some(2), no_close: true };
        let mut left = Left::of(Some(cut));
        assert!(!left.closes());
        let mut bytes = Bytes::from_static(b"abcdefg");
        let mut passed = Vec::new();
        while !bytes.is_empty() && !left.is_over() {
            passed.push(left.pass(&mut bytes));
        }
        assert_eq!(passed, [&b"ab"[..], b"cd", b"e"]);
        assert!(left.is_over());
        let mut whole = Left::of(None);
        assert_eq!(whole.pass(&mut Bytes::from_static(b"abc")), b"abc"[..]);
        assert!(whole.closes() && !whole.is_over());
    }
}
