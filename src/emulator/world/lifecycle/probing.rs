//! Probes: when a runtime looks at a container, and what follows from what it saw.
//!
//! The rules and defaults are the kubelet's, as Azure's page says ("behaves like a Kubernetes liveness probe"): first after
//! `initialDelaySeconds` (0), then every `periodSeconds` (10), bad after `timeoutSeconds` (1) without an answer; after
//! `failureThreshold` (3) bad looks in a row the liveness probe ends the container. A zero stands for the default.
//! Each bad look is an event `Unhealthy`. The API has no field for readiness and the emulator leads no traffic to a
//! container, so that its readiness shows by these events alone, and `successThreshold` decides nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::launch::wanted;
use crate::contract::{Check, Command, Probe};
use crate::world::container_group::{ContainerGroup, Phase, RestartPolicy, Watch};
use crate::world::happening::{Name, note};

/// The probes of a container that has just started.
pub(super) fn watches(wish: &Value, now: Timestamp) -> BTreeMap<Probe, Watch> {
    [Probe::Liveness, Probe::Readiness]
        .into_iter()
        .filter_map(|probe| {
            let delay = number(wish.get(field(probe))?, "initialDelaySeconds", 0);
            let next = Some(now + SignedDuration::from_secs(delay));
            Some((probe, Watch { next, ..Watch::default() }))
        })
        .collect()
}

/// When the next look at a container of the group is due.
pub(super) fn due(group: &ContainerGroup) -> Option<Timestamp> {
    let running = group.containers.values().filter(|container| container.phase == Phase::Running);
    running.flat_map(|container| container.watches.values()).filter_map(|watch| watch.next).min()
}

/// Commands the looks that are due.
pub(super) fn look(group: &mut ContainerGroup, now: Timestamp, commands: &mut Vec<Command>) {
    let mut looks = Vec::new();
    for (name, container) in &mut group.containers {
        if container.phase != Phase::Running {
            continue;
        }
        for (probe, watch) in &mut container.watches {
            if watch.next.is_some_and(|next| next <= now) {
                watch.next = None;
                watch.looked = Some(now);
                looks.push((name.clone(), *probe));
            }
        }
    }
    for (container, probe) in looks {
        let wish = &wanted(group, &container)[field(probe)];
        let timeout = number(wish, "timeoutSeconds", 1).max(1);
        commands.push(Command::Probe {
            sandbox: group.sandbox,
            container: container.clone(),
            probe,
            check: check(wish),
            timeout_seconds: u32::try_from(timeout).unwrap_or(1),
        });
    }
}

/// Takes in what a probe saw.
pub(super) fn seen(
    group: &mut ContainerGroup,
    name: &str,
    probe: Probe,
    unwell: Option<String>,
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    let wish = &wanted(group, name)[field(probe)];
    let period = number(wish, "periodSeconds", 10).max(1);
    let threshold = number(wish, "failureThreshold", 3).max(1);
    let (policy, sandbox) = (group.policy(), group.sandbox);
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    let Some(watch) = container.watches.get_mut(&probe) else {
        return;
    };
    let looked = watch.looked.unwrap_or(now);
    watch.next = Some((looked + SignedDuration::from_secs(period)).max(now));
    let Some(reason) = unwell else {
        watch.bad = 0;
        return;
    };
    watch.bad += 1;
    let ends = probe == Probe::Liveness && i64::from(watch.bad) >= threshold;
    let what = if probe == Probe::Liveness { "Liveness" } else { "Readiness" };
    note(&mut container.events, Name::Unhealthy, format!("{what} probe failed: {reason}"), now);
    if ends {
        container.watches.clear();
        container.unwell = true;
        let again = if policy == RestartPolicy::Never { "" } else { ", will be restarted" };
        let message = format!("Container {name} failed liveness probe{again}");
        note(&mut container.events, Name::Killing, message, now);
        commands.push(Command::Kill { sandbox, container: name.to_owned() });
    }
}

fn field(probe: Probe) -> &'static str {
    match probe {
        Probe::Liveness => "livenessProbe",
        Probe::Readiness => "readinessProbe",
    }
}

fn number(wish: &Value, name: &str, default: i64) -> i64 {
    wish[name].as_i64().filter(|number| *number > 0).unwrap_or(default)
}

fn check(wish: &Value) -> Check {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let Some(http) = wish.get("httpGet") else {
        return Check::Exec(list(&wish["exec"]["command"]).iter().map(text).collect());
    };
    let path = text(&http["path"]);
    Check::Http {
        scheme: http["scheme"].as_str().unwrap_or("http").to_owned(),
        port: http["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        path: if path.starts_with('/') { path } else { format!("/{path}") },
        headers: list(&http["httpHeaders"])
            .iter()
            .map(|it| (text(&it["name"]), text(&it["value"])))
            .collect(),
    }
}
