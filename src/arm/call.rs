//! One call of an Azure crate: its transport and its credential in one value.
//!
//! The crates lose headers and bodies of errors, drop what they do not model, and would put a token into any address
//! that a page names. So a client is made for each call over a transport of ours, which sends the body that we made,
//! keeps the answers as they came, and hands list calls hollow pages while it keeps the real one until it is asked for.
//! One call is one request, one a page for lists.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use azure_core::auth::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::headers::Headers;
use azure_core::{Body, ClientOptions, HttpClient, RetryOptions, StatusCode, TransportOptions};
use azure_mgmt_containerinstance::package_preview_2024_05 as aci;
use azure_mgmt_resources::package_resources_2021_04 as resources;
use bytes::Bytes;
use serde_json::json;
use url::Url;

use super::Arm;
use super::fault::{Fault, FaultKind};
use super::list::Page;
use super::wire::{Answer, Request};

/// The version of resource groups, generic resources and tags.
const RESOURCES: &str = "2021-04-01";

/// The transport and the credential of one call.
pub(super) struct Call {
    arm: Arm,
    body: Option<Bytes>,
    hollow: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    answers: Vec<Answer>,
    fault: Option<Fault>,
    listed: Page,
}

impl Call {
    /// A call whose body is what the Azure crate makes of its arguments.
    pub(super) fn new(arm: &Arm) -> Arc<Self> {
        Self::of(arm, None, false)
    }

    /// A call that sends our body in the place of the Azure crate's.
    pub(super) fn with_body(arm: &Arm, body: Bytes) -> Arc<Self> {
        Self::of(arm, Some(body), false)
    }

    /// A call for a list: the Azure crate is shown that its pages are empty.
    pub(super) fn for_list(arm: &Arm) -> Arc<Self> {
        Self::of(arm, None, true)
    }

    fn of(arm: &Arm, body: Option<Bytes>, hollow: bool) -> Arc<Self> {
        Arc::new(Self { arm: arm.clone(), body, hollow, seen: Mutex::default() })
    }

    /// A client of Container Instances for this call alone.
    pub(super) fn aci(self: &Arc<Self>) -> aci::Client {
        aci::Client::new(
            self.pinned(self.arm.endpoint().groups_version()),
            self.clone(),
            self.scopes(),
            self.options(),
        )
    }

    /// A client of resource groups, resources and tags for this call alone.
    pub(super) fn resources(self: &Arc<Self>) -> resources::Client {
        resources::Client::new(self.pinned(RESOURCES), self.clone(), self.scopes(), self.options())
    }

    /// A client that writes container groups as generic resources, for this call alone.
    pub(super) fn generic(self: &Arc<Self>) -> resources::resources::Client {
        resources::Client::new(
            self.pinned(self.arm.endpoint().groups_version()),
            self.clone(),
            self.scopes(),
            self.options(),
        )
        .resources_client()
    }

    /// The crates keep a version that stands in the endpoint's query already.
    fn pinned(&self, version: &str) -> Url {
        let mut url = self.arm.endpoint().url().clone();
        url.query_pairs_mut().append_pair("api-version", version);
        url
    }

    fn scopes(&self) -> Vec<String> {
        vec![self.arm.endpoint().scope()]
    }

    /// Retries are the engine's, where they are paced and can be seen.
    fn options(self: &Arc<Self>) -> ClientOptions {
        ClientOptions::new(TransportOptions::new(self.clone())).retry(RetryOptions::none())
    }

    /// The answer of a call that is over, whatever the Azure crate made of it.
    pub(super) fn answer<T>(&self, outcome: azure_core::Result<T>) -> Result<Answer, Fault> {
        let mut seen = self.seen();
        if let Some(fault) = seen.fault.take() {
            return Err(fault);
        }
        match (seen.answers.pop(), outcome) {
            (Some(answer), _) if answer.is_success() => Ok(answer),
            (Some(answer), _) => Err(Fault::of(&answer)),
            (None, Err(error)) => Err(Fault::own(FaultKind::Protocol, error)),
            (None, Ok(_)) => Err(Fault::own(FaultKind::Protocol, "nothing was sent")),
        }
    }

    /// The items of the page that came last, which are not kept any longer.
    pub(super) fn listed(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.seen().listed.items)
    }

    /// How a list ended, whatever the Azure crate made of it.
    pub(super) fn over(&self) -> Result<(), Fault> {
        let mut seen = self.seen();
        if let Some(fault) = seen.fault.take() {
            return Err(fault);
        }
        match seen.answers.iter().find(|answer| !answer.is_success()) {
            Some(answer) => Err(Fault::of(answer)),
            None => Ok(()),
        }
    }

    async fn exchange(&self, request: &azure_core::Request) -> Result<Answer, Fault> {
        let next = self.seen().listed.next.take();
        // The crates rebuild a next link and add a version to it; it is the service's and goes back as it came.
        let url = match next {
            Some(address) => self.arm.endpoint().own(&address)?,
            None => request.url().clone(),
        };
        let body = match (&self.body, request.body()) {
            (Some(body), _) | (None, Body::Bytes(body)) => body.clone(),
            (None, Body::SeekableStream(_)) => {
                return Err(Fault::own(FaultKind::Protocol, "a body that is a stream is not sent"));
            }
        };
        let headers = request.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            .collect();
        let method = request.method().as_ref().to_owned();
        let answer = self.arm.pass(Request { method, url, headers, body }).await?;
        if !(self.hollow && answer.is_success()) {
            return Ok(answer);
        }
        let page = Page::read(&answer.body)?;
        // The real link is ours to follow; any address tells the crate that there is one.
        let shown = json!({"value": [], "nextLink": page.next.as_ref().map(|_| "/next")});
        self.seen().listed = page;
        Ok(Answer { body: shown.to_string().into(), ..answer })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_up(&self, fault: Fault, kind: ErrorKind) -> azure_core::Error {
        let text = fault.to_string();
        self.seen().fault = Some(fault);
        azure_core::Error::message(kind, text)
    }
}

#[async_trait]
impl HttpClient for Call {
    async fn execute_request(
        &self,
        request: &azure_core::Request,
    ) -> azure_core::Result<azure_core::Response> {
        let answer = self.exchange(request).await.map_err(|fault| self.give_up(fault, ErrorKind::Io))?;
        let status = StatusCode::try_from(answer.status).map_err(|_| {
            let text = format!("the service answered {}", answer.status);
            self.give_up(Fault::own(FaultKind::Protocol, text), ErrorKind::DataConversion)
        })?;
        let body = answer.body.clone();
        self.seen().answers.push(answer);
        let stream = futures::stream::once(async move { Ok(body) });
        // What the headers say is read from the answer itself.
        Ok(azure_core::Response::new(status, Headers::new(), Box::pin(stream)))
    }
}

#[async_trait]
impl TokenCredential for Call {
    async fn get_token(&self, _: &[&str]) -> azure_core::Result<AccessToken> {
        let token = self.arm.token().await.map_err(|fault| self.give_up(fault, ErrorKind::Credential))?;
        // The cache behind `token` knows when it expires; the crate asks again for each request and does not look.
        Ok(AccessToken::new(token.expose().to_owned(), time::OffsetDateTime::UNIX_EPOCH))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}
