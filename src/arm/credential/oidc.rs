//! The assertion of a job of GitHub Actions, fetched anew each time because it lives for minutes only.
//! Source: GitHub's page "OpenID Connect reference", section on the request URL and token.

use std::fmt;

use async_trait::async_trait;
use azure_core_1::Error;
use azure_core_1::error::ErrorKind;
use azure_core_1::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use serde::Deserialize;
use url::Url;

use crate::arm::wire::{Request, Wire};
use crate::model::secret::Secret;

/// The audience that Microsoft Entra ID asks for in a federated credential.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Where a job of GitHub Actions gets its assertion.
pub(super) struct GitHub {
    pub(super) wire: Wire,
    pub(super) url: Url,
    pub(super) token: Secret,
}

#[derive(Deserialize)]
struct Assertion {
    value: String,
}

#[async_trait]
impl ClientAssertion for GitHub {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core_1::Result<String> {
        let refused = |text: String| Error::with_message(ErrorKind::Credential, text);
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
        let request = Request {
            method: "GET".into(),
            url,
            headers: vec![("authorization".into(), format!("Bearer {}", self.token.expose()))],
            body: bytes::Bytes::new(),
        };
        let answer = self.wire.send(request).await.map_err(|fault| Error::new(ErrorKind::Io, fault))?;
        if !answer.is_success() {
            return Err(refused(format!("GitHub gives no assertion: {}", answer.status)));
        }
        let Assertion { value } = serde_json::from_slice(&answer.body)
            .map_err(|_| refused("GitHub's assertion cannot be read".to_owned()))?;
        Ok(value)
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitHub")
    }
}
