//! A running container of the engine: its log as it is written, its end, and that it is removed afterwards.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bollard::container::AttachContainerResults;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerState};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    StartContainerOptions, StopContainerOptionsBuilder, WaitContainerOptions,
};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

use super::engine::{Engine, told};
use super::order::start_failure;
use super::volumes::configure;
use crate::contract::ConfigMap;
use crate::runtime::logs::SharedLog;

/// How long a program may take to end after TERM, in seconds. Short, because a person waits for `stop`; ACI does not say its own.
const GRACE: i32 = 2;
/// How long the output of a container may come after its end.
const LATE: Duration = Duration::from_secs(2);
/// How often and how long an engine is asked whether a container whose output ended has ended too, before it is waited for.
const SOON: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// A container whose program was started.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) id: String,
    engine: Engine,
    ended: watch::Receiver<Option<End>>,
}

/// How a container ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) code: i32,
    pub(super) out_of_memory: bool,
}

/// An end of which the engine told nothing, because it is gone itself or somebody else removed the container.
const UNKNOWN: End = End { code: 128 + 9, out_of_memory: false };

impl Container {
    /// Makes and starts a container under a name of the engine's; its output goes to the log.
    /// The error is what ACI's events would show.
    pub(super) async fn start(
        engine: &Engine,
        tasks: &TaskTracker,
        (name, own_name): (&str, &str),
        body: ContainerCreateBody,
        config: &ConfigMap,
        log: SharedLog,
    ) -> Result<Self, String> {
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let made = engine.api.create_container(Some(options), body).await;
        let id = made.map_err(|error| start_failure(&told(&error)))?.id;
        let begun = async {
            if !config.0.is_empty() {
                configure(engine, &id, own_name, config).await?;
            }
            let options = AttachContainerOptionsBuilder::new().stream(true).stdout(true).stderr(true).build();
            let output =
                engine.api.attach_container(&id, Some(options)).await.map_err(|error| told(&error))?;
            let started = engine.api.start_container(&id, None::<StartContainerOptions>).await;
            started.map_err(|error| told(&error))?;
            Ok(output)
        };
        let output = match begun.await {
            Ok(output) => output,
            Err(reason) => {
                let reason: String = reason;
                engine.remove_container(&id).await;
                return Err(start_failure(&reason));
            }
        };
        let (over, ended) = watch::channel(None);
        tasks.spawn(attend(engine.clone(), id.clone(), output, log, over));
        Ok(Self { id, engine: engine.clone(), ended })
    }

    /// How it ended, once it has ended and its log is whole.
    pub(super) async fn ended(&self) -> End {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await.map(|end| *end);
        end.ok().flatten().unwrap_or(UNKNOWN)
    }

    /// Whether it runs.
    pub(super) fn runs(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// TERM, grace, KILL; comes back when it has ended.
    pub(super) async fn stop(&self) {
        let options = StopContainerOptionsBuilder::new().t(GRACE).signal("SIGTERM").build();
        if self.runs()
            && self.engine.api.stop_container(&self.id, Some(options)).await.is_err()
            && self.runs()
        {
            return self.kill().await;
        }
        self.ended().await;
    }

    /// KILL; comes back when nothing of it is left.
    pub(super) async fn kill(&self) {
        self.engine.remove_container(&self.id).await;
        self.ended().await;
    }
}

/// Keeps the log until the end, tells the end, and removes the container.
async fn attend(
    engine: Engine,
    id: String,
    output: AttachContainerResults,
    log: SharedLog,
    over: watch::Sender<Option<End>>,
) {
    let mut following = Box::pin(follow(output, Arc::clone(&log)));
    let end = tokio::select! {
        () = &mut following => soon(&engine, &id).await,
        end = wait(&engine, &id) => {
            // Another process may hold the output open in another namespace; its lines are not waited for.
            let _ = timeout(LATE, following).await;
            end
        }
    };
    if let Err(error) = log.lock().unwrap_or_else(PoisonError::into_inner).end() {
        tracing::warn!(%error, "a log file could not be written");
    }
    over.send_replace(Some(end));
    engine.remove_container(&id).await;
}

/// Copies a container's output into its log until its end.
async fn follow(attached: AttachContainerResults, log: SharedLog) {
    let AttachContainerResults { mut output, input: _open } = attached;
    while let Some(Ok(chunk)) = output.next().await {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = log.write(chunk.as_ref(), Timestamp::now()) {
            // The lines in memory are whole; a full disk must not stop the task by blocking its output.
            tracing::warn!(%error, "a log file could not be written");
        }
    }
}

/// The end of a container whose output has ended: most often now, else whenever it comes.
async fn soon(engine: &Engine, id: &str) -> End {
    let began = Instant::now();
    let (step, most) = SOON;
    while began.elapsed() < most {
        match ended(engine, id).await {
            Some(end) => return end,
            None => sleep(step).await,
        }
    }
    wait(engine, id).await
}

/// The end of a container, whenever it comes.
async fn wait(engine: &Engine, id: &str) -> End {
    loop {
        // An exit code other than 0 comes as an error here; the state tells it as well.
        let mut waiting = engine.api.wait_container(id, None::<WaitContainerOptions>);
        while waiting.next().await.is_some() {}
        match ended(engine, id).await {
            Some(end) => return end,
            None => sleep(SOON.1).await,
        }
    }
}

/// How the container ended, if it has.
async fn ended(engine: &Engine, id: &str) -> Option<End> {
    let known = engine.api.inspect_container(id, None::<InspectContainerOptions>).await;
    match known.map(|known| known.state) {
        Ok(Some(ContainerState { running: Some(true), .. })) => None,
        Ok(Some(state)) => {
            let code = state.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(UNKNOWN.code);
            Some(End { code, out_of_memory: state.oom_killed.unwrap_or_default() })
        }
        // Podman has states on the way to the end that Docker's API does not know.
        Err(Error::JsonDataError { .. } | Error::JsonSerdeError { .. }) => None,
        Ok(None) | Err(_) => Some(UNKNOWN),
    }
}
