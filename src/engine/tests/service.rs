//! A service made of one function, and plans of single steps to carry out against it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::arm::Arm;
use crate::arm::endpoint::Endpoint;
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::login::Login;
use crate::arm::memory::Memory;
use crate::arm::wire::{Answer, Request, Stream, Wire};
use crate::clock::Clock;
use crate::engine::event::{End, EventKind};
use crate::engine::{Options, apply};
use crate::model::group::{Container, Group, OsType, ResourceRequests, Resources, RestartPolicy};
use crate::model::name::GroupId;
use crate::model::quantity::Thousandths;
use crate::model::secret::{Secret, SecretSource};
use crate::plan::{Action, Defect, Deployment, Guard, Plan, Reason, Step, StepId, Subject};

/// An answer, or the cut of a connection.
pub(super) type Reply = Result<(u16, Value), ()>;

/// What was asked: the method and the last part of the path.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// How often this was asked.
    pub(super) fn count(&self, line: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|asked| *asked == line).count()
    }
}

/// A subscription whose service answers `reply(line, n)` to the n-th request that reads `line`, such as `PUT g`.
pub(super) fn arm(
    reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
) -> Result<(Arm, Asked), Fault> {
    let asked = Asked::default();
    let notes = asked.clone();
    let send = move |request: Request| {
        let path = request.url.path().to_owned();
        let line = format!("{} {}", request.method, path.rsplit('/').next().unwrap_or_default());
        let answer = if path.ends_with("/token") {
            Ok((200, json!({"access_token": "t", "expires_in": 3600})))
        } else {
            notes.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            reply(&line, notes.count(&line))
        };
        let cut = || Fault::own(FaultKind::Transient, "the connection was cut");
        let answer = answer.map_err(|()| cut()).map(|(status, body)| Answer {
            status,
            headers: Vec::new(),
            body: body.to_string().into(),
        });
        futures::future::ready(answer).boxed()
    };
    let refuse = || Err::<Box<dyn Stream>, _>(Fault::own(FaultKind::Transient, "nobody is there"));
    let dial = move |_| futures::future::ready(refuse()).boxed();
    let login = Login::Local { secret: Secret::new("s") };
    let endpoint = Endpoint::new("http://127.0.0.1:7", "local")?;
    Ok((Arm::new(Wire::Memory(Memory::new(send, dial)), endpoint, login, "sub")?, asked))
}

pub(super) fn id() -> GroupId {
    GroupId { resource_group: "rg".into(), name: "g".into() }
}

pub(super) fn deployment() -> Deployment {
    let requests =
        ResourceRequests { cpu: Thousandths::new(1000), memory_in_gb: Thousandths::new(1000), gpu: None };
    let job: Container<SecretSource> = Container {
        name: "job".into(),
        image: "i:1".into(),
        command: Vec::new(),
        environment_variables: Vec::new(),
        ports: Vec::new(),
        resources: Resources { requests, limits: None },
        ..Default::default()
    };
    let group = Group {
        os_type: OsType::Linux,
        restart_policy: RestartPolicy::Never,
        containers: vec![job],
        ..Default::default()
    };
    Deployment { location: "eastus".into(), tags: [("acitask-owner".into(), "p".into())].into(), group }
}

/// The group as the service shows it once [`deployment`] was sent; `state` is that of its container.
pub(super) fn seen(state: Value) -> Value {
    json!({
        "id": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/g",
        "name": "g", "location": "eastus", "tags": {"acitask-owner": "p"},
        "properties": {
            "provisioningState": "Succeeded", "osType": "Linux", "restartPolicy": "Never",
            "containers": [{"name": "job", "properties": {
                "image": "i:1", "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
                "instanceView": {"restartCount": 0, "currentState": state},
            }}],
            "instanceView": {"state": "Running"},
        },
    })
}

/// Carries out a plan of these steps, each after the one before, and tells how they ended.
pub(super) async fn carry_out(arm: &Arm, steps: Vec<(Subject, Action, Guard)>) -> Result<Vec<End>, Defect> {
    let step = |(place, (subject, action, guard)): (usize, (Subject, Action, Guard))| Step {
        id: StepId(place),
        subject,
        action,
        needs: place.checked_sub(1).map(StepId).into_iter().collect::<BTreeSet<_>>(),
        guard,
        reason: Reason::new(""),
        changes: Vec::new(),
        impacts: Vec::new(),
    };
    let plan = Plan::seal(steps.into_iter().enumerate().map(step).collect())?;
    let clock = Clock::fixed(jiff::Timestamp::UNIX_EPOCH, 1);
    let options = Options {
        parallelism: 4,
        clock,
        spacing: Duration::from_secs(10),
        archive: None,
        source: None,
        claim: None,
        rates: None,
    };
    let (events, mut told) = mpsc::unbounded_channel();
    drop(apply(&plan, arm, &options, events, CancellationToken::new()).await);
    let mut ends = Vec::new();
    while let Ok(event) = told.try_recv() {
        if let EventKind::StepEnded { end, .. } = event.kind {
            ends.push(end);
        }
    }
    Ok(ends)
}
