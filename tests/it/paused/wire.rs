//! A wire in memory to the emulator's router, on which single requests can be made to fail or never to return.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use acitask::arm::fault::{Fault, FaultKind};
use acitask::arm::memory::Memory;
use acitask::arm::wire::{Answer, Request, Stream, Wire};
use acitask_emulator::Emulator;
use axum::body::{Body, to_bytes};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, DuplexStream, copy, split};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is answered with this status and code of ARM's, and these headers; the emulator does not see it.
    Answered(u16, &'static str, Vec<(String, String)>),
    /// The connection breaks before the emulator has it.
    CutBefore,
    /// The emulator carries it out, and the answer is lost.
    CutAfter,
    /// The client is gone before the emulator has it: it never returns.
    GoneBefore,
    /// The emulator carries it out, and the client is gone: it never returns.
    GoneAfter,
    /// Its client is asked to stop as it sends it.
    AskedToStop,
    /// The same, and two requests later the client is gone.
    StoppedAndGone,
    /// From it on the emulator's own script holds: the first of these operations has this effect.
    Scripted(&'static str, &'static str),
    /// Of a stream: what its client says arrives up to so many bytes, the handshake's included; then it breaks.
    HeardUpTo(u64),
}

/// Which request is troubled, and how.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Part of `METHOD path?query`.
    pub(crate) of: &'static str,
    /// Which of those requests, counted from 1.
    pub(crate) number: usize,
    /// What becomes of it.
    pub(crate) trouble: Trouble,
}

/// What the wire does beside carrying.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    scripts: Mutex<Vec<Script>>,
    gone: Notify,
    seen: AtomicUsize,
    stop: Mutex<CancellationToken>,
}

impl Course {
    /// Troubles a request to come.
    pub(crate) fn trouble(&self, script: Script) {
        self.0.scripts.lock().unwrap().push(script);
    }

    /// Forgets what has not happened, and says whether there was any.
    pub(crate) fn clear(&self) -> bool {
        *self.0.stop.lock().unwrap() = CancellationToken::new();
        !std::mem::take(&mut *self.0.scripts.lock().unwrap()).is_empty()
    }

    /// How many requests there were.
    pub(crate) fn seen(&self) -> usize {
        self.0.seen.load(Ordering::Relaxed)
    }

    /// Cancelled when the client is asked to stop, until that is forgotten.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.0.stop.lock().unwrap().clone()
    }

    /// Returns when the client is to be gone.
    pub(crate) async fn gone(&self) {
        self.0.gone.notified().await;
    }

    /// The trouble that is due for this request.
    fn next(&self, request: &str) -> Option<Trouble> {
        self.0.seen.fetch_add(1, Ordering::Relaxed);
        let mut scripts = self.0.scripts.lock().unwrap();
        for script in scripts.iter_mut().filter(|script| request.contains(script.of)) {
            script.number = script.number.saturating_sub(1);
        }
        let due = scripts.iter().position(|script| script.number == 0)?;
        let due = scripts.remove(due);
        if let Trouble::AskedToStop | Trouble::StoppedAndGone = due.trouble {
            self.stop().cancel();
        }
        if due.trouble == Trouble::StoppedAndGone {
            scripts.push(Script { of: due.of, number: 2, trouble: Trouble::GoneBefore });
        }
        Some(due.trouble)
    }

    async fn never<T>(&self) -> T {
        self.0.gone.notify_one();
        std::future::pending().await
    }
}

/// The wire to this emulator.
pub(crate) fn wire(emulator: &Emulator, course: &Course) -> Wire {
    let (sending, dialled) = (emulator.clone(), emulator.clone());
    let (course, dialling) = (course.clone(), course.clone());
    Wire::Memory(Memory::new(
        move |request| Box::pin(carry(sending.clone(), course.clone(), request)),
        move |url| Box::pin(dial(dialled.clone(), dialling.clone(), url.path().to_owned())),
    ))
}

async fn carry(emulator: Emulator, course: Course, request: Request) -> Result<Answer, Fault> {
    let query = request.url.query().unwrap_or_default();
    let trouble = course.next(&format!("{} {}?{query}", request.method, request.url.path()));
    match trouble {
        // Only a stream can be heard in part.
        None | Some(Trouble::AskedToStop | Trouble::StoppedAndGone | Trouble::HeardUpTo(_)) => {
            Ok(answer(&emulator, request).await)
        }
        Some(Trouble::Scripted(on, effect)) => {
            let effect: serde_json::Value = serde_json::from_str(effect).unwrap();
            let fault = serde_json::json!({"on": on, "effect": effect});
            emulator.with_faults(|board| board.add(fault)).unwrap();
            Ok(answer(&emulator, request).await)
        }
        Some(Trouble::Answered(status, code, headers)) => {
            let body = serde_json::json!({"error": {"code": code, "message": "as the test wants it"}});
            Ok(Answer { status, headers, body: body.to_string().into() })
        }
        Some(Trouble::CutBefore) => Err(cut()),
        Some(Trouble::CutAfter) => {
            answer(&emulator, request).await;
            Err(cut())
        }
        Some(Trouble::GoneBefore) => course.never().await,
        Some(Trouble::GoneAfter) => {
            answer(&emulator, request).await;
            course.never().await
        }
    }
}

async fn answer(emulator: &Emulator, request: Request) -> Answer {
    let Request { method, url, headers, body } = request;
    let builder = axum::http::Request::builder().method(method.as_str()).uri(url.as_str());
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    let response = emulator.router().oneshot(builder.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: to_bytes(body, usize::MAX).await.unwrap(),
    }
}

async fn dial(emulator: Emulator, course: Course, path: String) -> Result<Box<dyn Stream>, Fault> {
    let heard = match course.next(&format!("DIAL {path}")) {
        None | Some(Trouble::AskedToStop | Trouble::StoppedAndGone | Trouble::Scripted(..)) => None,
        Some(Trouble::GoneBefore | Trouble::GoneAfter) => return course.never().await,
        Some(Trouble::HeardUpTo(heard)) => Some(heard),
        Some(Trouble::Answered(..) | Trouble::CutBefore | Trouble::CutAfter) => return Err(cut()),
    };
    let (client, server) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(emulator.router());
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(server), service)
        .with_upgrades();
    tokio::spawn(connection);
    let Some(heard) = heard else { return Ok(Box::new(client)) };
    let (end, middle) = tokio::io::duplex(64 * 1024);
    tokio::spawn(relay(middle, client, heard));
    Ok(Box::new(end))
}

/// Carries a stream on until its client has said so many bytes; then it breaks in both directions.
async fn relay(client: DuplexStream, server: DuplexStream, heard: u64) {
    let ((said, mut to_client), (mut answered, mut to_server)) = (split(client), split(server));
    let mut said = said.take(heard);
    tokio::select! {
        _ = copy(&mut said, &mut to_server) => {}
        _ = copy(&mut answered, &mut to_client) => {}
    }
}

fn cut() -> Fault {
    Fault::own(FaultKind::Transient, "the connection broke")
}
