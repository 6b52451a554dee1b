//! The sources of tokens in their order.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use azure_core_1::credentials::TokenCredential;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};

use super::oidc::GitHub;
use super::{Settings, Source, transport};
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::login::Token;
use crate::arm::wire::Wire;
use crate::model::secret::Secret;

/// A machine without a managed identity does not answer at all, which must not hold up the sources after it.
const PROBE: Duration = Duration::from_secs(2);
/// The command line tools start a Python and may refresh a login.
const PATIENCE: Duration = Duration::from_secs(60);

type Credential = Arc<dyn TokenCredential>;

/// A source that cannot be used, and why.
type Unusable = String;

/// The sources of tokens in their order.
pub(in crate::arm) struct Chain {
    sources: Vec<Source>,
    settings: Settings,
    wire: Wire,
    chosen: OnceLock<usize>,
    probing: bool,
}

impl Chain {
    /// Every source.
    pub(in crate::arm) fn all(settings: &Settings, wire: &Wire) -> Self {
        Self::of(&Source::ALL, settings, wire)
    }

    /// One source.
    pub(in crate::arm) fn only(source: Source, settings: &Settings, wire: &Wire) -> Self {
        Self::of(&[source], settings, wire)
    }

    fn of(sources: &[Source], settings: &Settings, wire: &Wire) -> Self {
        let (settings, wire) = (settings.clone(), wire.clone());
        Self {
            sources: sources.to_vec(),
            settings,
            wire,
            chosen: OnceLock::new(),
            probing: sources.len() > 1,
        }
    }

    /// A new token of the source that gave one before, else of the first that gives one.
    ///
    /// Each is asked of a credential of its own, because those of the identity crate keep a token for as long as the
    /// machine's clock says that it lives.
    ///
    /// # Errors
    /// [`Denied`](FaultKind::Denied), with what each source said.
    pub(in crate::arm) async fn token(&self, scope: &str) -> Result<Token, Fault> {
        let mut said = Vec::new();
        for (place, source) in self.sources.iter().enumerate() {
            if self.chosen.get().is_some_and(|chosen| *chosen != place) {
                continue;
            }
            let given = match credential(*source, &self.settings, &self.wire) {
                Ok(credential) => ask(&*credential, scope, self.patience(*source)).await,
                Err(unusable) => Err(unusable),
            };
            match given {
                Ok(token) => {
                    self.chosen.get_or_init(|| place);
                    tracing::debug!(%source, "logged in");
                    return Ok(token);
                }
                Err(reason) => said.push(format!("{source}: {reason}")),
            }
        }
        let mut fault = Fault::own(FaultKind::Denied, format!("no login gives a token; {}", said.join("; ")));
        fault.code = "NoLogin".into();
        Err(fault)
    }

    fn patience(&self, source: Source) -> Duration {
        if self.probing && source == Source::ManagedIdentity { PROBE } else { PATIENCE }
    }
}

async fn ask(credential: &dyn TokenCredential, scope: &str, patience: Duration) -> Result<Token, String> {
    let scopes = [scope];
    let asked = tokio::time::timeout(patience, credential.get_token(&scopes, None)).await;
    let token = asked.map_err(|_| "no answer".to_owned())?.map_err(|error| first_line(&error))?;
    let lifetime = token.expires_on - time::OffsetDateTime::now_utc();
    Ok(Token {
        secret: Secret::new(token.token.secret().to_owned()),
        lifetime: lifetime.try_into().unwrap_or(Duration::ZERO),
    })
}

/// The identity crate puts whole answers and a link into its texts; their first line says what is wrong.
fn first_line(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}

fn credential(source: Source, settings: &Settings, wire: &Wire) -> Result<Credential, Unusable> {
    let options = transport::options(settings, wire);
    let made: azure_core_1::Result<Credential> = match source {
        Source::ServicePrincipal => {
            let (tenant, client) = identity(settings)?;
            let secret = settings.client_secret.as_ref().ok_or("AZURE_CLIENT_SECRET is not set")?;
            let secret = azure_core_1::credentials::Secret::new(secret.expose().to_owned());
            let options = ClientSecretCredentialOptions { client_options: options };
            ClientSecretCredential::new(tenant, client.to_owned(), secret, Some(options))
                .map(|made| made as _)
        }
        Source::WorkloadIdentity => return workload(settings, wire),
        Source::ManagedIdentity => {
            let options = ManagedIdentityCredentialOptions {
                user_assigned_id: settings.client.clone().map(UserAssignedId::ClientId),
                client_options: options,
            };
            ManagedIdentityCredential::new(Some(options)).map(|made| made as _)
        }
        Source::AzureCli => AzureCliCredential::new(Some(AzureCliCredentialOptions {
            subscription: settings.subscription.clone(),
            tenant_id: settings.tenant.clone(),
            executor: None,
        }))
        .map(|made| made as _),
        Source::AzureDeveloperCli => {
            AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
                tenant_id: settings.tenant.clone(),
                executor: None,
            }))
            .map(|made| made as _)
        }
    };
    made.map_err(|error| first_line(&error))
}

fn workload(settings: &Settings, wire: &Wire) -> Result<Credential, Unusable> {
    let (tenant, client) = identity(settings)?;
    let options = ClientAssertionCredentialOptions { client_options: transport::options(settings, wire) };
    if let (Some(url), Some(token)) = (&settings.github_url, &settings.github_token) {
        let url = url.parse().map_err(|_| "ACTIONS_ID_TOKEN_REQUEST_URL is no URL")?;
        let assertion = GitHub { wire: wire.clone(), url, token: token.clone() };
        return ClientAssertionCredential::new(
            tenant.to_owned(),
            client.to_owned(),
            assertion,
            Some(options),
        )
        .map(|made| made as _)
        .map_err(|error| first_line(&error));
    }
    let file = settings.token_file.clone().ok_or("AZURE_FEDERATED_TOKEN_FILE is not set")?;
    WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
        credential_options: options,
        client_id: Some(client.to_owned()),
        tenant_id: Some(tenant.to_owned()),
        token_file_path: Some(file),
    }))
    .map(|made| made as _)
    .map_err(|error| first_line(&error))
}

