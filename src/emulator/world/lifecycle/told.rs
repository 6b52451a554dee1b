//! What follows from what a runtime tells.
//!
//! Restarts follow the restart policy: the first at once, then after 10 s, doubled up to 300 s, and from the beginning
//! again after ten minutes of running (the kubelet's rule, which Azure's `BackOff` events and "CrashLoopBackOff" show).
//! What cannot start is tried again under every policy, also Never ("Never still loops when the command is invalid",
//! Azure's page on restart policies).

use jiff::{SignedDuration, Timestamp};

use super::launch::{image, pinned, start, wanted};
use super::order::{give_up, proceed};
use super::probing::{seen, watches};
use super::{PLATFORM_INITIATED, begin};
use crate::contract::{Command, Probe};
use crate::world::container_group::{Container, ContainerGroup, Phase, Provisioning, RestartPolicy, State};
use crate::world::happening::{self, Name, note};

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
    use Happened::{Exited, MountFailed, StartFailed};
    if matches!(happened, Exited { .. } | StartFailed { .. } | MountFailed { .. }) {
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
    let init = group.is_init(name);
    let watches = watches(wanted(group, name), now);
    let process = group.process_id(name);
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
            let message = format!("Back-off pulling image \"{image}\"");
            note(&mut container.events, Name::BackOff, message.clone(), now);
            back_off(container, false, format!("ImagePullBackOff: {message}"), now);
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
            container.unwell = false;
            container.watches = watches;
            container.current = Some(State::Running { start: now });
            if group.containers.values().all(|c| c.started) {
                group.provisioning = Provisioning::Succeeded;
            }
        }
        Happened::StartFailed { reason } if container.phase == Phase::Starting => {
            note(&mut container.events, Name::Failed, format!("Error: {reason}"), now);
            crash_loop(container, now);
        }
        Happened::MountFailed { volume, reason } if container.phase == Phase::Starting => {
            let message = format!("MountVolume.SetUp failed for volume \"{volume}\" : {reason}");
            note(&mut container.events, Name::FailedMount, message, now);
            back_off(container, true, "ContainerCreating".to_owned(), now);
        }
        Happened::Probed { probe, unwell } if container.phase == Phase::Running => {
            seen(group, name, probe, unwell, now, commands);
        }
        Happened::Exited { code, out_of_memory } if container.phase == Phase::Running => {
            container.watches.clear();
            // What a liveness probe ended shows the platform's code, whatever its process said (azure-sdk-for-java,
            // ContainerGroupTest.testCreateWithLivenessAndReadiness).
            let unwell = container.unwell && !out_of_memory;
            let code = if unwell { PLATFORM_INITIATED } else { code };
            ended(container, End { code, out_of_memory }, now);
            let again = match policy {
                RestartPolicy::Always => !init || code != 0,
                RestartPolicy::OnFailure => code != 0 || container.unwell,
                RestartPolicy::Never => false,
            };
            if again {
                restart(group, name, now, commands);
                return;
            }
            container.phase = Phase::Ended;
            if !init && !unwell {
                let message = happening::ended_by_itself(&process);
                note(&mut container.events, Name::Killing, message, now);
            }
            match (init, code) {
                (true, 0) => proceed(group, commands),
                (true, _) => give_up(group),
                (false, _) => {}
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
        crash_loop(container, now);
    }
}

/// Puts the next start off because the last ones failed.
fn crash_loop(container: &mut Container, now: Timestamp) {
    let message = "Back-off restarting failed container";
    note(&mut container.events, Name::BackOff, message.to_owned(), now);
    let seconds = pause(container);
    let detail = format!("CrashLoopBackOff: Back-off {seconds}s restarting failed container");
    back_off(container, true, detail, now);
}

/// How long the next try is put off, in seconds.
fn pause(container: &Container) -> i64 {
    (10_i64 << (container.failures.max(1) - 1).min(5)).min(300)
}

/// Puts the next try off, and says why.
fn back_off(container: &mut Container, pulled: bool, detail: String, now: Timestamp) {
    let until = now + SignedDuration::from_secs(pause(container));
    container.failures = container.failures.max(1) + 1;
    container.current = Some(State::Waiting { detail });
    container.phase = Phase::BackOff { until, pulled };
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) code: i32,
    pub(super) out_of_memory: bool,
}

/// Notes that a container's process has ended. The details are the kubelet's reasons, as recorded for `Completed`,
/// `Error` (azure-cli test_container_exec) and `SIGINT` (azure-sdk-for-java, testCreateWithLivenessAndReadiness).
pub(super) fn ended(container: &mut Container, end: End, now: Timestamp) {
    let start = match container.current {
        Some(State::Running { start }) => Some(start),
        _ => None,
    };
    if start.is_some_and(|start| now.duration_since(start) >= STEADY) {
        container.failures = 0;
    }
    let detail = match end {
        End { out_of_memory: true, .. } => "OOMKilled",
        End { code: 0, .. } => "Completed",
        End { code: PLATFORM_INITIATED, .. } => "SIGINT",
        End { .. } => "Error",
    };
    let (code, detail) = (Some(end.code), detail.to_owned());
    container.current = Some(State::Terminated { start, finish: now, code, detail });
}

/// Notes that an image was pulled, but not again where it was here already: a restart shows no second pull
/// (azure-powershell, Stop-AzContainerGroup).
fn note_pulled(container: &mut Container, pinned: &str, now: Timestamp) {
    let message = format!("Successfully pulled image \"{pinned}\"");
    if !container.earlier.is_empty() {
        // Started again it is on another machine, which has no image yet (azure-sdk-for-net,
        // ContainerGroupsStartRestartStopTest).
        let earlier = std::mem::take(&mut container.earlier);
        container.events = happening::joined(earlier, std::mem::take(&mut container.events));
    } else if container.events.iter().any(|event| event.tells(Name::Pulled, &message)) {
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
    let message = happening::ended_by_the_platform(name);
    note(&mut container.events, Name::Killing, message, now);
}
