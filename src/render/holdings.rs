//! What something that is to be made holds: the properties that people look for, secrets by name only.

use crate::model::group::{
    Container, EnvironmentVariable, Group, InitContainer, IpAddress, OsType, Port, Priority, Sku, Volume,
    VolumeMount,
};
use crate::model::secret::SecretSource;
use crate::model::tag::{RESERVED, Tags};
use crate::plan::Deployment;
use crate::render::text::{command_line, harmless};

/// A key and what stands beside it.
pub type Row = (String, String);

/// What a container group holds.
pub fn deployment(deployment: &Deployment) -> Vec<Row> {
    let Deployment { location, tags, group } = deployment;
    let Group {
        os_type,
        restart_policy,
        containers,
        init_containers,
        volumes,
        ip_address,
        subnet_ids,
        dns_config: _,
        image_registry_credentials,
        identity,
        identity_acls: _,
        secret_references: _,
        diagnostics: _,
        sku,
        priority,
        zones,
        encryption_properties: _,
        confidential_compute_properties: _,
        extensions: _,
        container_group_profile: _,
        standby_pool_profile: _,
        arm: _,
    } = group;
    let mut rows = vec![row("location", location)];
    rows.extend(tag_row(tags));
    if *os_type != OsType::Linux {
        rows.push(row("os", os_type.as_str()));
    }
    rows.push(row("restart policy", restart_policy.as_str()));
    if *sku != Sku::Standard {
        rows.push(row("sku", sku.as_str()));
    }
    if *priority != Priority::Regular {
        rows.push(row("priority", priority.as_str()));
    }
    rows.extend(listed("zones", zones.iter().cloned()));
    rows.extend(identity.as_ref().map(|identity| row("identity", identity.kind.as_str())));
    rows.extend(ip_address.as_ref().map(|address| row("address", &address_text(address))));
    rows.extend(listed("subnets", subnet_ids.iter().map(|subnet| subnet.id.clone())));
    let servers = image_registry_credentials.iter().map(|credential| credential.server.clone());
    rows.extend(listed("registries", servers));
    rows.extend(listed("volumes", volumes.iter().map(volume_text)));
    rows.extend(init_containers.iter().flat_map(init_container));
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
    let Container {
        name,
        image,
        command,
        environment_variables,
        ports,
        resources,
        volume_mounts,
        liveness_probe: _,
        readiness_probe: _,
        security_context: _,
        config_map: _,
    } = container;
    let requests = resources.requests;
    let what = format!("{image} · {} CPU · {} GB", requests.cpu, requests.memory_in_gb);
    let mut rows = vec![row(&format!("container {name}"), &harmless(&what))];
    rows.extend(inside(command, environment_variables));
    if !ports.is_empty() {
        rows.push(row("  ports", &ports_text(ports)));
    }
    rows.extend(listed("  mounts", volume_mounts.iter().map(mount_text)));
    rows
}

fn init_container(container: &InitContainer<SecretSource>) -> Vec<Row> {
    let InitContainer { name, image, command, environment_variables, volume_mounts, security_context: _ } =
        container;
    let mut rows = vec![row(&format!("init container {name}"), &harmless(image))];
    rows.extend(inside(command, environment_variables));
    rows.extend(listed("  mounts", volume_mounts.iter().map(mount_text)));
    rows
}

fn inside(command: &[String], variables: &[EnvironmentVariable<SecretSource>]) -> Vec<Row> {
    let mut rows = Vec::new();
    if !command.is_empty() {
        rows.push(row("  command", &command_line(command)));
    }
    rows.extend(listed("  env", variables.iter().map(variable)));
    rows
}

fn listed(key: &str, texts: impl Iterator<Item = String>) -> Option<Row> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| row(key, &harmless(&texts.join(", "))))
}

fn mount_text(mount: &VolumeMount) -> String {
    let VolumeMount { name, mount_path, read_only } = mount;
    let only = if *read_only == Some(true) { " (read only)" } else { "" };
    format!("{name} at {mount_path}{only}")
}

fn volume_text(volume: &Volume<SecretSource>) -> String {
    let Volume { name, azure_file, empty_dir, secret, secret_reference, git_repo } = volume;
    let kinds = [
        (azure_file.is_some(), "azureFile"),
        (empty_dir.is_some(), "emptyDir"),
        (secret.is_some(), "secret"),
        (secret_reference.is_some(), "secretReference"),
        (git_repo.is_some(), "gitRepo"),
    ];
    let kinds: Vec<_> = kinds.into_iter().filter_map(|(is, kind)| is.then_some(kind)).collect();
    format!("{name} ({})", kinds.join(", "))
}

fn variable(variable: &EnvironmentVariable<SecretSource>) -> String {
    let EnvironmentVariable { name, value: _, secure_value, secure_value_reference } = variable;
    if secure_value.is_some() || secure_value_reference.is_some() {
        format!("{name} (secret)")
    } else {
        name.clone()
    }
}

fn address_text(address: &IpAddress) -> String {
    let IpAddress { kind, ports, dns_name_label, auto_generated_domain_name_label_scope: _ } = address;
    let label = dns_name_label.as_ref().map(|label| format!(" · DNS label {label}")).unwrap_or_default();
    format!("{kind} · {}{label}", ports_text(ports))
}

fn ports_text(ports: &[Port]) -> String {
    ports.iter().map(|port| format!("{}/{}", port.port, port.protocol)).collect::<Vec<_>>().join(", ")
}

fn row(key: &str, text: &str) -> Row {
    (key.to_owned(), text.to_owned())
}
