//! What differs between what is wanted and what is there, field by field.
//!
//! Invariant: equal shapes have no differences, and every property of the tree is compared (each struct is destructured
//! without `..`). What a difference costs is the table in [`crate::model::effect`]; tags are compared in [`super::tags`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::model::effect::Field;
use crate::model::group::{
    Container, EnvironmentVariable, Group, IpAddress, Port, ResourceRequests, Resources,
};
use crate::model::secret::Mark;
use crate::plan::shape::Shape;
use crate::plan::{Change, Value};

/// The differences that lead from the found to the wanted shape, in the order of the tree.
pub fn diff(wanted: &Shape, found: &Shape) -> Vec<Change> {
    let Group { os_type, restart_policy, containers, ip_address } = wanted.group();
    let mut changes = Changes(Vec::new());
    changes.text(Field::OsType, "osType", found.group().os_type, os_type);
    changes.text(Field::RestartPolicy, "restartPolicy", found.group().restart_policy, restart_policy);
    all_containers(&mut changes, containers, &found.group().containers);
    addresses(&mut changes, ip_address.as_ref(), found.group().ip_address.as_ref());
    changes.0
}

/// The difference of the regions, which Azure writes with and without spaces and in any case.
pub fn location(wanted: &str, found: &str) -> Option<Change> {
    let folded = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    let mut changes = Changes(Vec::new());
    changes.text(Field::Location, "location", folded(found), folded(wanted));
    changes.0.pop()
}

struct Changes(Vec<Change>);

impl Changes {
    fn put(&mut self, field: Field, path: impl Into<String>, before: Option<Value>, after: Option<Value>) {
        self.0.push(Change { field, path: path.into(), before, after });
    }

    fn text(&mut self, field: Field, path: impl Into<String>, before: impl Display, after: impl Display) {
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            self.put(field, path, Some(Value::Text(before)), Some(Value::Text(after)));
        }
    }

    fn list(&mut self, field: Field, path: impl Into<String>, before: Vec<String>, after: Vec<String>) {
        let value = |list: Vec<String>| (!list.is_empty()).then_some(Value::List(list));
        if before != after {
            self.put(field, path, value(before), value(after));
        }
    }
}

fn all_containers(changes: &mut Changes, wanted: &[Container<Mark>], found: &[Container<Mark>]) {
    let by_name = |list: &[Container<Mark>]| -> BTreeMap<String, Container<Mark>> {
        list.iter().map(|container| (container.name.clone(), container.clone())).collect()
    };
    let (wanted, found) = (by_name(wanted), by_name(found));
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    for name in names {
        let path = format!("containers[{name}]");
        match (wanted.get(name), found.get(name)) {
            (Some(wanted), Some(found)) => one_container(changes, &path, wanted, found),
            (wanted, found) => {
                let value = |side: Option<&Container<Mark>>| side.map(|one| Value::Text(one.image.clone()));
                changes.put(Field::Containers, path, value(found), value(wanted));
            }
        }
    }
}

fn one_container(changes: &mut Changes, path: &str, wanted: &Container<Mark>, found: &Container<Mark>) {
    let Container { name: _, image, command, environment_variables, ports, resources } = wanted;
    let Resources { requests: ResourceRequests { cpu, memory_in_gb } } = resources;
    let before = found.resources.requests;
    changes.text(Field::Image, format!("{path}.image"), &found.image, image);
    changes.list(Field::Command, format!("{path}.command"), found.command.clone(), command.clone());
    environment(changes, path, environment_variables, &found.environment_variables);
    changes.list(Field::Ports, format!("{path}.ports"), port_texts(&found.ports), port_texts(ports));
    changes.text(Field::Cpu, format!("{path}.resources.requests.cpu"), before.cpu, cpu);
    changes.text(
        Field::Memory,
        format!("{path}.resources.requests.memoryInGB"),
        before.memory_in_gb,
        memory_in_gb,
    );
}

fn environment(
    changes: &mut Changes,
    path: &str,
    wanted: &[EnvironmentVariable<Mark>],
    found: &[EnvironmentVariable<Mark>],
) {
    let by_name = |list: &[EnvironmentVariable<Mark>]| -> BTreeMap<String, Value> {
        list.iter().map(|variable| (variable.name.clone(), shown(variable))).collect()
    };
    let (wanted, found) = (by_name(wanted), by_name(found));
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    for name in names {
        let (before, after) = (found.get(name), wanted.get(name));
        if before != after {
            let path = format!("{path}.environmentVariables[{name}]");
            changes.put(Field::Environment, path, before.cloned(), after.cloned());
        }
    }
}

/// Secrets cannot be compared, so a secret on both sides shows as the same value and is no difference.
fn shown(variable: &EnvironmentVariable<Mark>) -> Value {
    let EnvironmentVariable { name: _, value, secure_value } = variable;
    match secure_value {
        Some(Mark) => Value::Hidden,
        None => Value::Text(value.clone().unwrap_or_default()),
    }
}

fn addresses(changes: &mut Changes, wanted: Option<&IpAddress>, found: Option<&IpAddress>) {
    let (Some(wanted), Some(found)) = (wanted, found) else {
        if wanted.is_some() != found.is_some() {
            let value = |side: Option<&IpAddress>| side.map(|address| Value::Text(address.kind.to_string()));
            changes.put(Field::IpAddress, "ipAddress", value(found), value(wanted));
        }
        return;
    };
    let IpAddress { kind, ports, dns_name_label } = wanted;
    changes.text(Field::IpAddress, "ipAddress.type", found.kind, kind);
    changes.list(Field::IpPorts, "ipAddress.ports", port_texts(&found.ports), port_texts(ports));
    if *dns_name_label != found.dns_name_label {
        let value = |label: &Option<String>| label.clone().map(Value::Text);
        let (before, after) = (value(&found.dns_name_label), value(dns_name_label));
        changes.put(Field::DnsNameLabel, "ipAddress.dnsNameLabel", before, after);
    }
}

fn port_texts(ports: &[Port]) -> Vec<String> {
    ports.iter().map(|Port { port, protocol }| format!("{port}/{protocol}")).collect()
}
