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

/// The tenant in which everything is.
pub const TENANT: &str = "00000000-0000-0000-0000-00000000ac17";

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
    /// The request is a websocket upgrade for this log stream.
    Follow(AttachSession),
}

/// Without a document's content: the answer to an exec holds its password.
impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Json(_) => out.write_str("Json(…)"),
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

/// An image as a group names it, with what its registry wants to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSource {
    /// The image reference.
    pub image: String,
    /// The group's credential for the registry of this image; none: asked anonymously.
    pub credential: Option<Credential>,
}

/// Asked anonymously.
impl From<&str> for ImageSource {
    fn from(image: &str) -> Self {
        Self { image: image.to_owned(), credential: None }
    }
}

/// How to log in to a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Host, and port where it is not the usual one.
    pub server: String,
    /// The user name; empty where an identity logs in.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Without the password.
impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, username, password: _ } = self;
        out.debug_struct("Credential")
            .field("server", server)
            .field("username", username)
            .finish_non_exhaustive()
    }
}

/// What the world cannot know by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Can these images be had? The first that cannot decides.
    Images(Vec<ImageSource>),
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// All images can be had.
    ImagesFound,
    /// An image cannot be had.
    ImageMissing {
        /// Which.
        image: String,
        /// Why, for people.
        reason: String,
    },
    /// A registry answered with an error of its own (too many requests, out of order).
    RegistryFailed {
        /// The registry's host.
        server: String,
        /// What it said, for people.
        reason: String,
    },
}

/// What a runtime is to do. Commands of one sandbox are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make what the containers of a sandbox share; the first command of each. Nothing answers: a volume that cannot
    /// be made is told by [`Event::MountFailed`] of each container that mounts it.
    Open {
        /// The deployment.
        sandbox: SandboxId,
        /// The volumes; they live as long as the sandbox, and longer where their content does.
        volumes: Vec<Volume>,
    },
    /// Fetch the image of a container; answered by [`Event::Pulled`] or [`Event::PullFailed`].
    Pull {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The image as the group names it.
        source: ImageSource,
    },
    /// Start a container whose image was pulled, with a fresh file system and an empty log, the first time and at
    /// every restart; answered by [`Event::Started`], [`Event::StartFailed`] or [`Event::MountFailed`], after
    /// [`Event::Started`] later by [`Event::Exited`].
    Start {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// How to start it.
        launch: Launch,
    },
    /// Replace the files of a running container's config map.
    Configure {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The files' names and contents.
        config: ConfigMap,
    },
    /// Look whether a running container is well; answered by [`Event::Probed`], unless it ends before.
    Probe {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Which of its probes.
        probe: Probe,
        /// How to look.
        check: Check,
        /// Seconds after which no answer is a bad one.
        timeout_seconds: u32,
    },
    /// End one container (TERM, grace, KILL) and keep its log; it answers [`Event::Exited`].
    Kill {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
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

/// One of the probes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Probe {
    /// It decides whether the container is restarted.
    Liveness,
    /// It decides whether the container is ready.
    Readiness,
}

/// How a probe looks at a container.
#[derive(Clone, PartialEq, Eq)]
pub enum Check {
    /// Run a program in the container without a terminal; exit code 0 is good.
    Exec(Vec<String>),
    /// Ask the container over HTTP; an answer from 200 to 399 is good.
    Http {
        /// `http` or `https`, whose certificate is not looked at.
        scheme: String,
        /// The port, on the group's own network.
        port: u16,
        /// The path, with its slash.
        path: String,
        /// Headers, which can hold secrets.
        headers: Vec<(String, String)>,
    },
}

/// Without arguments and headers, which can be secrets.
impl fmt::Debug for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec(_) => out.write_str("Exec(…)"),
            Self::Http { scheme, port, path, headers: _ } => {
                write!(out, "Http({scheme}://:{port}{path})")
            }
        }
    }
}

/// A volume of a sandbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name, by which containers mount it.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// Without the content, which can be a secret.
impl fmt::Debug for Volume {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, content: _ } = self;
        out.debug_struct("Volume").field("name", name).finish_non_exhaustive()
    }
}

