//! Who we are to the service, and the token that says so.
//!
//! Invariant: a token is asked for once and kept until shortly before it expires, because the credentials behind this
//! do not keep theirs and the Azure crates ask at every request. Concurrent callers wait for one and the same request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded;

use super::credential::{Chain, Settings, Source};
use super::endpoint::Endpoint;
use super::fault::{Fault, FaultKind};
use super::wire::{Request, Wire};
use crate::model::secret::Secret;

/// How long before its end a token is renewed.
const EARLY: Duration = Duration::from_secs(300);

/// The emulator takes any tenant.
const LOCAL_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// How to log in.
#[derive(Clone, Debug)]
pub enum Login {
    /// The first source that gives a token.
    Auto(Settings),
    /// This source and no other.
    Named(Source, Settings),
    /// At the local emulator.
    Local {
        /// The secret of its state folder.
        secret: Secret,
    },
}

/// A token and when it ends.
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) lifetime: Duration,
}

struct Kept {
    secret: Secret,
    renew: Instant,
}

enum From {
    Chain(Box<Chain>),
    Local(Secret),
}

/// The tokens in hand, by scope; a cheap clone.
#[derive(Clone)]
pub(super) struct Tokens {
    from: Arc<From>,
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
}

impl Tokens {
    pub(super) fn new(login: Login, wire: &Wire) -> Self {
        let from = match login {
            Login::Auto(settings) => From::Chain(Box::new(Chain::all(&settings, wire))),
            Login::Named(source, settings) => From::Chain(Box::new(Chain::only(source, &settings, wire))),
            Login::Local { secret } => From::Local(secret),
        };
        Self { from: Arc::new(from), kept: Arc::default() }
    }

    /// The token for a scope.
    pub(super) async fn get(&self, wire: &Wire, endpoint: &Endpoint) -> Result<Secret, Fault> {
        let scope = endpoint.scope();
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.get(&scope).filter(|token| Instant::now() < token.renew) {
            return Ok(token.secret.clone());
        }
        let Token { secret, lifetime } = match &*self.from {
            From::Chain(chain) => chain.token(&scope).await?,
            From::Local(secret) => local(wire, endpoint, secret).await?,
        };
        let useful = lifetime.checked_sub(EARLY).unwrap_or(lifetime / 2);
        kept.insert(scope, Kept { secret: secret.clone(), renew: Instant::now() + useful });
        Ok(secret)
    }

    /// Drops a token that the service no longer takes; a newer one stays.
    pub(super) async fn forget(&self, token: &str) {
        self.kept.lock().await.retain(|_, kept| kept.secret.expose() != token);
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

/// The client credentials grant of the OAuth 2.0 token endpoint, as Microsoft Entra ID answers it.
async fn local(wire: &Wire, endpoint: &Endpoint, secret: &Secret) -> Result<Token, Fault> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", "acitask")
        .append_pair("client_secret", secret.expose())
        .append_pair("scope", &endpoint.scope())
        .finish();
    let request = Request {
        method: "POST".into(),
        url: endpoint.own(&format!("/{LOCAL_TENANT}/oauth2/v2.0/token"))?,
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: form.into(),
    };
    let answer = wire.send(request).await?;
    if !answer.is_success() {
        let mut fault = Fault::of(&answer);
        fault.message = format!("the emulator gives no token: {}", fault.message);
        return Err(fault);
    }
    let Granted { access_token, expires_in } = serde_json::from_slice(&answer.body)
        .map_err(|_| Fault::own(FaultKind::Protocol, "the emulator's token cannot be read"))?;
    Ok(Token { secret: Secret::new(access_token), lifetime: Duration::from_secs(expires_in) })
}
