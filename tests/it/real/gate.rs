//! A gate before the emulator: it counts what arrives and can halt one request, so that a test kills the client there.
//!
//! A halted request of the client is, on the side [`Side::Before`], never carried out; on the side [`Side::After`] it
//! was, but nobody hears of it. What a task posts to the sink counts too, and is carried out in any case: a task is not
//! the client.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::oneshot;

/// On which side of being carried out a request is halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// Which request is halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The one that arrives as so many, counted from 1.
    Number(usize),
    /// The first whose method and target have this in them.
    First(&'static str),
}

impl Point {
    fn is(self, passed: usize, what: &str) -> bool {
        match self {
            Self::Number(number) => number == passed,
            Self::First(part) => what.contains(part),
        }
    }
}

/// Counts what arrives and halts at most one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
struct Watch {
    passed: usize,
    halt: Option<Halt>,
}

#[derive(Debug)]
struct Halt {
    point: Point,
    side: Side,
    reached: oneshot::Sender<Held>,
}

/// A request that stands at the gate, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// Its method and target, for people.
    pub(crate) what: String,
    _go: oneshot::Sender<()>,
}

impl Gate {
    /// Puts the gate before everything that the router answers.
    pub(crate) fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), pass))
    }

    /// Counts anew and halts the request at this point; what is given back hears of it.
    pub(crate) fn halt(&self, point: Point, side: Side) -> oneshot::Receiver<Held> {
        let (reached, halted) = oneshot::channel();
        *self.0.lock().unwrap() = Watch { passed: 0, halt: Some(Halt { point, side, reached }) };
        halted
    }

    /// How many requests have arrived since the count began.
    pub(crate) fn passed(&self) -> usize {
        self.0.lock().unwrap().passed
    }

    /// Counts anew and lets everything pass.
    pub(crate) fn open(&self) {
        *self.0.lock().unwrap() = Watch::default();
    }

    fn next(&self, what: &str) -> Option<Halt> {
        let mut watch = self.0.lock().unwrap();
        watch.passed += 1;
        let passed = watch.passed;
        watch.halt.take_if(|halt| halt.point.is(passed, what))
    }
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri());
    let Some(Halt { side, reached, .. }) = gate.next(&what) else { return next.run(request).await };
    let of_a_task = request.uri().path().starts_with("/sink");
    match side {
        Side::Before => {
            stand(reached, what).await;
            if of_a_task { next.run(request).await } else { StatusCode::SERVICE_UNAVAILABLE.into_response() }
        }
        Side::After => {
            let response = next.run(request).await;
            stand(reached, what).await;
            response
        }
    }
}

/// Waits until whoever waits for the request has done what it wants to.
async fn stand(reached: oneshot::Sender<Held>, what: String) {
    let (go, gone) = oneshot::channel();
    if reached.send(Held { what, _go: go }).is_ok() {
        // The other end is dropped, never sent to.
        let _ = gone.await;
    }
}
