//! Is it done? Judged from one observation, without a memory and without a clock.
//!
//! Invariants: `provisioningState` says how far a change of the resource has come and nothing about a task; an end
//! counts as a run's own only if the container has started since the run began; times are the service's alone.

use jiff::Timestamp;

use crate::model::group::RestartPolicy;
use crate::model::observed::{ContainerState, ContainerView, Phase, Provisioning, SeenGroup};

/// What an observation says about what is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<T> {
    /// Not yet; what goes on, for people.
    Moving(String),
    /// It is done.
    Done(T),
    /// It will not be done any more; why, for people.
    Failed(String),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEnd {
    /// Its exit code. A container can end without one, as a recording of azure-libraries-for-java shows; that is no success.
    pub exit: Option<i32>,
    /// What happened, for people.
    pub why: String,
    /// Whose doing it is.
    pub by: EndedBy,
}

impl TaskEnd {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.exit == Some(0)
    }
}

/// Whether a restart policy of `Always` has failed often enough to be called a loop.
const CRASHES: u32 = 3;

/// How often a run is tried again, beside its own retries, because the platform ended it.
pub const PLATFORM: u32 = 2;

/// Whose doing the end of a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Its task's, or its probe's, which the task did not answer.
    Task,
    /// The platform's: what it interrupts is tried again apart from the run's own retries.
    Platform,
}

/// Whose doing the end is. The exit codes are those of the page "Troubleshoot common issues in Azure Container Instances";
/// a container that its liveness probe ended has one of them too, and is told by its event (azure-sdk-for-java,
/// ContainerGroupTest.testCreateWithLivenessAndReadiness).
fn ended_by(view: &ContainerView, state: &ContainerState) -> EndedBy {
    match state.exit_code {
        Some(7147 | 7148) if !unwell(view, state) => EndedBy::Platform,
        _ => EndedBy::Task,
    }
}

/// Whether its liveness probe ended the container, and not one before it.
fn unwell(view: &ContainerView, state: &ContainerState) -> bool {
    let killed = view.events.iter().filter(|event| event.name == "Killing");
    let mut killed = killed.filter(|event| event.message.contains("liveness probe"));
    killed.any(|event| event.last >= state.start_time)
}

/// Whether nothing is under way on the group itself. It says nothing about its containers.
pub fn settled(seen: &SeenGroup) -> Judgement<()> {
    match &seen.provisioning {
        Provisioning::Succeeded => Judgement::Done(()),
        Provisioning::Failed => Judgement::Failed(failure(seen)),
        Provisioning::Moving(word) => Judgement::Moving(word.clone()),
    }
}

/// Whether a command can be executed in the container.
pub fn strong_ready(seen: &SeenGroup, container: &str) -> Judgement<()> {
    if stopped(seen) {
        // The view may be from before a start, so this is no failure: whoever waits gives up in time.
        return Judgement::Moving("the group is stopped".into());
    }
    let Some((view, state)) = now(seen, container) else { return not_tried(seen, container) };
    match &state.phase {
        Phase::Running => Judgement::Done(()),
        Phase::Waiting => never_started(view).map_or_else(|| looping(view, state), Judgement::Failed),
        Phase::Terminated if policy(seen) == RestartPolicy::Always => looping(view, state),
        Phase::Terminated => Judgement::Failed(format!("the container has ended: {}", end(view, state).why)),
        Phase::Other(word) => Judgement::Moving(word.clone()),
    }
}

/// How the task in a container that starts, works and dies has ended.
///
/// `before` is when the container had last started as it was read before the run began; absent where there was none.
pub fn weak(seen: &SeenGroup, container: &str, before: Option<Timestamp>) -> Judgement<TaskEnd> {
    let Some((view, state)) = now(seen, container) else { return not_tried(seen, container) };
    match &state.phase {
        Phase::Running if stale(state, before) => Judgement::Moving("waiting for the start".into()),
        Phase::Running => Judgement::Moving(running(view)),
        Phase::Waiting => never_started(view).map_or_else(|| waiting(state), Judgement::Failed),
        Phase::Terminated => terminated(seen, view, state, before),
        Phase::Other(word) => Judgement::Moving(word.clone()),
    }
}

fn terminated(
    seen: &SeenGroup,
    view: &ContainerView,
    state: &ContainerState,
    before: Option<Timestamp>,
) -> Judgement<TaskEnd> {
    // A stop from outside leaves no start time on the ended state, only on the one before it, as the recording of
    // Stop-AzContainerGroup in azure-powershell shows.
    let started =
        state.start_time.or_else(|| view.previous.as_ref().and_then(|previous| previous.start_time));
    if before.is_some() && (started.is_none() || started == before) {
        return never_started(view)
            .map_or_else(|| Judgement::Moving("waiting for the start".into()), Judgement::Failed);
    }
    if started.is_none()
        && state.exit_code.is_none()
        && let Some(why) = never_started(view)
    {
        return Judgement::Failed(why);
    }
    let end = end(view, state);
    let restarts = policy(seen) == RestartPolicy::OnFailure && !end.succeeded() && !over(seen);
    if restarts {
        return Judgement::Moving(format!("{}; the platform starts it again", end.why));
    }
    Judgement::Done(end)
}

