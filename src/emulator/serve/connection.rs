//! Holds the connections of a listener: as many as there is room for, none that keeps its request for itself.
//!
//! Invariant: a client that sends nothing, or its head byte by byte, is dropped in time; what a fault cuts is closed
//! without an answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::http::cut::is_cut;

/// How many connections are open at the same time; more wait until they are accepted.
const MOST: usize = 1024;

/// How long a client has for the head of a request, and for the next one on an open connection. Longer than the
/// usual clients keep an idle connection, so that none finds it closed that meant to use it.
const HEAD_TIME: Duration = Duration::from_secs(120);

/// The longest head; `http` refuses shorter ones in words.
const LONGEST_HEAD: usize = 128 * 1024;

/// How many headers a request may have.
const MOST_HEADERS: usize = 200;

/// The end of a connection that a fault cuts.
#[derive(Debug, thiserror::Error)]
#[error("a fault cuts the connection")]
struct Broken;

/// Accepts and answers until it is told to stop, then waits for what is under way.
pub(super) async fn serve<L: Listener>(mut listener: L, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut open = JoinSet::new();
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await.0, place)
        };
        let Some((stream, place)) = stop.run_until_cancelled(next).await else {
            break;
        };
        while open.try_join_next().is_some() {}
        let (router, stop) = (router.clone(), stop.clone());
        open.spawn(async move {
            hold(stream, router, stop).await;
            drop(place);
        });
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

async fn hold<I>(stream: I, router: Router, stop: CancellationToken)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            if is_cut(&response) { Err(Broken) } else { Ok(response) }
        }
    });
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
