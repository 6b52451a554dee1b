//! HTTP around the emulator: who may ask, what is asked, and how an answer looks on the wire.
//!
//! Invariant: no request makes it panic, every refusal has a named code in ARM's envelope, and every body is bounded.
//! What ARM answers is the world's business; here are only the routes that ARM does not have.

mod arm;
mod behaviours;
mod control;
pub(crate) mod cut;
mod discovery;
mod faults;
mod follow;
mod guard;
mod logs;
mod names;
mod posts;
mod refusal;
mod request;
mod scripted;
mod snapshot;
mod socket;
mod target;
mod time;
mod tokens;

use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post};
use axum::{Extension, Router};
use serde::Serialize;

pub(crate) use axum::http::uri::Scheme;

use crate::emulator::Emulator;

/// The largest body of a request, as ARM has it.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// The loopback ports of a server.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https: Option<u16>,
}

/// What a socket answers with: its requests have that scheme, whatever they say.
pub(crate) fn served(emulator: &Emulator, scheme: Scheme, ports: Ports) -> Router {
    emulator.router().layer(Extension(ports)).layer(from_fn_with_state(scheme, target::complete))
}

pub(crate) fn router(emulator: Emulator) -> Router {
    Router::new()
        .route("/healthz", get(|| async {}))
        .route("/_emulator/health", get(control::health))
        .route("/_emulator/requests", get(control::requests))
        .route("/_emulator/sink", get(posts::list))
        .route("/_emulator/reset", post(control::reset))
        .route("/_emulator/stop", post(control::stop))
        .route("/_emulator/advance", post(time::advance))
        .route("/_emulator/snapshot", get(snapshot::save).put(snapshot::load))
        .route("/_emulator/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/_emulator/faults/{id}", delete(faults::clear_one))
        .route("/_emulator/switches", get(control::switches).patch(control::switch))
        .route("/_emulator/behaviours", get(behaviours::list).put(behaviours::replace))
        .route("/_emulator/{*rest}", any(control::unknown))
        .route("/sink", get(posts::list).post(posts::take))
        .route("/sink/{*rest}", post(posts::take))
        .route("/metadata/endpoints", get(discovery::clouds))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery::openid))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::openid))
        .route("/{tenant}/discovery/keys", get(discovery::keys))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/oauth2/v2.0/token", post(tokens::token))
        .route("/{tenant}/oauth2/token", post(tokens::token))
        .method_not_allowed_fallback(control::wrong_method)
        .fallback(arm::answer)
        .layer(from_fn_with_state(emulator.clone(), guard::visitor))
        .with_state(emulator)
}
