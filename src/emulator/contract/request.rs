//! What clients ask and are answered: requests, replies, and the sockets that replies promise.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::question::Question;
use super::{Page, SandboxId};

/// A request as the world sees it: no sockets, no header but those that it decides by.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `PUT`, … in upper case.
    pub method: String,
    /// The path as sent, percent-decoded, without the query. Case and double slashes are the world's to fold.
    pub path: String,
    /// Query parameters by lower-case name.
    pub query: BTreeMap<String, String>,
    /// The body, empty where there was none.
    pub body: Bytes,
    /// Scheme and authority under which the client reached us (`http://127.0.0.1:4123`), for URLs in answers.
    pub origin: String,
}

/// Without the body, which can hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, query, body: _, origin } = self;
        out.debug_struct("Request")
            .field("method", method)
            .field("path", path)
            .field("query", query)
            .field("origin", origin)
            .finish_non_exhaustive()
    }
}

/// What the world says to a request.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Reply(Reply),
    /// The answer depends on a fact of the outside; the shell finds it out and calls `World::answer`.
    Ask(Question, Ticket),
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers in the order to be sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer; the shell fulfils all but the first four from the runtime.
pub enum Body {
    /// No body.
    Empty,
    /// A JSON document.
    Json(serde_json::Value),
    /// A JSON document that is text already.
    Text(Arc<str>),
    /// A page of a list.
    Page(Page),
    /// `{"content": …}` with the log of a container.
    Logs(LogQuery),
    /// The request is a websocket upgrade for this exec session.
    Socket(ExecSession),
    /// The request is a websocket upgrade for this log stream.
    Follow(AttachSession),
}

impl Body {
    /// The JSON document, where it is one.
    pub fn document(&self) -> Option<Cow<'_, serde_json::Value>> {
        match self {
            Self::Json(document) => Some(Cow::Borrowed(document)),
            Self::Text(text) => serde_json::from_str(text).ok().map(Cow::Owned),
            Self::Page(page) => serde_json::from_str(&page.text()).ok().map(Cow::Owned),
            Self::Empty | Self::Logs(_) | Self::Socket(_) | Self::Follow(_) => None,
        }
    }
}

/// Without a document's content: the answer to an exec holds its password.
impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Json(_) | Self::Text(_) => out.write_str("Json(…)"),
            Self::Page(page) => out.debug_tuple("Page").field(page).finish(),
            Self::Logs(query) => out.debug_tuple("Logs").field(query).finish(),
            Self::Socket(session) => out.debug_tuple("Socket").field(session).finish(),
            Self::Follow(session) => out.debug_tuple("Follow").field(session).finish(),
        }
    }
}

/// Which part of which log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// The deployment.
    pub sandbox: SandboxId,
    /// The container's name.
    pub container: String,
    /// Only so many lines from the end.
    pub tail: Option<usize>,
    /// Whether each line begins with its RFC 3339 time stamp.
    pub timestamps: bool,
    /// At most so many bytes, from the end (4 MB running, 16 KB stopped).
    pub max_bytes: usize,
    /// At most so many lines, from the end (1,000 where stopped).
    pub max_lines: Option<usize>,
}

/// An exec that was asked for and now wants its stream.
#[derive(Clone)]
pub struct ExecSession {
    /// What the client must send as its first message.
    pub password: String,
    /// The deployment.
    pub sandbox: SandboxId,
    /// The container's name.
    pub container: String,
    /// The program and its arguments, split or not as the switch `exec.split` says.
    pub argv: Vec<String>,
    /// Rows of the terminal.
    pub rows: u16,
    /// Columns of the terminal.
    pub cols: u16,
}

/// Without the password and the command, whose arguments can be secrets.
impl fmt::Debug for ExecSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { password: _, sandbox, container, argv: _, rows, cols } = self;
        out.debug_struct("ExecSession")
            .field("sandbox", sandbox)
            .field("container", container)
            .field("rows", rows)
            .field("cols", cols)
            .finish_non_exhaustive()
    }
}

/// An attach that was asked for and now wants its stream: the output of a container from now on.
#[derive(Clone)]
pub struct AttachSession {
    /// What the client must send as its first message.
    pub password: String,
    /// The deployment.
    pub sandbox: SandboxId,
    /// The container's name.
    pub container: String,
}

/// Without the password.
impl fmt::Debug for AttachSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { password: _, sandbox, container } = self;
        out.debug_struct("AttachSession")
            .field("sandbox", sandbox)
            .field("container", container)
            .finish_non_exhaustive()
    }
}

/// Ties an [`Outcome::Ask`] to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);
