//! The life of a container group's containers, as a state machine over runtime events and time.
//!
//! Restarts follow the restart policy: the first at once, then after 10 s, doubled up to 300 s, and from the beginning
//! again after ten minutes of running (the kubelet's rule, which Azure's `BackOff` events and "CrashLoopBackOff" show).
//! What cannot start is tried again under every policy, also Never ("Never still loops when the command is invalid",
//! Azure's page on restart policies). A new deployment begins only after the old containers ended.
//! Nothing here knows requests or replies.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::container_group::{
    Container, ContainerGroup, Next, Phase, Provisioning, RestartPolicy, State,
};
use super::happening::{Name, note};
use crate::contract::{Command, Launch, SandboxId};

/// How long old containers may take to end before the next deployment begins anyway.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// How long a provisioning may take before it counts as failed (`provisioningTimeoutInSeconds`).
pub(super) const PROVISIONING: SignedDuration = SignedDuration::from_secs(1800);
/// A run of this length ends a series of failures.
const STEADY: SignedDuration = SignedDuration::from_secs(600);
/// The exit code of a container that the platform ended (Azure's page "Troubleshoot common issues").
const PLATFORM_INITIATED: i32 = 7147;

/// What happened to a container.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    Pulled { digest: String },
    PullFailed { reason: String },
    Started,
    StartFailed { reason: String },
    Exited { code: i32 },
}

/// Deploys the group's wish in a new sandbox, at once or as soon as the old containers have ended.
/// With `fresh`, nothing of the old instance view stays; else it stays until the new containers run.
pub(super) fn deploy(
    group: &mut ContainerGroup,
    sandbox: SandboxId,
    state: Provisioning,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    group.provisioning = state;
    group.since = now;
    group.stopped = false;
    let wanted: Vec<String> = group.wanted().map(|(name, _)| name.to_owned()).collect();
    group
        .containers
        .retain(|name, _| state == Provisioning::Updating && wanted.contains(name));
    for name in wanted {
        let container = group.containers.entry(name).or_insert_with(Container::new);
        container.phase = Phase::Pulling;
        container.started = false;
        container.restarts = 0;
        container.failures = 0;
    }
    if group.alive.is_empty() {
        return begin(group, sandbox, now, commands);
    }
    commands.push(Command::Stop {
        sandbox: group.sandbox,
    });
    group.next = Some(Next {
        sandbox,
        by: now + PATIENCE,
    });
}

/// Begins in a new sandbox with what every container waits for.
fn begin(
    group: &mut ContainerGroup,
    sandbox: SandboxId,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    if group.sandbox != sandbox {
        commands.push(Command::Discard {
            sandbox: group.sandbox,
        });
    }
    group.sandbox = sandbox;
    group.next = None;
    group.alive.clear();
    let waiting = |phase: Phase| !matches!(phase, Phase::Ended);
    let names: Vec<String> = group
        .containers
        .iter()
        .filter(|(_, c)| waiting(c.phase))
        .map(|(n, _)| n.clone())
        .collect();
    for name in names {
        if let Some(container) = group.containers.get_mut(&name) {
            container.phase = Phase::Pulling;
        }
        pull(group, &name, commands);
    }
    let _ = now;
}

