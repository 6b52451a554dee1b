//! The wire as the transport of the identity crate, which panics without one.
//!
//! The rules for calls of Azure Resource Manager do not bind it: a managed identity answers on plain link-local http.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core_1::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core_1::error::ErrorKind;
use azure_core_1::http::headers::Headers;
use azure_core_1::http::{AsyncRawResponse, Body, ClientOptions, HttpClient, RetryOptions, Transport};
use azure_core_1::{Error, Result};

use super::Settings;
use crate::arm::wire::{Request, Wire};

/// The options that every credential is built with: our wire, no retries, the authority of the settings.
pub(super) fn options(settings: &Settings, wire: &Wire) -> ClientOptions {
    let authority = settings.authority.as_deref().unwrap_or("https://login.microsoftonline.com");
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = authority.trim_end_matches('/').to_owned();
    ClientOptions {
        transport: Some(Transport::new(Arc::new(wire.clone()))),
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(CloudConfiguration::from(cloud))),
        ..ClientOptions::default()
    }
}

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &azure_core_1::http::Request) -> Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else {
            return Err(Error::with_message(ErrorKind::Io, "a body that is a stream is not sent"));
        };
        let headers = request.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned())).collect();
        let method = request.method().as_ref().to_owned();
        let request = Request { method, url: request.url().clone(), headers, body: body.clone() };
        let answer = self.send(request).await.map_err(|fault| Error::new(ErrorKind::Io, fault))?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers {
            headers.insert(name.to_ascii_lowercase(), value);
        }
        Ok(AsyncRawResponse::from_bytes(answer.status.into(), headers, answer.body))
    }
}