/// What is in a volume.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing at first.
    Empty,
    /// Files that are only read, by name.
    Files(BTreeMap<String, Bytes>),
    /// A file share; the emulator backs it by a folder, `<state>/shares/<account>/<share>`, that outlives the sandbox.
    Share {
        /// The storage account.
        account: String,
        /// The share.
        share: String,
        /// Whether nobody may write to it.
        read_only: bool,
    },
    /// A clone of a git repository.
    Repository {
        /// Where from; only `https` and `http` are followed.
        url: String,
        /// The folder in the volume; none: named after the repository; `.`: the volume itself.
        directory: Option<String>,
        /// The commit; none: the default branch's.
        revision: Option<String>,
    },
}

/// A volume at a place in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// The whole path in the container.
    pub path: String,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// The files of a container's config map: names and contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConfigMap(pub BTreeMap<String, String>);

/// The names only.
impl fmt::Debug for ConfigMap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// How a container is started.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The image and how to come by it.
    pub source: ImageSource,
    /// The command that replaces the image's entrypoint and cmd; empty: the image's own.
    pub command: Vec<String>,
    /// Environment beside the image's own, in order.
    pub environment: Vec<(String, String)>,
    /// The host name inside.
    pub hostname: String,
    /// CPU in thousandths of a core; none: whatever the group has (init containers).
    pub cpu_milli: Option<u32>,
    /// Memory in MiB; none: whatever the group has (init containers).
    pub memory_mib: Option<u32>,
    /// Which volumes stand where.
    pub mounts: Vec<Mount>,
    /// The files under `/mnt/configmap/<container>` (Azure's page "Use config maps with container instances").
    pub config: ConfigMap,
    /// User id that replaces the image's.
    pub user: Option<u32>,
    /// Group id that replaces the image's.
    pub group: Option<u32>,
}

/// Without the command and the environment's values, which can be secrets.
impl fmt::Debug for Launch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            command: _,
            environment,
            hostname,
            cpu_milli,
            memory_mib,
            mounts,
            config,
            user,
            group,
        } = self;
        let names: Vec<&String> = environment.iter().map(|(name, _)| name).collect();
        out.debug_struct("Launch")
            .field("source", source)
            .field("environment", &names)
            .field("hostname", hostname)
            .field("cpu_milli", cpu_milli)
            .field("memory_mib", memory_mib)
            .field("mounts", mounts)
            .field("config", config)
            .field("user", user)
            .field("group", group)
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
    /// A volume of the container could not be made or mounted; its process did not start.
    MountFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The volume's name.
        volume: String,
        /// Why.
        reason: String,
    },
    /// A probe has looked.
    Probed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Which of its probes.
        probe: Probe,
        /// Why it was found unwell; none: it is well.
        unwell: Option<String>,
    },
    /// The container's process ended.
    Exited {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Its exit code; 128 + n where signal n ended it.
        code: i32,
        /// Whether it was ended because it wanted more memory than its limit.
        out_of_memory: bool,
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
            source: ImageSource {
                image: "image".into(),
                credential: Some(Credential {
                    server: "server".into(),
                    username: "user".into(),
                    password: text(),
                }),
            },
            command: vec![text()],
            environment: vec![("TOKEN".into(), text())],
            config: ConfigMap(BTreeMap::from([("file".into(), text())])),
            ..Launch::default()
        };
        let attach = AttachSession { password: text(), sandbox, container: "container".into() };
        let files = BTreeMap::from([("key".to_owned(), Bytes::from_static(CANARY.as_bytes()))]);
        let volume = Volume { name: "volume".into(), content: Content::Files(files) };
        let check = Check::Http {
            scheme: "http".into(),
            port: 80,
            path: "/".into(),
            headers: vec![("authorization".into(), text())],
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
            (format!("{attach:?}"), "container"),
            (format!("{volume:?}"), "volume"),
            (format!("{check:?}"), "http://:80/"),
            (format!("{:?}", Check::Exec(vec![text()])), "Exec"),
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
