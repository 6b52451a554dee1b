//! A stand for one test: an emulator of its own in this process, which the real program finds by its state folder.

use std::fs;
use std::ops::Deref;
use std::path::Path;

use acitask_emulator::home::{Home, HomeError, Running};
use acitask_emulator::journal::Entry;
use acitask_emulator::{Choice, Emulator, OpenError, Options};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use super::build::build;
use super::gate::{Gate, Point, Side};
use super::images::{ACITASK, images};
use super::say;
use super::site::{Run, Site};

/// The subscription that stands for a local target without one.
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000000";

/// A site with an emulator.
pub(crate) struct Stand {
    site: Site,
    pub(crate) emulator: Emulator,
    pub(crate) gate: Gate,
}

/// What became of a run that was to be killed.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It was killed at this request; its process.
    Killed(String, u32),
    /// It ended before the request came.
    Ended(Run),
}

impl Stand {
    /// A stand whose containers are real; none, said so, where this machine cannot run them.
    pub(crate) fn native() -> Option<Self> {
        match Self::with(Choice::Native, images()) {
            Ok(stand) => Some(stand),
            Err(OpenError::Runtime(refused)) => {
                say(&format!("skipped: {refused}"));
                None
            }
            Err(error) => panic!("the emulator cannot be opened: {error:?}"),
        }
    }

    /// A stand whose containers are simulated, for what needs no task to run.
    pub(crate) fn simulated() -> Self {
        Self::with(Choice::Simulated, Path::new("")).unwrap()
    }

    fn with(runtime: Choice, images: &Path) -> Result<Self, OpenError> {
        let site = Site::new();
        let home = Home::open(&site.state()).unwrap();
        let (port, listener) = listen(&home);
        let options = Options {
            state: Some(home.path().to_owned()),
            runtime,
            init: ACITASK.into(),
            images: images.to_owned(),
            origin: format!("http://127.0.0.1:{port}"),
            build: build().to_owned(),
            ..Options::in_memory()
        };
        let emulator = site.tokio.block_on(Emulator::open(options))?;
        let gate = Gate::default();
        let router = gate.before(emulator.router());
        site.tokio.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        home.announce(&Running {
            pid: std::process::id(),
            port,
            https_port: None,
            build: build().to_owned(),
        })
        .unwrap();
        Ok(Self { site, emulator, gate })
    }

    /// Changes one open question's setting.
    pub(crate) fn switch(&self, setting: &str) {
        let mut switches = self.emulator.switches();
        switches.set(setting).unwrap();
        self.emulator.set_switches(switches);
    }

    /// Applies the project and kills the program at the request of this number, unless it ends before.
    pub(crate) fn apply_killed_at(&self, point: Point, side: Side) -> Fate {
        let halted = self.gate.halt(point, side);
        let fate = self.tokio.block_on(async {
            let (mut child, output) = self.spawn(&["--local", "apply", "--auto-approve"], &[]);
            tokio::select! {
                status = child.wait() => Fate::Ended(output.read(status.unwrap())),
                Ok(held) = halted => {
                    let process = child.id().unwrap();
                    child.kill().await.unwrap();
                    Fate::Killed(held.what, process)
                }
            }
        });
        self.gate.open();
        fate
    }

    /// Asks the emulator as any client of Azure Resource Manager would, and gives the status and the body.
    pub(crate) fn send(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("authorization", format!("Bearer {}", self.emulator.token()))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        self.tokio.block_on(async {
            let response = self.emulator.router().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }

    /// What clients asked since the entry of this number.
    pub(crate) fn asked_since(&self, number: u64) -> Vec<Entry> {
        self.emulator.journal().since(number)
    }

    /// The number of the last request in the journal.
    pub(crate) fn asked(&self) -> u64 {
        self.emulator.journal().last()
    }

    /// What the tasks posted, in order.
    pub(crate) fn posts(&self) -> Vec<Value> {
        self.emulator.sink().posts().into_iter().map(|post| post.body).collect()
    }
}

impl Deref for Stand {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.tokio.block_on(self.emulator.shutdown());
    }
}

/// Listens on the port that the state folder remembers; another one is chosen where somebody was quicker.
fn listen(home: &Home) -> (u16, std::net::TcpListener) {
    loop {
        match home.listen() {
            Ok(listener) => {
                listener.set_nonblocking(true).unwrap();
                return (home.port().unwrap(), listener);
            }
            Err(HomeError::PortTaken { path, .. }) => fs::remove_file(path).unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }
}
