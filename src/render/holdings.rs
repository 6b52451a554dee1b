//! What something that is to be made holds: the properties that people look for, secrets by name only.

use crate::model::group::{Container, EnvironmentVariable, Group, IpAddress, OsType, Port};
use crate::model::secret::SecretSource;
use crate::model::tag::{RESERVED, Tags};
use crate::plan::Deployment;
use crate::render::text::{command_line, harmless};

/// A key and what stands beside it.
pub type Row = (String, String);

/// What a container group holds.
pub fn deployment(deployment: &Deployment) -> Vec<Row> {
    let Deployment { location, tags, group } = deployment;
    let Group { os_type, restart_policy, containers, ip_address } = group;
    let mut rows = vec![row("location", location)];
    rows.extend(tag_row(tags));
    if *os_type != OsType::Linux {
        rows.push(row("os", os_type.as_str()));
    }
    rows.push(row("restart policy", restart_policy.as_str()));
    rows.extend(ip_address.as_ref().map(|address| row("address", &address_text(address))));
    rows.extend(containers.iter().flat_map(container));
    rows
}

/// The tags that are not acitask's own bookkeeping.
pub fn tag_row(tags: &Tags) -> Option<Row> {
    let shown: Vec<String> = tags
        .iter()
        .filter(|(name, _)| !name.to_ascii_lowercase().starts_with(RESERVED))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    (!shown.is_empty()).then(|| row("tags", &harmless(&shown.join(", "))))
}

fn container(container: &Container<SecretSource>) -> Vec<Row> {
    let Container { name, image, command, environment_variables, ports, resources } = container;
    let requests = resources.requests;
    let what = format!("{image} · {} CPU · {} GB", requests.cpu, requests.memory_in_gb);
    let mut rows = vec![row(&format!("container {name}"), &harmless(&what))];
    if !command.is_empty() {
        rows.push(row("  command", &command_line(command)));
    }
    if !environment_variables.is_empty() {
        let names: Vec<String> = environment_variables.iter().map(variable).collect();
        rows.push(row("  env", &names.join(", ")));
    }
    if !ports.is_empty() {
        rows.push(row("  ports", &ports_text(ports)));
    }
    rows
}

fn variable(variable: &EnvironmentVariable<SecretSource>) -> String {
    let EnvironmentVariable { name, value: _, secure_value } = variable;
    if secure_value.is_some() { format!("{name} (secret)") } else { name.clone() }
}

fn address_text(address: &IpAddress) -> String {
    let IpAddress { kind, ports, dns_name_label } = address;
    let label = dns_name_label.as_ref().map(|label| format!(" · DNS label {label}")).unwrap_or_default();
    format!("{kind} · {}{label}", ports_text(ports))
}

fn ports_text(ports: &[Port]) -> String {
    ports.iter().map(|port| format!("{}/{}", port.port, port.protocol)).collect::<Vec<_>>().join(", ")
}

fn row(key: &str, text: &str) -> Row {
    (key.to_owned(), text.to_owned())
}
