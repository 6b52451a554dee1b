//! The order in which the containers of a deployment start: the init containers one after another, then all others at once.
//!
//! An init container must end with 0 before the next begins; under `Always` it is tried again as under `OnFailure`, and under
//! `Never` its failure is the group's (Azure's page on init containers). That the provisioning fails with it is assumed.

use super::launch::pull;
use crate::contract::Command;
use crate::world::container_group::{ContainerGroup, Phase, Provisioning, State};

/// Begins with what waits for nothing any more.
pub(super) fn proceed(group: &mut ContainerGroup, commands: &mut Vec<Command>) {
    let inits: Vec<String> = group.inits().map(|(name, _)| name.to_owned()).collect();
    for name in inits {
        match group.containers.get(&name) {
            Some(init) if init.phase == Phase::Held => return fetch(group, &name, commands),
            Some(init) if init.phase == Phase::Ended && has_succeeded(&init.current) => {}
            Some(_) => return,
            None => {}
        }
    }
    let held = group.containers.iter().filter(|(_, container)| container.phase == Phase::Held);
    for name in held.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
        fetch(group, &name, commands);
    }
}

/// Ends a deployment whose init container failed for good.
pub(super) fn give_up(group: &mut ContainerGroup) {
    for container in group.containers.values_mut().filter(|container| container.phase == Phase::Held) {
        container.phase = Phase::Ended;
    }
    group.provisioning = Provisioning::Failed;
}

fn fetch(group: &mut ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    if let Some(container) = group.containers.get_mut(name) {
        container.phase = Phase::Pulling;
    }
    pull(group, name, commands);
}

fn has_succeeded(state: &Option<State>) -> bool {
    matches!(state, Some(State::Terminated { code: Some(0), .. }))
}