/// What people are told about an ended container, with the codes of the page "Troubleshoot common issues in Azure Container Instances".
fn end(view: &ContainerView, state: &ContainerState) -> TaskEnd {
    let ContainerState { phase: _, start_time: _, finish_time: _, exit_code, detail } = state;
    let why = match exit_code {
        Some(0) => "exit 0".to_owned(),
        Some(code) if unwell(view, state) => format!("exit {code}: its liveness probe failed"),
        Some(code @ (137 | 139 | 143 | 7147 | 7148)) => format!("exit {code}: {}", meaning(*code)),
        Some(code) => format!("exit {code}"),
        None if detail.is_empty() => "ended without an exit code".to_owned(),
        None => format!("ended without an exit code: {detail}"),
    };
    TaskEnd { exit: *exit_code, why, by: ended_by(view, state) }
}

/// What an exit code says, with the codes of the page "Troubleshoot common issues in Azure Container Instances" and those
/// of shells (POSIX, "Exit Status for Commands").
pub fn meaning(exit: i32) -> &'static str {
    match exit {
        0 => "it ended well",
        126 => "the program cannot be executed",
        127 => "the program was not found",
        137 => "killed, most often for want of memory",
        139 => "it touched memory that is not its own",
        143 => "it was asked to end",
        7147 | 7148 => "ended by the platform",
        _ => "the program's own code",
    }
}

/// Why the container does not start, if its events say that it does not.
///
/// Events are merged by name and outlive a restart, so a failure counts only if nothing that comes before a start
/// has happened since.
fn never_started(view: &ContainerView) -> Option<String> {
    let failed = view.events.iter().filter(|event| event.name == "Failed").max_by_key(|event| event.last)?;
    let progress = ["Pulling", "Pulled", "Created", "Started"];
    let since = view.events.iter().filter(|event| progress.contains(&event.name.as_str()));
    let overtaken = since.filter_map(|event| event.last).max().is_some_and(|last| failed.last < Some(last));
    (!overtaken).then(|| failed.message.clone())
}

fn not_tried<T>(seen: &SeenGroup, container: &str) -> Judgement<T> {
    let failed = seen.container(container).and_then(never_started);
    match (&seen.provisioning, failed) {
        (_, Some(why)) => Judgement::Failed(why),
        (Provisioning::Failed, None) => Judgement::Failed(failure(seen)),
        (Provisioning::Moving(word), None) => Judgement::Moving(word.clone()),
        (Provisioning::Succeeded, None) => Judgement::Moving("waiting for the container".into()),
    }
}

fn looping<T>(view: &ContainerView, state: &ContainerState) -> Judgement<T> {
    let crash = if state.phase == Phase::Terminated { Some(state) } else { view.previous.as_ref() };
    match crash {
        Some(crash) if view.restart_count >= CRASHES => Judgement::Failed(format!(
            "the container keeps ending ({}, restarted {} times)",
            end(view, crash).why,
            view.restart_count
        )),
        Some(crash) => Judgement::Moving(format!("{}; the platform starts it again", end(view, crash).why)),
        None => waiting(state),
    }
}

fn waiting<T>(state: &ContainerState) -> Judgement<T> {
    let detail = if state.detail.is_empty() { "the container" } else { &state.detail };
    Judgement::Moving(format!("waiting for {detail}"))
}

fn running(view: &ContainerView) -> String {
    match view.restart_count {
        0 => "running".to_owned(),
        1 => "running, restarted once by the platform".to_owned(),
        many => format!("running, restarted {many} times by the platform"),
    }
}

/// Why a change of the group failed, from the events of its containers.
fn failure(seen: &SeenGroup) -> String {
    let views = seen.view.iter().flat_map(|view| view.containers.values());
    let warning =
        views.flat_map(|view| &view.events).filter(|event| event.warning).max_by_key(|event| event.last);
    warning.map_or_else(
        || "the service gave up and did not say why".to_owned(),
        |event| format!("{}: {}", event.name, event.message),
    )
}

fn now<'s>(seen: &'s SeenGroup, container: &str) -> Option<(&'s ContainerView, &'s ContainerState)> {
    let view = seen.container(container)?;
    Some((view, view.current.as_ref()?))
}

fn stale(state: &ContainerState, before: Option<Timestamp>) -> bool {
    before.is_some() && state.start_time == before
}

fn policy(seen: &SeenGroup) -> RestartPolicy {
    seen.group.as_ref().map_or(RestartPolicy::Never, |group| group.restart_policy)
}

fn state(seen: &SeenGroup) -> &str {
    seen.view.as_ref().map_or("", |view| &view.state)
}

fn stopped(seen: &SeenGroup) -> bool {
    state(seen).eq_ignore_ascii_case("Stopped")
}

/// Whether no container of the group will be started again.
fn over(seen: &SeenGroup) -> bool {
    ["Stopped", "Succeeded", "Failed"].iter().any(|word| state(seen).eq_ignore_ascii_case(word))
}
