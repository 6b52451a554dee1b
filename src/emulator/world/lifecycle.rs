//! The life of a container group's containers, as a state machine over runtime events and time.
//!
//! A deployment has a sandbox of its own and begins only after the containers of the one before have ended, or time is
//! up. Nothing here knows requests or replies; what follows from a runtime's event is in [`told`] and [`probing`], which
//! container is next in [`order`], how one is started in [`launch`] and [`volumes`].

mod launch;
mod order;
mod probing;
mod told;
mod volumes;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub(super) use self::told::{Happened, tell};

use self::launch::{pull, start, wanted};
use self::order::proceed;
use self::told::{End, ended, note_killed, note_lost};
use self::volumes::{config, volumes};
use super::body::Wish;
use super::container_group::{Container, ContainerGroup, Next, Phase, Provisioning, State};
use super::happening::{Happening, joined};
use crate::contract::{Command, SandboxId};

/// How long old containers may take to end before the next deployment begins anyway.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// How long a provisioning may take before it counts as failed (`provisioningTimeoutInSeconds`).
const PROVISIONING: SignedDuration = SignedDuration::from_secs(1800);
/// The exit code of a container that the platform ended (Azure's page "Troubleshoot common issues").
const PLATFORM_INITIATED: i32 = 7147;

/// Deploys the group's wish in a new sandbox, at once or as soon as the old containers have ended.
/// While `Updating`, the old instance view stays until the new containers run (azure-powershell,
/// Restart-AzContainerGroup); else nothing of it stays.
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
    let names = group.wanted().chain(group.inits()).map(|(name, _)| name.to_owned());
    let names: Vec<String> = names.collect();
    group.containers.retain(|name, _| state == Provisioning::Updating && names.contains(name));
    for name in names {
        let container = group.containers.entry(name).or_insert_with(Container::new);
        container.phase = Phase::Pulling;
        container.started = false;
        container.restarts = 0;
        container.failures = 0;
        container.watches.clear();
        container.unwell = false;
    }
    if group.alive.is_empty() {
        return begin(group, sandbox, commands);
    }
    commands.push(Command::Stop { sandbox: group.sandbox });
    let kills = group.next.as_ref().map_or(1, |next| next.kills + 1);
    group.next = Some(Next { sandbox, by: now + PATIENCE, kills });
}

/// Deploys the same wish again. What happened before is told again, after a start as soon as there is something new
/// (azure-sdk-for-net, ContainerGroupsStartRestartStopTest).
pub(super) fn again(
    group: &mut ContainerGroup,
    sandbox: SandboxId,
    state: Provisioning,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    let told = |(name, container): (&String, &Container)| {
        (name.clone(), joined(container.earlier.clone(), container.events.clone()))
    };
    let earlier: BTreeMap<String, Vec<Happening>> = group.containers.iter().map(told).collect();
    deploy(group, sandbox, state, now, commands);
    if state == Provisioning::Updating {
        return;
    }
    for (name, events) in earlier {
        if let Some(container) = group.containers.get_mut(&name) {
            container.earlier = events;
        }
    }
}

/// Begins in a new sandbox with what every container waits for.
fn begin(group: &mut ContainerGroup, sandbox: SandboxId, commands: &mut Vec<Command>) {
    if group.sandbox != sandbox && group.sandbox != SandboxId(0) {
        commands.push(Command::Discard { sandbox: group.sandbox });
    }
    group.sandbox = sandbox;
    group.next = None;
    group.alive.clear();
    commands.push(Command::Open { sandbox, volumes: volumes(group) });
    for container in group.containers.values_mut().filter(|container| container.phase != Phase::Ended) {
        container.phase = Phase::Held;
    }
    proceed(group, commands);
}

/// Gives the containers that run the config maps of a wish that differs in nothing else.
pub(super) fn configure(group: &mut ContainerGroup, wish: Wish, commands: &mut Vec<Command>) {
    let config = |group: &ContainerGroup, name: &str| config(wanted(group, name));
    let running = group.containers.iter().filter(|(_, container)| container.phase == Phase::Running);
    let before: Vec<_> = running.map(|(name, _)| (name.clone(), config(group, name))).collect();
    group.take(wish);
    for (container, before) in before {
        let config = config(group, &container);
        if config != before {
            commands.push(Command::Configure { sandbox: group.sandbox, container, config });
        }
    }
}

/// Lets time pass: ends back-offs, gives up waiting.
pub(super) fn advance(group: &mut ContainerGroup, now: Timestamp, commands: &mut Vec<Command>) {
    if let Some(next) = group.next.clone().filter(|next| next.by <= now) {
        note_killed(group, next.kills, now);
        begin(group, next.sandbox, commands);
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
    probing::look(group, now, commands);
    if is_provisioning(group) && group.since + PROVISIONING <= now {
        group.provisioning = Provisioning::Failed;
    }
}

/// When [`advance`] next has something to do.
pub(super) fn due(group: &ContainerGroup) -> Option<Timestamp> {
    let back_offs = group.containers.values().filter_map(|container| match container.phase {
        Phase::BackOff { until, .. } => Some(until),
        _ => None,
    });
    let next = group.next.iter().map(|next| next.by);
    let timeout = is_provisioning(group).then(|| group.since + PROVISIONING);
    back_offs.chain(next).chain(timeout).chain(probing::due(group)).min()
}

/// Stops the group as a client asked.
pub(super) fn stop(group: &mut ContainerGroup, now: Timestamp, commands: &mut Vec<Command>) {
    commands.push(Command::Stop { sandbox: group.sandbox });
    group.stopped = true;
    group.next = None;
    group.provisioning = Provisioning::Succeeded;
    for container in group.containers.values_mut().filter(|c| c.phase != Phase::Ended) {
        // What it did before, waiting included (azure-libraries-for-java, testContainerInstanceWithPublicIpAddressWithSystemAssignedMsi).
        match container.current.take() {
            Some(State::Terminated { .. }) => {}
            Some(before) => container.previous = Some(before),
            None => {
                let detail = "Waiting to run".to_owned();
                container.previous = Some(State::Waiting { detail });
            }
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
    let inits: Vec<String> = group.inits().map(|(name, _)| name.to_owned()).collect();
    let waits =
        group.wanted().any(|(name, _)| group.containers.get(name).is_some_and(|c| c.phase != Phase::Ended));
    if group.next.is_none() {
        for (name, container) in &mut group.containers {
            if container.phase == Phase::Running {
                note_lost(name, container, now);
                ended(container, End { code: PLATFORM_INITIATED, out_of_memory: false }, now);
                container.previous = container.current.take();
                container.current = Some(State::Waiting { detail: String::new() });
            }
        }
    }
    // What has not started yet waits for init containers, which all run again on the new machine.
    for (name, container) in &mut group.containers {
        container.watches.clear();
        if waits && inits.contains(name) {
            container.phase = Phase::Held;
        }
    }
    begin(group, sandbox, commands);
}

fn is_provisioning(group: &ContainerGroup) -> bool {
    matches!(group.provisioning, Provisioning::Pending | Provisioning::Creating | Provisioning::Updating)
}
