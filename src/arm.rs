//! The only code that knows Azure: reads and changes over the wire, in the words of the model.
//!
//! Invariants: no name of an Azure crate leaves this module; one call of ours is one request (a list: one a page);
//! nothing is retried here; every change carries a [`Warrant`](crate::plan::Warrant). The exceptions are the exec of
//! a command and the listening to a container, which change nothing that a plan knows of.

pub mod act;
pub mod attach;
mod body;
mod call;
pub mod credential;
pub mod endpoint;
pub mod exec;
pub mod fault;
mod levels;
mod list;
pub mod login;
pub mod memory;
pub mod net;
pub mod operation;
mod path;
mod read;
mod see;
mod usage;
pub mod wire;

pub use self::body::shown;
pub use self::read::{exported, unknown};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use endpoint::Endpoint;
use exec::Way;
use fault::Fault;
use login::{Login, Tokens};
use wire::{Answer, Request, Wire};

use crate::model::name::{GroupId, Name};
use crate::model::secret::Secret;

/// A subscription of Azure, or of the emulator; a cheap clone.
#[derive(Clone, Debug)]
pub struct Arm {
    door: Arc<Door>,
}

/// How many more changes the service allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Remaining {
    /// In five minutes.
    pub five_minutes: Option<u64>,
    /// In an hour.
    pub hour: Option<u64>,
}

#[derive(Debug)]
struct Door {
    wire: Wire,
    endpoint: Endpoint,
    tokens: Tokens,
    subscription: String,
    /// How many more changes the service said to allow, by method.
    remaining: Mutex<BTreeMap<String, Remaining>>,
    /// The time that the service last told.
    date: Mutex<Option<Timestamp>>,
    /// How commands were carried in the containers that were spoken to, so that the other ways are not tried again.
    ways: Mutex<BTreeMap<(GroupId, Name), Way>>,
}

impl Arm {
    /// A subscription behind an endpoint.
    ///
    /// # Errors
    /// [`Refused`](fault::FaultKind::Refused) where the subscription cannot be in a path.
    pub fn new(
        wire: Wire,
        endpoint: Endpoint,
        login: Login,
        subscription: impl Into<String>,
    ) -> Result<Self, Fault> {
        let subscription = subscription.into();
        path::segment(&subscription)?;
        let tokens = Tokens::new(login, &wire);
        Ok(Self {
            door: Arc::new(Door {
                wire,
                endpoint,
                tokens,
                subscription,
                remaining: Mutex::default(),
                date: Mutex::default(),
                ways: Mutex::default(),
            }),
        })
    }

    /// The subscription's id.
    pub fn subscription(&self) -> &str {
        &self.door.subscription
    }

    /// Where the service answers.
    pub fn endpoint(&self) -> &Endpoint {
        &self.door.endpoint
    }

    /// How many requests were sent, those for tokens included.
    pub fn calls(&self) -> u64 {
        self.door.wire.calls()
    }

    /// How many more changes by this method the service last said to allow in the region that it was asked about.
    pub fn remaining(&self, method: &str) -> Remaining {
        let remaining = self.door.remaining.lock().unwrap_or_else(PoisonError::into_inner);
        remaining.get(method).copied().unwrap_or_default()
    }

    /// The time by the service's clock, as far as an answer has told it.
    pub fn service_time(&self) -> Option<Timestamp> {
        *self.door.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self) -> Result<Secret, Fault> {
        self.door.tokens.get(&self.door.wire, &self.door.endpoint).await
    }

    /// Sends a request that carries a token; the address must be the endpoint's own.
    async fn pass(&self, request: Request) -> Result<Answer, Fault> {
        self.door.endpoint.check(&request.url)?;
        let method = request.method.clone();
        let answer = self.send(request).await?;
        let left = |window: &str| {
            let name = format!("x-ms-ratelimit-remaining-subscription-resource-requests-{window}");
            answer.header(&name)?.trim().parse().ok()
        };
        let remaining = Remaining { five_minutes: left("pt5m"), hour: left("pt1h") };
        if remaining != Remaining::default() {
            self.door.remaining.lock().unwrap_or_else(PoisonError::into_inner).insert(method, remaining);
        }
        if let Some(date) = answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            *self.door.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date.timestamp());
        }
        Ok(answer)
    }

    /// Sends a request, and once more with a new token where the service takes the one that it carries no longer: nothing
    /// was carried out then. How long a token lives is told by clocks, which may be wrong, and by whoever revokes it.
    async fn send(&self, mut request: Request) -> Result<Answer, Fault> {
        let answer = self.door.wire.send(request.clone()).await?;
        let Some(token) = refused(&answer, &request) else { return Ok(answer) };
        self.door.tokens.forget(&token).await;
        let newer = match self.token().await {
            Ok(newer) if newer.expose() != token => format!("Bearer {}", newer.expose()),
            // What the service said is worth more than that there is no other token.
            Ok(_) | Err(_) => return Ok(answer),
        };
        for (name, value) in &mut request.headers {
            if name.eq_ignore_ascii_case(AUTHORIZATION) {
                value.clone_from(&newer);
            }
        }
        let answer = self.door.wire.send(request.clone()).await?;
        if let Some(token) = refused(&answer, &request) {
            self.door.tokens.forget(&token).await;
        }
        Ok(answer)
    }

    fn wire(&self) -> &Wire {
        &self.door.wire
    }

    fn known_way(&self, id: &GroupId, container: &str) -> Option<Way> {
        let ways = self.door.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.get(&(id.clone(), Name::from(container))).copied()
    }

    fn remember_way(&self, id: &GroupId, container: &str, way: Way) {
        let mut ways = self.door.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.insert((id.clone(), Name::from(container)), way);
    }
}

const AUTHORIZATION: &str = "authorization";

/// The token that a request carried and the service does not take.
fn refused(answer: &Answer, request: &Request) -> Option<String> {
    let carried = || request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION));
    let token = || Some(carried()?.1.strip_prefix("Bearer ")?.to_owned());
    if answer.status == 401 { token() } else { None }
}

#[cfg(test)]
mod tests;
