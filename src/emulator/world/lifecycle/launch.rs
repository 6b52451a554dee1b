//! How a container is started: from the wish of its group to the commands for a runtime.

use serde_json::Value;

use super::volumes::{config, mounts};
use crate::contract::{Command, Launch};
use crate::world::container_group::{ContainerGroup, Phase};
use crate::world::source::source;

/// Commands the pull of a container's image.
pub(super) fn pull(group: &ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    let source = source(&group.properties, &group.secrets, &image(group, name));
    commands.push(Command::Pull { sandbox: group.sandbox, container: name.to_owned(), source });
}

/// Commands the start of a container; from now on its process may run.
pub(super) fn start(group: &mut ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    let launch = launch(group, name);
    let Some(container) = group.containers.get_mut(name) else {
        return;
    };
    container.phase = Phase::Starting;
    group.alive.insert(name.to_owned());
    let container = name.to_owned();
    commands.push(Command::Start { sandbox: group.sandbox, container, launch });
}

/// The wish of a container or an init container.
pub(super) fn wanted<'a>(group: &'a ContainerGroup, name: &str) -> &'a Value {
    let mut all = group.wanted().chain(group.inits());
    all.find(|(wanted, _)| *wanted == name).map_or(&Value::Null, |(_, wish)| wish)
}

/// The image that a container is to run.
pub(super) fn image(group: &ContainerGroup, name: &str) -> String {
    wanted(group, name)["image"].as_str().unwrap_or_default().to_owned()
}

fn launch(group: &ContainerGroup, name: &str) -> Launch {
    let wish = wanted(group, name);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| wish[name].as_array().into_iter().flatten();
    let environment = list("environmentVariables").map(|variable| {
        let referred = variable["secureValueReference"].as_str().and_then(|name| group.secrets.get(name));
        let value = referred
            .cloned()
            .unwrap_or_else(|| text(variable.get("secureValue").unwrap_or(&variable["value"])));
        (text(&variable["name"]), value)
    });
    let init = group.is_init(name);
    let amount = |name: &str, unit: f64| {
        let resources = &wish["resources"];
        let amount = resources["limits"][name].as_f64().or(resources["requests"][name].as_f64());
        (!init).then(|| (amount.unwrap_or(1.0) * unit).round() as u32)
    };
    let id = |name: &str| wish["securityContext"][name].as_u64().and_then(|id| u32::try_from(id).ok());
    Launch {
        source: source(&group.properties, &group.secrets, &image(group, name)),
        command: list("command").map(text).collect(),
        environment: environment.collect(),
        hostname: format!("SandboxHost-{}", group.sandbox.0),
        cpu_milli: amount("cpu", 1000.0),
        memory_mib: amount("memoryInGB", 1024.0),
        mounts: mounts(wish),
        config: config(wish),
        user: id("runAsUser"),
        group: id("runAsGroup"),
    }
}

/// The image by digest, as the events name it.
pub(super) fn pinned(image: &str, digest: &str) -> String {
    let repository = image.split('@').next().unwrap_or(image);
    let repository = match repository.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => repository,
    };
    format!("{repository}@{digest}")
}
