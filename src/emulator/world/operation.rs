//! Operations: what a client polls after 201 and 202.
//!
//! The URL, the missing `Retry-After` and the body are as recorded (azure-cli test_container_exec; azure-powershell
//! New-AzContainerGroup); its api-version is 2018-06-01 whatever the request's was.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::container_group::{ContainerGroup, Provisioning};
use super::refusal::Refusal;
use super::shelf::Shelved;
use super::{reply, view};
use crate::contract::{Reply, Request};

/// How long an ended operation can still be asked for.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// An operation on one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// The key of what it works on.
    target: String,
    /// The id of what it works on.
    id: String,
    started: Timestamp,
    /// The version of the request that began it: its own URL always says 2018-06-01.
    #[serde(default = "newest")]
    version: String,
    outcome: Outcome,
}

fn newest() -> String {
    "2025-09-01".to_owned()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Outcome {
    /// Under way, as long as the container group is.
    Open,
    /// Ends at this time whatever happens.
    Until(Timestamp),
    /// Ended.
    Ended {
        at: Timestamp,
        status: Status,
        events: Vec<Value>,
        #[serde(default)]
        init_failed: bool,
        /// Code and message, where they are not those of a time-out.
        #[serde(default)]
        error: Option<(String, String)>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    Succeeded,
    Failed,
    Canceled,
}

/// It is due when it need not be kept any longer; what is open is marked with its target.
impl Shelved for Operation {
    type Mark = String;

    fn due(&self) -> Option<Timestamp> {
        match &self.outcome {
            Outcome::Open => None,
            Outcome::Until(at) | Outcome::Ended { at, .. } => at.checked_add(KEPT).ok(),
        }
    }

    fn marks(&self) -> Vec<String> {
        if self.outcome == Outcome::Open { vec![self.target.clone()] } else { Vec::new() }
    }
}

/// A time as operations show it, in ticks of 100 ns.
fn ticks(at: Timestamp) -> Timestamp {
    let tick = TimestampRound::new().smallest(Unit::Nanosecond).increment(100).mode(RoundMode::Trunc);
    at.round(tick).unwrap_or(at)
}

impl World {
    /// Begins an operation on a container group.
    pub(crate) fn begin_operation(&mut self, target: &str, id: &str, version: &str) -> String {
        self.new_operation(target, id, version.to_owned(), Outcome::Open)
    }

    /// Begins the operation of a resource group's deletion.
    pub(crate) fn begin_deletion(&mut self, target: &str, ends: Timestamp) -> String {
        self.new_operation(target, target, newest(), Outcome::Until(ends))
    }

    fn new_operation(&mut self, target: &str, id: &str, version: String, outcome: Outcome) -> String {
        let now = self.now;
        for key in self.operations.due_by(now) {
            self.operations.remove(&key);
        }
        let (target, id, started) = (target.to_owned(), id.to_owned(), now);
        let key = self.ids.guid();
        self.operations.insert(key.clone(), Operation { target, id, started, version, outcome });
        key
    }

    /// Ends the open operations of a container group whose provisioning has ended, or that is gone.
    pub(crate) fn settle(&mut self, target: &str) {
        let open: Vec<String> = self.operations.marked(&target.to_owned()).into_iter().cloned().collect();
        if open.is_empty() {
            return;
        }
        let group = self.container_groups.get(target);
        let status = match group.map(|group| group.provisioning) {
            Some(Provisioning::Succeeded) => Status::Succeeded,
            Some(Provisioning::Failed) => Status::Failed,
            Some(_) => return,
            None => Status::Canceled,
        };
        let init_failed = group.is_some_and(ContainerGroup::init_failed);
        let at = self.now;
        for key in open {
            if let Some(operation) = self.operations.get_mut(&key) {
                let events = group.map(|group| view::all_events(group, &operation.version));
                let events = events.unwrap_or_default();
                operation.outcome = Outcome::Ended { at, status, events, init_failed, error: None };
            }
        }
    }

    /// The key of what an operation works on.
    pub(crate) fn target_of(&self, key: &str) -> Option<String> {
        self.operations.get(key).map(|operation| operation.target.clone())
    }

    /// Ends an operation with this error, or puts its end off until a time.
    pub(crate) fn put_off(&mut self, key: &str, error: Option<(String, String)>, until: Timestamp) {
        let at = self.now;
        if let Some(operation) = self.operations.get_mut(key) {
            operation.outcome = match error {
                None => Outcome::Until(until),
                error => {
                    let (status, events) = (Status::Failed, Vec::new());
                    Outcome::Ended { at, status, events, init_failed: false, error }
                }
            };
        }
    }

    /// The body that pollers of `Azure-AsyncOperation` read.
    pub(crate) fn get_operation(&self, key: &str) -> Result<Reply, Refusal> {
        let Operation { target, id, started, version, outcome } = self.operation(key)?;
        let (status, events) = match outcome {
            Outcome::Open => {
                let group = self.container_groups.get(target);
                // While a restart is under way what happened before shows (azure-sdk-for-net,
                // ContainerGroupsStartRestartStopTest); while a deployment is, nothing does.
                let updating = group.filter(|group| group.provisioning == Provisioning::Updating);
                let events = updating.map(|group| view::all_events(group, version)).unwrap_or_default();
                (json!(group.map(|group| group.provisioning)), events)
            }
            Outcome::Until(at) if *at > self.now => (json!("Deleting"), Vec::new()),
            Outcome::Until(_) => (json!(Status::Succeeded), Vec::new()),
            Outcome::Ended { status, events, .. } => (json!(status), events.clone()),
        };
        let mut body = json!({
            "id": id, "status": status, "startTime": ticks(*started), "properties": {"events": events},
        });
        if status == json!(Status::Failed) {
            // No public source shows the codes of an init container and a time-out.
            let (code, message) = match outcome {
                Outcome::Ended { error: Some((code, message)), .. } => (code.as_str(), message.as_str()),
                Outcome::Ended { init_failed: true, .. } => {
                    ("InitContainerFailed", "An init container of the container group failed.")
                }
                _ => (
                    "ContainerGroupProvisioningTimeout",
                    "The container group did not start within its provisioning timeout.",
                ),
            };
            body["error"] = json!({"code": code, "message": message});
        }
        Ok(reply::json(200, body))
    }

    /// What pollers of `Location` read: 202 while it lasts, for a resource group with the place to look again
    /// (azure-powershell, TestContainerInstanceLog).
    pub(crate) fn get_operation_result(&self, key: &str, request: &Request) -> Result<Reply, Refusal> {
        let operation = self.operation(key)?;
        let again = || {
            let version = request.query.get("api-version").map_or("2018-05-01", String::as_str);
            let place = format!("{}{}?api-version={version}", request.origin, request.path);
            reply::with(reply::with(reply::empty(202), "Location", place), "Retry-After", "15")
        };
        Ok(match operation.outcome {
            Outcome::Open => reply::empty(202),
            Outcome::Until(at) if at > self.now => again(),
            Outcome::Until(_) => reply::empty(200),
            Outcome::Ended { .. } => reply::empty(204),
        })
    }

    fn operation(&self, key: &str) -> Result<&Operation, Refusal> {
        self.operations.get(key).ok_or_else(|| Refusal::OperationNotFound(key.to_owned()))
    }
}
