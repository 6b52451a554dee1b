//! What reaches into a container: its log, and exec.
//!
//! Limits of logs as "Resource availability and quota limits" gives them: 4 MB of a running container, 16 KB or 1,000
//! lines of one that was stopped or has ended. An exec is a POST for an address and a password, then a websocket
//! that takes the session once (azure-cli, test_container_exec). A POST for a container that ended by itself is
//! answered, as it was recorded: the socket then tells the failure.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::World;
use super::container_group::{ContainerGroup, Phase, Provisioning};
use super::path::ResourceName;
use super::refusal::Refusal;
use super::{body, reply};
use crate::contract::{Body, ExecSession, LogQuery, Reply, Request};

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
        let sandbox = group.sandbox;
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
        let host = match request.origin.split_once("://") {
            Some(("https", host)) => format!("wss://{host}"),
            Some((_, host)) => format!("ws://{host}"),
            None => format!("ws://{}", request.origin),
        };
        let uri = format!("{host}/execstream/sessionId/{id}?api-version=1.0&rows={rows}&cols={cols}");
        let answer = reply::json(200, json!({"webSocketUri": uri, "password": password}));
        let session = ExecSession { password, sandbox, container, argv, rows, cols };
        let now = self.now;
        self.sessions.retain(|_, (until, _)| *until > now);
        self.sessions.insert(id, (now + SESSION, session));
        Ok(answer)
    }

    /// The websocket of an exec; a session can be taken once, and not for ever.
    pub(crate) fn exec_stream(&mut self, id: &str) -> Result<Reply, Refusal> {
        let session = self.sessions.remove(id).filter(|(until, _)| *until > self.now);
        let (_, session) = session.ok_or(Refusal::SessionNotFound)?;
        Ok(Reply { status: 101, headers: Vec::new(), body: Body::Socket(session) })
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
