//! The emulator's own routes, from the outside.

use std::collections::BTreeMap;
use std::time::Duration;

use acitask_emulator::Recovered;
use acitask_emulator::home::Home;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::failure::Failure;
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::net::{Net, Trust};
use crate::arm::wire::{Answer, Request, Wire};
use crate::model::secret::Secret;

/// How long an emulator that lives may take to say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to the emulator of a state folder, whether it runs or not.
#[derive(Debug)]
pub(crate) struct Control {
    wire: Wire,
    url: String,
    secret: Secret,
}

/// What a running emulator says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    /// Which build it is.
    pub(crate) build: String,
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens; an emulator of an older build does not tell.
    #[serde(default)]
    pub(crate) ports: Ports,
    /// Where containers run.
    pub(crate) runtime: Runtime,
    /// What its clock shows.
    pub(crate) time: Timestamp,
    /// `real` or `explicit`; an older build does not tell and has real time.
    #[serde(default = "real")]
    pub(crate) time_mode: String,
    /// How many container groups are in each state.
    #[serde(default)]
    pub(crate) container_groups: BTreeMap<String, usize>,
    /// What is to go wrong.
    #[serde(default)]
    pub(crate) faults: FaultCount,
    /// How many requests it was sent since it started.
    #[serde(default)]
    pub(crate) requests: u64,
    /// What it found when it started.
    #[serde(default)]
    pub(crate) recovered: Recovered,
}

/// Its faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct FaultCount {
    /// How many are not used up.
    pub(crate) standing: u64,
    /// How often all together fired.
    pub(crate) fired: u64,
}

fn real() -> String {
    "real".to_owned()
}

/// Loopback ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Ports {
    /// For https.
    pub(crate) https: Option<u16>,
}

/// Where containers run, and why there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Runtime {
    /// `native` or `simulated`.
    pub(crate) name: String,
    /// Why.
    pub(crate) why: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

impl Control {
    /// The way to the emulator of a state folder.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub(crate) fn of(home: &Home) -> Result<Self, Failure> {
        let url = format!("http://127.0.0.1:{}", home.port()?);
        let secret = Secret::new(home.secret()?.reveal());
        Ok(Self { wire: Wire::Net(Net::new(Trust::Nothing)?), url, secret })
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The secret that tokens are asked with.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The wire to it.
    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What it says of itself; absent where it does not run.
    pub(crate) async fn health(&self) -> Option<Health> {
        let answer = self.call("GET", "/_emulator/health", Vec::new(), Bytes::new());
        let answer = tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()?;
        serde_json::from_slice(&answer.body).ok()
    }

    /// Reads one of its routes.
    ///
    /// # Errors
    /// It does not answer, or not well.
    pub(crate) async fn read(&self, path: &str) -> Result<Value, Failure> {
        let answer = self.call("GET", path, Vec::new(), Bytes::new()).await?;
        checked(answer)
    }

    /// Changes something.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        checked(self.answer(method, path, body).await?)
    }

    /// The same, but a refusal of what was sent is an answer as well.
    ///
    /// # Errors
    /// It does not answer, or not well.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = self.answer(method, path, body).await?;
        let refused: Option<Value> = serde_json::from_slice(&answer.body).ok();
        match refused.filter(|body| answer.status == 400 && body["error"]["details"].is_array()) {
            Some(refused) => Ok(refused),
            None => checked(answer),
        }
    }

    async fn answer(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let token = self.token().await?;
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {}", token.expose()))];
        headers.extend(body.map(|_| ("content-type".to_owned(), "application/json".to_owned())));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        Ok(self.call(method, path, headers, body).await?)
    }

    async fn token(&self) -> Result<Secret, Failure> {
        // The secret is made of hexadecimal digits, so nothing in this form needs an escape.
        let form = format!(
            "grant_type=client_credentials&client_id=acitask&client_secret={}&scope=emulator",
            self.secret.expose()
        );
        let kind = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        let answer = self.call("POST", "/common/oauth2/v2.0/token", vec![kind], form.into()).await?;
        let granted: Result<Granted, _> = serde_json::from_slice(&answer.body);
        let Ok(Granted { access_token }) = granted else {
            return Err(Failure::EmulatorRefuses("it gives no token".to_owned()));
        };
        Ok(Secret::new(access_token))
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Answer, Fault> {
        let url: Url = format!("{}{path}", self.url)
            .parse()
            .map_err(|_| Fault::own(FaultKind::Protocol, "no address of the emulator"))?;
        self.wire.send(Request { method: method.to_owned(), url, headers, body }).await
    }
}

fn checked(answer: Answer) -> Result<Value, Failure> {
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if answer.is_success() {
        return Ok(value);
    }
    let said = value.pointer("/error/message").and_then(Value::as_str).map(str::to_owned);
    Err(Failure::EmulatorRefuses(said.unwrap_or_else(|| format!("status {}", answer.status))))
}
