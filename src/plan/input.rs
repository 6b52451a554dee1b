//! What goes into a run, as digests that its record remembers.
//!
//! Secrets go in by reference: a new value of the same variable is no new input. The digests belong to version 1 of the
//! record; another way to make them needs another version of it.

use std::convert::Infallible;

use serde::Serialize;

use crate::model::digest::hex;
use crate::model::group::{Container, EnvironmentVariable, Group, Port, Resources};
use crate::model::name::Name;
use crate::model::record::{DIGITS, InputDigest};
use crate::model::secret::{SecretRef, SecretSource};
use crate::model::stack::{EphemeralRun, RunKind, RunValue, Stack, StrongRun, TaskRun};

/// The part of a digest that a kind of run does not have.
const NOTHING: &str = "0";

/// Digests what goes into a run.
pub fn digest(run: &TaskRun, stack: &Stack) -> InputDigest {
    let group = |name| stack.groups.get(name).map(|declared| referenced(&declared.group)).unwrap_or_default();
    match run.declared.as_ref().unwrap_or(&run.kind) {
        RunKind::Strong(strong) => {
            let StrongRun {
                group: name,
                command,
                environment,
                working_directory,
                idle_timeout: _,
                interrupted: _,
            } = strong;
            let containers = group(name);
            let own: Vec<_> = environment.iter().map(|(name, value)| (name, own_value(value))).collect();
            InputDigest {
                image: hex(&images(&containers), DIGITS),
                command: hex(&(command, working_directory), DIGITS),
                environment: hex(&(environments(&containers), own), DIGITS),
                template: NOTHING.to_owned(),
            }
        }
        RunKind::Persistent { group: name, concurrency: _ } => {
            of_containers(&group(name), NOTHING.to_owned())
        }
        RunKind::Ephemeral(ephemeral) => {
            let containers = referenced(&ephemeral.group);
            // A manifest of the resource group that was renamed is no new input.
            let declared = stack.resource_groups.get(&ephemeral.resource_group);
            let before = declared.and_then(|declared| declared.moved_from.as_ref());
            let place = before.unwrap_or(&ephemeral.resource_group);
            of_containers(&containers, template(ephemeral, place, &containers))
        }
    }
}

/// The digest of all that is neither image, command nor environment.
fn template(ephemeral: &EphemeralRun, resource_group: &Name, containers: &[Container<SecretRef>]) -> String {
    let place = (resource_group.as_str().to_ascii_lowercase(), &ephemeral.location);
    let (rest, others): (Vec<_>, Vec<_>) = containers.iter().map(parts).unzip();
    let Ok(mut group) =
        ephemeral.group.clone().map(&mut |source: SecretSource| Ok::<_, Infallible>(source.reference));
    let (os_type, restart_policy) =
        (std::mem::take(&mut group.os_type), std::mem::take(&mut group.restart_policy));
    let ip_address = group.ip_address.take();
    group.containers = Vec::new();
    let known = (os_type, restart_policy, ip_address, rest, place);
    // What the language could not say when version 1 of the record began goes in only where it is said, so that digests
    // that were recorded before stay as they are.
    if group == Group::default() && others.iter().all(|other| *other == Container::default()) {
        hex(&known, DIGITS)
    } else {
        hex(&(known, group, others), DIGITS)
    }
}

/// A container's parts that have always been digested here, and all others.
fn parts(container: &Container<SecretRef>) -> ((String, Vec<Port>, Resources), Container<SecretRef>) {
    let mut other = container.clone();
    other.image.clear();
    other.command.clear();
    other.environment_variables.clear();
    let known = (
        std::mem::take(&mut other.name),
        std::mem::take(&mut other.ports),
        std::mem::take(&mut other.resources),
    );
    (known, other)
}

fn of_containers(containers: &[Container<SecretRef>], template: String) -> InputDigest {
    let commands: Vec<_> = containers.iter().map(|one| (&one.name, &one.command)).collect();
    InputDigest {
        image: hex(&images(containers), DIGITS),
        command: hex(&commands, DIGITS),
        environment: hex(&environments(containers), DIGITS),
        template,
    }
}

/// Digests the first items of an array; the record of an array says by it which items its bits belong to.
pub fn items(items: &[String]) -> String {
    hex(&items, DIGITS)
}

/// The containers with references for secrets, in an order that does not depend on the manifest's.
fn referenced(group: &Group<SecretSource>) -> Vec<Container<SecretRef>> {
    let Ok(group) = group.clone().map(&mut |source: SecretSource| Ok::<_, Infallible>(source.reference));
    let mut containers = group.containers;
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    for container in &mut containers {
        container.environment_variables.sort_by(|a, b| a.name.cmp(&b.name));
        container.ports.sort();
    }
    containers
}

fn images(containers: &[Container<SecretRef>]) -> Vec<(&String, &String)> {
    containers.iter().map(|one| (&one.name, &one.image)).collect()
}

fn environments(containers: &[Container<SecretRef>]) -> Vec<(&String, &Vec<EnvironmentVariable<SecretRef>>)> {
    containers.iter().map(|one| (&one.name, &one.environment_variables)).collect()
}

/// A run's own value; the two kinds never look alike.
#[derive(Serialize)]
enum OwnValue<'r> {
    Plain(&'r str),
    Secret(&'r SecretRef),
}

fn own_value(value: &RunValue) -> OwnValue<'_> {
    match value {
        RunValue::Plain(text) => OwnValue::Plain(text),
        RunValue::Secret(source) => OwnValue::Secret(&source.reference),
    }
}
