//! Long-running operations: what a change answers at once, and what becomes of it.
//!
//! One look is one GET; waiting between looks is the engine's. The address is the service's and stays as it came:
//! since 2024 it carries a signature. Source: azure-powershell recording Restart-AzContainerGroup.

use std::time::Duration;

use serde_json::Value;

use super::Arm;
use super::fault::{self, Fault};
use super::wire::{Answer, Request};

/// A change that the service has taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where its progress can be read; absent where the service named no such place, for the change is then done.
    pub operation: Option<String>,
    /// How long the service asks to wait before looking.
    pub retry_after: Option<Duration>,
}

/// How far an operation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its state.
    pub state: OperationState,
    /// Why it failed, where it failed and says so.
    pub error: Option<Fault>,
    /// How long the service asks to wait before looking again.
    pub retry_after: Option<Duration>,
}

/// The state of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Under way, with the service's word for it.
    Running(String),
    /// Done.
    Succeeded,
    /// Given up, with the service's word for it.
    Failed(String),
}

impl Accepted {
    /// Reads a successful answer: `Azure-AsyncOperation` first, else `Location` as the delete of a resource group has it.
    pub(super) fn read(answer: &Answer) -> Self {
        let location = answer.header("location").filter(|_| answer.status == 202);
        Self {
            operation: answer.header("azure-asyncoperation").or(location).map(str::to_owned),
            retry_after: fault::retry_after(answer),
        }
    }
}

impl Arm {
    /// Looks at an operation once.
    ///
    /// # Errors
    /// [`Protocol`](fault::FaultKind::Protocol) where the address is not the endpoint's own, else the service's fault.
    pub async fn operation(&self, address: &str) -> Result<Operation, Fault> {
        let url = self.endpoint().own(address)?;
        let token = self.token().await?;
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", token.expose()))];
        let answer =
            self.pass(Request { method: "GET".into(), url, headers, body: bytes::Bytes::new() }).await?;
        if answer.is_success() { Ok(read(&answer)) } else { Err(Fault::of(&answer)) }
    }
}

fn read(answer: &Answer) -> Operation {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let state = match body["status"].as_str() {
        Some(word) => match word.to_ascii_lowercase().as_str() {
            "succeeded" => OperationState::Succeeded,
            "failed" | "canceled" | "cancelled" => OperationState::Failed(word.to_owned()),
            _ => OperationState::Running(word.to_owned()),
        },
        None if answer.status == 202 => OperationState::Running("Accepted".into()),
        None => OperationState::Succeeded,
    };
    let error = body["error"].is_object().then(|| Fault::of_error(&body["error"], 0));
    Operation { state, error, retry_after: fault::retry_after(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_from_body_or_status() {
        let running = |word: &str| OperationState::Running(word.into());
        for (status, body, state) in [
            (200, r#"{"status":"Pending","properties":{"events":[]}}"#, running("Pending")),
            (200, r#"{"status":"Creating"}"#, running("Creating")),
            (200, r#"{"status":"succeeded"}"#, OperationState::Succeeded),
            (200, r#"{"status":"Failed"}"#, OperationState::Failed("Failed".into())),
            (202, "", running("Accepted")),
            (200, "", OperationState::Succeeded),
            (204, "", OperationState::Succeeded),
        ] {
            let answer = Answer { status, headers: Vec::new(), body: body.to_owned().into() };
            assert_eq!(read(&answer).state, state, "{status} {body}");
        }
    }

    #[test]
    fn a_failed_operation_says_why() {
        let body =
            r#"{"status":"Failed","error":{"code":"ContainerGroupQuotaReached","message":"Limit: '0'"}}"#;
        let answer = Answer { status: 200, headers: Vec::new(), body: body.into() };
        let text = read(&answer).error.map(|fault| (fault.kind, fault.to_string()));
        let told = "ContainerGroupQuotaReached: Limit: '0'".to_owned();
        assert_eq!(text, Some((fault::FaultKind::Quota, told)));
    }
}
