//! What reaches into a container: its log, exec and attach.
//!
//! Limits of logs as "Resource availability and quota limits" gives them: 4 MB of a running container, 16 KB or 1,000
//! lines of one that was stopped or has ended. An exec is a POST for an address and a password, then a websocket
//! that takes the session once (azure-cli, test_container_exec). A POST for a container that ended by itself is
//! answered, as it was recorded: the socket then tells the failure. An attach is the same without a command: its
//! websocket only tells what the container prints (azure-powershell, Add-AzContainerInstanceOutput).

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::World;
use super::container_group::{ContainerGroup, Phase, Provisioning};
use super::path::ResourceName;
use super::refusal::Refusal;
use super::{body, reply};
use crate::contract::{AttachSession, Body, ExecSession, LogQuery, Reply, Request, SandboxId};

const RUNNING_BYTES: usize = 4 * 1024 * 1024;
const ENDED_BYTES: usize = 16 * 1024;
const ENDED_LINES: usize = 1000;
/// How long an exec waits for its websocket. No public source tells the service's own limit.
const SESSION: SignedDuration = SignedDuration::from_mins(5);

/// The body of an exec.
#[derive(Debug, Deserialize)]
struct Exec {
    command: String,
    #[serde(default, rename = "terminalSize")]
    size: Size,
}

/// What waits for its websocket.
#[derive(Debug)]
pub(crate) enum Session {
    Exec(ExecSession),
    Attach(AttachSession),
}

#[derive(Debug, Default, Deserialize)]
struct Size {
    rows: Option<u16>,
    cols: Option<u16>,
}

