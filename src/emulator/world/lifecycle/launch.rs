//! How a container is started: from the wish of its group to the commands for a runtime.

use serde_json::Value;

use crate::contract::{Command, ImageSource, Launch};
use crate::world::container_group::{ContainerGroup, Phase};

/// Commands the pull of a container's image.
pub(super) fn pull(group: &ContainerGroup, name: &str, commands: &mut Vec<Command>) {
    let image = image(group, name);
    let container = name.to_owned();
    let source = ImageSource { image, credential: None };
    commands.push(Command::Pull { sandbox: group.sandbox, container, source });
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

fn wanted<'a>(group: &'a ContainerGroup, name: &str) -> &'a Value {
    group.wanted().find(|(wanted, _)| *wanted == name).map_or(&Value::Null, |(_, wish)| wish)
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
        let secret = variable.get("secureValue").filter(|value| !value.is_null());
        (text(&variable["name"]), text(secret.unwrap_or(&variable["value"])))
    });
    let amount = |name: &str| {
        let resources = &wish["resources"];
        resources["limits"][name].as_f64().or(resources["requests"][name].as_f64()).unwrap_or(1.0)
    };
    Launch {
        source: ImageSource { image: text(&wish["image"]), credential: None },
        command: list("command").map(text).collect(),
        environment: environment.collect(),
        hostname: format!("SandboxHost-{}", group.sandbox.0),
        cpu_milli: Some((amount("cpu") * 1000.0).round() as u32),
        memory_mib: Some((amount("memoryInGB") * 1024.0).round() as u32),
        ..Launch::default()
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