/// Takes in what happened in a sandbox of this group.
pub(super) fn tell(
    group: &mut ContainerGroup,
    name: &str,
    happened: Happened,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    if matches!(
        happened,
        Happened::Exited { .. } | Happened::StartFailed { .. }
    ) {
        group.alive.remove(name);
    }
    if group.stopped {
        return;
    }
    if let Some(next) = group.next.clone() {
        // The old containers are on their way out: only that they are gone matters.
        if group.alive.is_empty() {
            note_killed(group, now);
            begin(group, next.sandbox, now, commands);
        }
        return;
    }
    let policy = group.policy();
    let image = image(group, name);
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    match happened {
        Happened::Pulled { digest } if container.phase == Phase::Pulling => {
            let pinned = pinned(&image, &digest);
            note(
                &mut container.events,
                Name::Pulling,
                format!("pulling image \"{pinned}\""),
                now,
            );
            let message = format!("Successfully pulled image \"{pinned}\"");
            note(&mut container.events, Name::Pulled, message, now);
            if group.provisioning == Provisioning::Pending {
                group.provisioning = Provisioning::Creating;
            }
            start(group, name, commands);
        }
        Happened::PullFailed { reason } if container.phase == Phase::Pulling => {
            let message = format!("Failed to pull image \"{image}\": {reason}");
            note(&mut container.events, Name::Failed, message, now);
            back_off(container, false, "ImagePullBackOff", now);
        }
        Happened::Started if container.phase == Phase::Starting => {
            note(
                &mut container.events,
                Name::Started,
                "Started container".to_owned(),
                now,
            );
            if container.started {
                container.restarts += 1;
            }
            container.phase = Phase::Running;
            container.started = true;
            container.current = Some(State::Running { start: now });
            if group.containers.values().all(|c| c.started) {
                group.provisioning = Provisioning::Succeeded;
            }
        }
        Happened::StartFailed { reason } if container.phase == Phase::Starting => {
            note(
                &mut container.events,
                Name::Failed,
                format!("Error: {reason}"),
                now,
            );
            back_off(container, true, "CrashLoopBackOff", now);
        }
        Happened::Exited { code } if container.phase == Phase::Running => {
            ended(container, code, now);
            let again = match policy {
                RestartPolicy::Always => true,
                RestartPolicy::OnFailure => code != 0,
                RestartPolicy::Never => false,
            };
            if again {
                restart(group, name, now, commands);
            } else {
                container.phase = Phase::Ended;
            }
        }
        // An event that the container no longer waits for is late and tells nothing.
        _ => {}
    }
}

/// Lets time pass: ends back-offs, gives up waiting.
pub(super) fn advance(group: &mut ContainerGroup, now: Timestamp, commands: &mut Vec<Command>) {
    if let Some(next) = group.next.clone().filter(|next| next.by <= now) {
        note_killed(group, now);
        begin(group, next.sandbox, now, commands);
    }
    let due: Vec<(String, bool)> = group
        .containers
        .iter()
        .filter_map(|(name, container)| match container.phase {
            Phase::BackOff { until, pulled } if until <= now => Some((name.clone(), pulled)),
            _ => None,
        })
        .collect();
    for (name, pulled) in due {
        if pulled {
            start(group, &name, commands);
        } else {
            if let Some(container) = group.containers.get_mut(&name) {
                container.phase = Phase::Pulling;
            }
            pull(group, &name, commands);
        }
    }
    if is_provisioning(group) && group.since + PROVISIONING <= now {
        group.provisioning = Provisioning::Failed;
    }
}

/// When [`advance`] next has something to do.
pub(super) fn due(group: &ContainerGroup) -> Option<Timestamp> {
    let back_offs = group
        .containers
        .values()
        .filter_map(|container| match container.phase {
            Phase::BackOff { until, .. } => Some(until),
            _ => None,
        });
    let next = group.next.iter().map(|next| next.by);
    let timeout = is_provisioning(group).then(|| group.since + PROVISIONING);
    back_offs.chain(next).chain(timeout).min()
}

/// Stops the group as a client asked.
pub(super) fn stop(group: &mut ContainerGroup, now: Timestamp, commands: &mut Vec<Command>) {
    commands.push(Command::Stop {
        sandbox: group.sandbox,
    });
    group.stopped = true;
    group.next = None;
    group.provisioning = Provisioning::Succeeded;
    for container in group
        .containers
        .values_mut()
        .filter(|c| c.phase != Phase::Ended)
    {
        if let Some(running @ State::Running { .. }) = container.current.take() {
            container.previous = Some(running);
        }
        container.current = Some(State::Terminated {
            start: None,
            finish: now,
            code: None,
            detail: "Container stopped per client request".to_owned(),
        });
        container.phase = Phase::Ended;
    }
}

/// The machine under the containers was lost (the emulator was restarted): what ran is started again by the platform,
/// under every policy ("the platform might still restart the container regardless of the restart policy").
pub(super) fn lost(
    group: &mut ContainerGroup,
    sandbox: SandboxId,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    group.alive.clear();
    if group.stopped || group.has_ended() {
        return;
    }
    if group.next.is_none() {
        for (name, container) in &mut group.containers {
            if container.phase == Phase::Running {
                let message = format!("Killing container {name} (platform initiated).");
                note(&mut container.events, Name::Killing, message, now);
                ended(container, PLATFORM_INITIATED, now);
                container.previous = container.current.take();
                container.current = Some(State::Waiting {
                    detail: String::new(),
                });
            }
        }
    }
    begin(group, sandbox, now, commands);
}