impl World {
    pub(crate) fn logs(
        &self,
        name: &ResourceName,
        container: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let group = self.container_group(name)?;
        let container = known(group, container)?;
        if group.is_transitioning() || group.provisioning == Provisioning::Updating {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        let state = group.containers.get(&container);
        let Some(state) = state.filter(|state| state.started) else {
            return Err(Refusal::LogNotAvailable(container));
        };
        let tail = match request.query.get("tail") {
            None => None,
            Some(tail) => Some(
                tail.parse()
                    .map_err(|_| Refusal::InvalidContent(format!("tail must be a number, not {tail}")))?,
            ),
        };
        let timestamps = request.query.get("timestamps");
        let ended = state.phase == Phase::Ended;
        let query = LogQuery {
            sandbox: group.sandbox,
            container,
            tail,
            timestamps: timestamps.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            max_bytes: if ended { ENDED_BYTES } else { RUNNING_BYTES },
            max_lines: ended.then_some(ENDED_LINES),
        };
        Ok(Reply { status: 200, headers: Vec::new(), body: Body::Logs(query) })
    }

    pub(crate) fn exec(
        &mut self,
        name: &ResourceName,
        container: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let (sandbox, container) = self.reachable(name, container)?;
        let Exec { command, size } =
            Exec::deserialize(serde_json::Value::Object(body::object(&request.body)?)).map_err(|_| {
                Refusal::InvalidContent("an exec is {command, terminalSize {rows, cols}}".to_owned())
            })?;
        let argv: Vec<String> = if self.switches.exec_split {
            command.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        } else {
            vec![command]
        };
        if argv.iter().all(|word| word.trim().is_empty()) {
            return Err(Refusal::InvalidContent("command is empty".to_owned()));
        }
        let (rows, cols) = (size.rows.unwrap_or(24), size.cols.unwrap_or(80));
        let password = self.ids.password(self.now);
        let id = self.ids.guid();
        let host = socket_origin(&request.origin);
        let uri = format!("{host}/execstream/sessionId/{id}?api-version=1.0&rows={rows}&cols={cols}");
        let answer = reply::json(200, json!({"webSocketUri": uri, "password": password}));
        let session = ExecSession { password, sandbox, container, argv, rows, cols };
        self.keep_session(id, Session::Exec(session));
        Ok(answer)
    }

    /// The deployment and the container that somebody wants to get into, as far as the group lets anybody in now.
    fn reachable(&self, name: &ResourceName, container: &str) -> Result<(SandboxId, String), Refusal> {
        let group = self.container_group(name)?;
        self.open_group(&name.group)?;
        let container = known(group, container)?;
        if group.stopped {
            let (name, group) = (group.name.clone(), group.resource_group.clone());
            return Err(Refusal::Stopped { name, group });
        }
        if group.is_transitioning() || group.provisioning == Provisioning::Updating {
            return Err(Refusal::Transitioning(group.name.clone()));
        }
        Ok((group.sandbox, container))
    }

    /// An attach: an address and a password for the output of a container.
    pub(crate) fn attach(
        &mut self,
        name: &ResourceName,
        container: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let (sandbox, container) = self.reachable(name, container)?;
        let password = self.ids.password(self.now);
        let id = self.ids.guid();
        let uri = format!("{}/logstream/sessionId/{id}?api-version=1.0", socket_origin(&request.origin));
        let answer = reply::json(200, json!({"webSocketUri": uri, "password": password}));
        self.keep_session(id, Session::Attach(AttachSession { password, sandbox, container }));
        Ok(answer)
    }

    fn keep_session(&mut self, id: String, session: Session) {
        let now = self.now;
        self.sessions.retain(|_, (until, _)| *until > now);
        self.sessions.insert(id, (now + SESSION, session));
    }

    /// Whether a container of a sandbox prints any more, now or after a back-off.
    pub(crate) fn prints(&self, sandbox: SandboxId, container: &str) -> bool {
        let keys = self.keys_of(sandbox);
        let mut groups = keys.iter().filter_map(|key| self.container_groups.get(key));
        groups.any(|group| group.containers.get(container).is_some_and(|it| it.phase != Phase::Ended))
    }

    /// The websocket of an exec; a session can be taken once, and not for ever.
    pub(crate) fn exec_stream(&mut self, id: &str) -> Result<Reply, Refusal> {
        match self.take_session(id, |session| matches!(session, Session::Exec(_)))? {
            Session::Exec(session) => Ok(upgrade(Body::Socket(session))),
            Session::Attach(_) => Err(Refusal::SessionNotFound),
        }
    }

    /// The websocket of an attach.
    pub(crate) fn log_stream(&mut self, id: &str) -> Result<Reply, Refusal> {
        match self.take_session(id, |session| matches!(session, Session::Attach(_)))? {
            Session::Attach(session) => Ok(upgrade(Body::Follow(session))),
            Session::Exec(_) => Err(Refusal::SessionNotFound),
        }
    }

    fn take_session(&mut self, id: &str, fits: impl Fn(&Session) -> bool) -> Result<Session, Refusal> {
        if !self.sessions.get(id).is_some_and(|(_, session)| fits(session)) {
            return Err(Refusal::SessionNotFound);
        }
        let session = self.sessions.remove(id).filter(|(until, _)| *until > self.now);
        session.map(|(_, session)| session).ok_or(Refusal::SessionNotFound)
    }
}

fn upgrade(body: Body) -> Reply {
    Reply { status: 101, headers: Vec::new(), body }
}

/// The origin of a websocket beside that of a request.
fn socket_origin(origin: &str) -> String {
    match origin.split_once("://") {
        Some(("https", host)) => format!("wss://{host}"),
        Some((_, host)) => format!("ws://{host}"),
        None => format!("ws://{origin}"),
    }
}

/// The container's name in the group's own spelling.
fn known(group: &ContainerGroup, container: &str) -> Result<String, Refusal> {
    let mut names = group.containers.keys();
    names.find(|name| name.eq_ignore_ascii_case(container)).cloned().ok_or_else(|| {
        let (container, group) = (container.to_owned(), group.name.clone());
        Refusal::ContainerNotFound { container, group }
    })
}
