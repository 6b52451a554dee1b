//! What follows from what a runtime tells.
//!
//! Restarts follow the restart policy: the first at once, then after 10 s, doubled up to 300 s, and from the beginning
//! again after ten minutes of running (the kubelet's rule, which Azure's `BackOff` events and "CrashLoopBackOff" show).
//! What cannot start is tried again under every policy, also Never ("Never still loops when the command is invalid",
//! Azure's page on restart policies).

use jiff::{SignedDuration, Timestamp};

use super::begin;
use super::launch::{image, pinned, start};
use crate::contract::{Command, Probe};
use crate::world::container_group::{Container, ContainerGroup, Phase, Provisioning, RestartPolicy, State};
use crate::world::happening::{Name, note};

/// A run of this length ends a series of failures.
const STEADY: SignedDuration = SignedDuration::from_secs(600);

/// What happened to a container.
#[derive(Clone, Debug)]
pub(crate) enum Happened {
    Pulled { digest: String },
    PullFailed { reason: String },
    Started,
    StartFailed { reason: String },
    MountFailed { volume: String, reason: String },
    Probed { probe: Probe, unwell: Option<String> },
    Exited { code: i32, out_of_memory: bool },
}

/// Takes in what happened in a sandbox of this group.
pub(crate) fn tell(
    group: &mut ContainerGroup,
    name: &str,
    happened: Happened,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    if matches!(happened, Happened::Exited { .. } | Happened::StartFailed { .. }) {
        group.alive.remove(name);
    }
    if group.stopped {
        return;
    }
    if let Some(next) = group.next.clone() {
        // The old containers are on their way out: only that they are gone matters.
        if group.alive.is_empty() {
            note_killed(group, next.kills, now);
            begin(group, next.sandbox, commands);
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
            note_pulled(container, &pinned(&image, &digest), now);
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
            note(&mut container.events, Name::Started, "Started container".to_owned(), now);
            if container.started {
                container.restarts += 1;
            }
            if !container.started {
                container.failures = 0;
            }
            container.phase = Phase::Running;
            container.started = true;
            container.current = Some(State::Running { start: now });
            if group.containers.values().all(|c| c.started) {
                group.provisioning = Provisioning::Succeeded;
            }
        }
        Happened::StartFailed { reason } if container.phase == Phase::Starting => {
            note(&mut container.events, Name::Failed, format!("Error: {reason}"), now);
            back_off(container, true, "CrashLoopBackOff", now);
        }
        Happened::Exited { code, out_of_memory: _ } if container.phase == Phase::Running => {
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

/// Starts a container that ended: at once the first time, else after a back-off.
fn restart(group: &mut ContainerGroup, name: &str, now: Timestamp, commands: &mut Vec<Command>) {
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    container.previous = container.current.take();
    if container.failures == 0 {
        container.failures = 1;
        container.current = Some(State::Waiting { detail: String::new() });
        start(group, name, commands);
    } else {
        back_off(container, true, "CrashLoopBackOff", now);
    }
}

/// Puts the next try off, and says why.
fn back_off(container: &mut Container, pulled: bool, why: &str, now: Timestamp) {
    let failures = container.failures.max(1);
    let seconds = (10_i64 << (failures - 1).min(5)).min(300);
    container.failures = failures + 1;
    note(&mut container.events, Name::BackOff, "Back-off restarting failed container".to_owned(), now);
    let detail = format!("{why}: Back-off {seconds}s restarting failed container");
    container.current = Some(State::Waiting { detail });
    container.phase = Phase::BackOff { until: now + SignedDuration::from_secs(seconds), pulled };
}

/// Notes that a container's process has ended.
pub(super) fn ended(container: &mut Container, code: i32, now: Timestamp) {
    let start = match container.current {
        Some(State::Running { start }) => Some(start),
        _ => None,
    };
    if start.is_some_and(|start| now.duration_since(start) >= STEADY) {
        container.failures = 0;
    }
    let detail = if code == 0 { "Completed" } else { "Error" }.to_owned();
    container.current = Some(State::Terminated { start, finish: now, code: Some(code), detail });
}

/// Notes that an image was pulled, but not again where it was here already: a restart shows no second pull
/// (azure-powershell, Stop-AzContainerGroup).
fn note_pulled(container: &mut Container, pinned: &str, now: Timestamp) {
    let message = format!("Successfully pulled image \"{pinned}\"");
    if container.events.iter().any(|event| event.tells(Name::Pulled, &message)) {
        return;
    }
    note(&mut container.events, Name::Pulling, format!("pulling image \"{pinned}\""), now);
    note(&mut container.events, Name::Pulled, message, now);
}

/// Notes that the platform ended the containers that still show as running. The event comes when they have
/// ended and counts every request that asked for it (azure-powershell, Stop-AzContainerGroup after two restarts).
pub(super) fn note_killed(group: &mut ContainerGroup, kills: u32, now: Timestamp) {
    for (name, container) in &mut group.containers {
        if matches!(container.current, Some(State::Running { .. })) {
            for _ in 0..kills {
                note_lost(name, container, now);
            }
        }
    }
}

/// Notes that the platform ended a container.
pub(super) fn note_lost(name: &str, container: &mut Container, now: Timestamp) {
    let message = format!("Killing container {name} (platform initiated).");
    note(&mut container.events, Name::Killing, message, now);
}
