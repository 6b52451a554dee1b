//! The wire inside this process: two functions in the place of sockets, so that tests need neither.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use url::Url;

use super::fault::Fault;
use super::wire::{Answer, Request, Stream};

type Send = dyn Fn(Request) -> BoxFuture<'static, Result<Answer, Fault>> + std::marker::Send + Sync;
type Dial = dyn Fn(Url) -> BoxFuture<'static, Result<Box<dyn Stream>, Fault>> + std::marker::Send + Sync;

/// A wire made of two functions.
#[derive(Clone)]
pub struct Memory {
    send: Arc<Send>,
    dial: Arc<Dial>,
    calls: Arc<AtomicU64>,
}

impl Memory {
    /// A wire that answers requests with `send` and opens streams with `dial`.
    pub fn new(
        send: impl Fn(Request) -> BoxFuture<'static, Result<Answer, Fault>> + std::marker::Send + Sync + 'static,
        dial: impl Fn(Url) -> BoxFuture<'static, Result<Box<dyn Stream>, Fault>>
        + std::marker::Send
        + Sync
        + 'static,
    ) -> Self {
        Self { send: Arc::new(send), dial: Arc::new(dial), calls: Arc::default() }
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        (self.send)(request).await
    }

    pub(super) async fn dial(&self, url: &Url) -> Result<Box<dyn Stream>, Fault> {
        (self.dial)(url.clone()).await
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
