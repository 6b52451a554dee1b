//! The words between the pure [`World`](crate::world::World), the shell around it and the runtimes.
//!
//! The world decides and never acts: it answers a [`Request`] with a [`Reply`] and a list of
//! [`Command`]s. A runtime carries commands out and tells what happened as [`Event`]s.
//! Nothing here knows HTTP, files or clocks. What can hold a secret has a `Debug` that does not show it.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One deployment of a container group: from a PUT or a start to the stop, replacement or delete
/// that ends it. The containers of one sandbox live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SandboxId(pub u64);

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

/// The body of an answer; the shell fulfils all but the first two from the runtime.
pub enum Body {
    /// No body.
    Empty,
    /// A JSON document.
    Json(serde_json::Value),
    /// `{"content": …}` with the log of a container.
    Logs(LogQuery),
    /// The request is a websocket upgrade for this exec session.
    Socket(ExecSession),
}

/// Without a document's content: the answer to an exec holds its password.
impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Json(_) => out.write_str("Json(…)"),
            Self::Logs(query) => out.debug_tuple("Logs").field(query).finish(),
            Self::Socket(session) => out.debug_tuple("Socket").field(session).finish(),
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

/// Ties an [`Outcome::Ask`] to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What the world cannot know by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Can this image be had?
    Image(String),
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The image can be had and has this digest (`sha256:…`).
    ImageFound {
        /// The manifest's digest.
        digest: String,
    },
    /// The image cannot be had.
    ImageMissing {
        /// Why, for people.
        reason: String,
    },
}

/// What a runtime is to do. Commands of one sandbox are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Fetch the image of a container; answered by [`Event::Pulled`] or [`Event::PullFailed`].
    Pull {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The image reference as the group names it.
        image: String,
    },
    /// Start a container whose image was pulled, with a fresh file system and an empty log, the first time and at
    /// every restart; answered by [`Event::Started`] or [`Event::StartFailed`], later by [`Event::Exited`].
    Start {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// How to start it.
        launch: Launch,
    },
    /// End the containers of a sandbox (TERM, grace, KILL), keep their logs; each running one answers [`Event::Exited`].
    Stop {
        /// The deployment.
        sandbox: SandboxId,
    },
    /// End the containers at once and forget the sandbox with its logs; no event follows.
    Discard {
        /// The deployment.
        sandbox: SandboxId,
    },
}

/// How a container is started.
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// The image reference.
    pub image: String,
    /// The command that replaces the image's entrypoint and cmd; empty: the image's own.
    pub command: Vec<String>,
    /// Environment beside the image's own, in order.
    pub environment: Vec<(String, String)>,
    /// The host name inside.
    pub hostname: String,
    /// CPU in thousandths of a core.
    pub cpu_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

/// Without the command and the environment's values, which can be secrets.
impl fmt::Debug for Launch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { image, command: _, environment, hostname, cpu_milli, memory_mib } = self;
        let names: Vec<&String> = environment.iter().map(|(name, _)| name).collect();
        out.debug_struct("Launch")
            .field("image", image)
            .field("environment", &names)
            .field("hostname", hostname)
            .field("cpu_milli", cpu_milli)
            .field("memory_mib", memory_mib)
            .finish_non_exhaustive()
    }
}

/// What happened in a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The image is here.
    Pulled {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The manifest's digest (`sha256:…`).
        digest: String,
    },
    /// The image cannot be had.
    PullFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Why.
        reason: String,
    },
    /// The container's process runs.
    Started {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
    },
    /// The process could not be started (no such file, not executable).
    StartFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Why.
        reason: String,
    },
    /// The container's process ended.
    Exited {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Its exit code; 128 + n where signal n ended it.
        code: i32,
    },
}

/// A line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When its first byte was written.
    pub at: Timestamp,
    /// The bytes without the newline; not necessarily UTF-8.
    pub text: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary";

    #[test]
    fn no_debug_shows_a_secret() {
        let text = || CANARY.to_owned();
        let sandbox = SandboxId(1);
        let session = ExecSession {
            password: text(),
            sandbox,
            container: "c".into(),
            argv: vec![text()],
            rows: 1,
            cols: 1,
        };
        let launch = Launch {
            image: "image".into(),
            command: vec![text()],
            environment: vec![("TOKEN".into(), text())],
            hostname: "host".into(),
            cpu_milli: 1000,
            memory_mib: 1024,
        };
        let request = Request {
            method: "PUT".into(),
            path: "/x".into(),
            query: BTreeMap::new(),
            body: Bytes::from_static(CANARY.as_bytes()),
            origin: "http://localhost".into(),
        };
        let start = Command::Start { sandbox, container: "c".into(), launch: launch.clone() };
        let reply = Reply { status: 101, headers: Vec::new(), body: Body::Socket(session.clone()) };
        let json = Reply { status: 200, headers: Vec::new(), body: Body::Json(CANARY.into()) };
        for (shown, named) in [
            (format!("{session:?}"), "container"),
            (format!("{launch:?}"), "TOKEN"),
            (format!("{request:?}"), "/x"),
            (format!("{start:?}"), "image"),
            (format!("{reply:?}"), "101"),
            (format!("{json:?}"), "200"),
        ] {
            assert!(shown.contains(named) && !shown.contains(CANARY), "{shown}");
        }
    }
}