fn identity(settings: &Settings) -> Result<(&str, &str), Unusable> {
    let tenant = settings.tenant.as_deref().ok_or("AZURE_TENANT_ID is not set")?;
    let client = settings.client.as_deref().ok_or("AZURE_CLIENT_ID is not set")?;
    Ok((tenant, client))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::arm::memory::Memory;
    use crate::arm::wire::Answer;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// A wire on which every token endpoint answers alike.
    fn wire(status: u16, body: &'static str) -> Wire {
        let send = move |_| {
            let answer =
                Answer { status, headers: Vec::new(), body: bytes::Bytes::from_static(body.as_bytes()) };
            async move { Ok(answer) }.boxed()
        };
        let dial = |_| async { Err(Fault::own(FaultKind::Transient, "there is no stream")) }.boxed();
        Wire::Memory(Memory::new(send, dial))
    }

    fn settings() -> Settings {
        Settings::read(|name| {
            let value = match name {
                "AZURE_TENANT_ID" | "AZURE_CLIENT_ID" => "11111111-1111-1111-1111-111111111111",
                "AZURE_CLIENT_SECRET" | "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => "canary",
                "ACTIONS_ID_TOKEN_REQUEST_URL" => "https://github.example/token?run=1",
                _ => return None,
            };
            Some(value.to_owned())
        })
    }

    #[test]
    fn every_credential_can_be_built() -> Outcome {
        for source in Source::ALL {
            let made = credential(source, &settings(), &wire(200, "{}"));
            assert_eq!(made.err(), None, "{source}");
        }
        let file = tempfile::NamedTempFile::new()?;
        let federated = Settings { github_url: None, token_file: Some(file.path().into()), ..settings() };
        assert!(credential(Source::WorkloadIdentity, &federated, &wire(200, "{}")).is_ok());
        Ok(())
    }

    #[tokio::test]
    async fn a_service_principal_gets_a_token() -> Outcome {
        let granted = r#"{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"T"}"#;
        let chain = Chain::only(Source::ServicePrincipal, &settings(), &wire(200, granted));
        let token = chain.token("https://management.azure.com/.default").await?;
        assert_eq!(token.secret.expose(), "T");
        assert!(token.lifetime > Duration::from_secs(3_500));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn githubs_assertion_is_fetched_anew_for_each_token() -> Outcome {
        // What was asked: GitHub for the n-th assertion, and Entra ID for a token with it.
        let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
        let notes = asked.clone();
        let send = move |request: crate::arm::wire::Request| {
            let mut asked = notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let number = asked.len() / 2 + 1;
            let body = if request.url.host_str() == Some("github.example") {
                asked.push(format!("GET {}", request.url));
                format!(r#"{{"value":"assertion-{number}"}}"#)
            } else {
                let form = String::from_utf8_lossy(&request.body).into_owned();
                let assertion = form.split('&').find(|field| field.starts_with("client_assertion="));
                asked.push(assertion.unwrap_or_default().to_owned());
                format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"token-{number}"}}"#)
            };
            async move { Ok(Answer { status: 200, headers: Vec::new(), body: body.into() }) }.boxed()
        };
        let dial = |_| async { Err(Fault::own(FaultKind::Transient, "there is no stream")) }.boxed();
        let wire = Wire::Memory(Memory::new(send, dial));
        let endpoint = crate::arm::endpoint::Endpoint::new(
            "https://management.azure.com",
            "https://management.azure.com",
        )?;
        let login = crate::arm::login::Login::Named(Source::WorkloadIdentity, settings());
        let tokens = crate::arm::login::Tokens::new(login, &wire);
        // An apply that waits for two hours.
        for (minutes, token) in
            [(0, "token-1"), (50, "token-1"), (10, "token-2"), (50, "token-2"), (10, "token-3")]
        {
            tokio::time::advance(Duration::from_secs(minutes * 60)).await;
            assert_eq!(tokens.get(&wire, &endpoint).await?.expose(), token, "after {minutes} more minutes");
        }
        let asked = asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let wanted: Vec<String> = (1..=3)
            .flat_map(|number| {
                let github =
                    "GET https://github.example/token?run=1&audience=api%3A%2F%2FAzureADTokenExchange";
                [github.to_owned(), format!("client_assertion=assertion-{number}")]
            })
            .collect();
        assert_eq!(*asked, wanted);
        Ok(())
    }

    #[tokio::test]
    async fn a_chain_that_fails_says_what_each_source_said() -> Outcome {
        let denied = r#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#;
        let chain =
            Chain::of(&[Source::ServicePrincipal, Source::WorkloadIdentity], &settings(), &wire(401, denied));
        let fault = chain.token("scope").await.err().ok_or("it logged in")?;
        let text = fault.to_string();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Denied, "NoLogin"));
        assert!(text.contains("service-principal: ") && text.contains("workload-identity: "), "{text}");
        assert!(!text.contains("canary"), "{text}");
        let bare = Chain::only(Source::ServicePrincipal, &Settings::default(), &wire(200, ""));
        let text = bare.token("scope").await.err().map(|fault| fault.to_string());
        assert!(text.is_some_and(|text| text.contains("AZURE_TENANT_ID is not set")));
        Ok(())
    }
}
