//! A service that answers what a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::arm::Arm;
use crate::arm::endpoint::Endpoint;
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::login::Login;
use crate::arm::memory::Memory;
use crate::arm::wire::{Answer, Request, Stream, Wire};
use crate::model::name::GroupId;
use crate::model::secret::Secret;
use crate::plan::{Action, Guard, Plan, Reason, Step, StepId, Subject};

pub(super) type Outcome = Result<(), Box<dyn std::error::Error>>;

pub(super) const ORIGIN: &str = "http://127.0.0.1:7";

/// What was asked, requests for tokens apart.
#[derive(Clone, Default)]
pub(super) struct Asked {
    requests: Arc<Mutex<Vec<Request>>>,
    tokens: Arc<Mutex<u32>>,
}

impl Asked {
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Method and address of each request.
    pub(super) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(|request| format!("{} {}", request.method, request.url)).collect()
    }

    pub(super) fn tokens(&self) -> u32 {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, request: &Request) -> Option<Answer> {
        if request.url.path().ends_with("/oauth2/v2.0/token") {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            *tokens += 1;
            let body = json!({"access_token": format!("token-{tokens}"), "expires_in": 3600});
            return Some(answer(200, &[], &body));
        }
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        None
    }
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer { status, headers, body: body.to_string().into() }
}

pub(super) fn service(
    answers: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> Result<(Arm, Asked), Fault> {
    let none = || Err(Fault::own(FaultKind::Transient, "there is no stream"));
    service_with_streams(answers, none)
}

pub(super) fn service_with_streams(
    answers: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    streams: impl Fn() -> Result<Box<dyn Stream>, Fault> + Send + Sync + 'static,
) -> Result<(Arm, Asked), Fault> {
    let asked = Asked::default();
    let noted = asked.clone();
    let send = move |request: Request| {
        let answer = noted.note(&request).unwrap_or_else(|| answers(&request));
        async move { Ok(answer) }.boxed()
    };
    let dial = move |_| {
        let stream = streams();
        async move { stream }.boxed()
    };
    let wire = Wire::Memory(Memory::new(send, dial));
    let login = Login::Local { secret: Secret::new("canary") };
    Ok((Arm::new(wire, Endpoint::new(ORIGIN, "https://audience.example/")?, login, "sub")?, asked))
}

pub(super) fn id() -> GroupId {
    GroupId { resource_group: "rg".into(), name: "g".into() }
}

/// A plan of one step, which gives the right to change something.
pub(super) fn plan() -> Result<Plan, crate::plan::Defect> {
    Plan::seal(vec![Step {
        id: StepId(0),
        subject: Subject::Group(id()),
        action: Action::StartGroup,
        needs: [].into(),
        guard: Guard::None,
        reason: Reason::new("a test"),
        changes: Vec::new(),
        impacts: Vec::new(),
    }])
}