fn is_provisioning(group: &ContainerGroup) -> bool {
    matches!(
        group.provisioning,
        Provisioning::Pending | Provisioning::Creating | Provisioning::Updating
    )
}

/// Starts a container that ended: at once the first time, else after a back-off.
fn restart(group: &mut ContainerGroup, name: &str, now: Timestamp, commands: &mut Vec<Command>) {
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    container.previous = container.current.take();
    if container.failures == 0 {
        container.failures = 1;
        container.current = Some(State::Waiting {
            detail: String::new(),
        });
        start(group, name, commands);
    } else {
        back_off(container, true, "CrashLoopBackOff", now);
    }
}

fn back_off(container: &mut Container, pulled: bool, why: &str, now: Timestamp) {
    let seconds = (10_i64 << container.failures.saturating_sub(1).min(5)).min(300);
    container.failures += 1;
    note(
        &mut container.events,
        Name::BackOff,
        "Back-off restarting failed container".to_owned(),
        now,
    );
    let detail = format!("{why}: Back-off {seconds}s restarting failed container");
    container.current = Some(State::Waiting { detail });
    container.phase = Phase::BackOff {
        until: now + SignedDuration::from_secs(seconds),
        pulled,
    };
}

fn ended(container: &mut Container, code: i32, now: Timestamp) {
    let start = match container.current {
        Some(State::Running { start }) => Some(start),
        _ => None,
    };
    if start.is_some_and(|start| now.duration_since(start) >= STEADY) {
        container.failures = 0;
    }
    let detail = if code == 0 { "Completed" } else { "Error" }.to_owned();
    container.current = Some(State::Terminated {
        start,
        finish: now,
        code: Some(code),
        detail,
    });
}

/// Notes that the platform ended the containers that still show as running.
fn note_killed(group: &mut ContainerGroup, now: Timestamp) {
    for (name, container) in &mut group.containers {
        if matches!(container.current, Some(State::Running { .. })) {
            let message = format!("Killing container {name} (platform initiated).");
            note(&mut container.events, Name::Killing, message, now);
        }
    }
}

fn pull(group: &ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    let image = image(group, name);
    let container = name.to_owned();
    commands.push(Command::Pull {
        sandbox: group.sandbox,
        container,
        image,
    });
}

fn start(group: &mut ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    let launch = launch(group, name);
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    container.phase = Phase::Starting;
    group.alive.insert(name.to_owned());
    let container = name.to_owned();
    commands.push(Command::Start {
        sandbox: group.sandbox,
        container,
        launch,
    });
}

fn wanted<'a>(group: &'a ContainerGroup, name: &str) -> &'a Value {
    group
        .wanted()
        .find(|(wanted, _)| *wanted == name)
        .map_or(&Value::Null, |(_, wish)| wish)
}

fn image(group: &ContainerGroup, name: &str) -> String {
    wanted(group, name)["image"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn launch(group: &ContainerGroup, name: &str) -> Launch {
    let wish = wanted(group, name);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| wish[name].as_array().into_iter().flatten();
    let environment = list("environmentVariables").map(|variable| {
        let value = variable.get("secureValue").unwrap_or(&variable["value"]);
        (text(&variable["name"]), text(value))
    });
    let amount = |name: &str| {
        let resources = &wish["resources"];
        resources["limits"][name]
            .as_f64()
            .or(resources["requests"][name].as_f64())
            .unwrap_or(1.0)
    };
    Launch {
        image: text(&wish["image"]),
        command: list("command").map(text).collect(),
        environment: environment.collect(),
        hostname: format!("SandboxHost-{}", group.sandbox.0),
        cpu_milli: (amount("cpu") * 1000.0).round() as u32,
        memory_mib: (amount("memoryInGB") * 1024.0).round() as u32,
    }
}

/// The image by digest, as the events name it.
fn pinned(image: &str, digest: &str) -> String {
    let repository = image.split('@').next().unwrap_or(image);
    let repository = match repository.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => repository,
    };
    format!("{repository}@{digest}")
}
