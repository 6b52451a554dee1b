//! The one door to the outside: send a request, or dial a byte stream. Over the net or in memory.
//!
//! Invariant: nothing here knows a token's worth or Azure's words; an answer is whatever came back, whatever its status.
//! Who may be spoken to is decided by [`Endpoint`](super::endpoint::Endpoint), what an answer means by its readers.

use std::fmt;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::fault::Fault;
use super::memory::Memory;
use super::net::Net;

/// A request as it goes out.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `PUT`, …
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Headers, the token's included.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: Bytes,
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, already unpacked.
    pub body: Bytes,
}

impl Answer {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the status is of the two hundreds.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The one door to the outside; a cheap clone.
#[derive(Clone, Debug)]
pub enum Wire {
    /// Over sockets.
    Net(Net),
    /// Inside this process.
    Memory(Memory),
}

impl Wire {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`Transient`](super::fault::FaultKind::Transient) where there was no answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        match self {
            Self::Net(net) => net.send(request).await,
            Self::Memory(memory) => memory.send(request).await,
        }
    }

    /// Opens a byte stream to the host of a `ws`, `wss`, `http` or `https` URL, with TLS where the scheme says so.
    ///
    /// # Errors
    /// [`Transient`](super::fault::FaultKind::Transient) where there is no connection.
    pub async fn dial(&self, url: &Url) -> Result<Box<dyn Stream>, Fault> {
        match self {
            Self::Net(net) => net.dial(url).await,
            Self::Memory(memory) => memory.dial(url).await,
        }
    }

    /// How many requests were sent, dials left out.
    pub fn calls(&self) -> u64 {
        match self {
            Self::Net(net) => net.calls(),
            Self::Memory(memory) => memory.calls(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url.path())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}
