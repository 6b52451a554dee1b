//! What differs between what is wanted and what is there, field by field.
//!
//! Invariant: equal shapes have no differences, and every property of the tree is compared (each struct is destructured
//! without `..`). What a difference costs is the table in [`crate::model::effect`]; tags are compared in [`super::tags`].

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::model::effect::Field;
use crate::model::group::{
    Container, Diagnostics, DnsScope, EnvironmentVariable, Group, InitContainer, IpAddress, LogAnalytics,
    Port, ResourceRequests, Resources,
};
use crate::model::region;
use crate::model::secret::Mark;
use crate::plan::applied::Origin;
use crate::plan::shape::{Shape, normalise};
use crate::plan::{Change, Value};

/// The differences that lead from the found to the wanted shape, in the order of the tree.
pub fn diff(wanted: &Shape, found: &Shape) -> Vec<Change> {
    if wanted == found {
        return Vec::new();
    }
    let Group {
        os_type,
        restart_policy,
        containers,
        init_containers,
        volumes,
        ip_address,
        subnet_ids,
        dns_config,
        image_registry_credentials,
        identity,
        identity_acls,
        secret_references,
        diagnostics,
        sku,
        priority,
        zones,
        encryption_properties,
        confidential_compute_properties,
        extensions,
        container_group_profile,
        standby_pool_profile,
        arm,
    } = wanted.group();
    let found = found.group();
    let mut changes = Changes(Vec::new());
    changes.text(Field::OsType, "osType", &found.os_type, os_type);
    changes.text(Field::RestartPolicy, "restartPolicy", &found.restart_policy, restart_policy);
    all_containers(&mut changes, containers, &found.containers);
    all_init_containers(&mut changes, init_containers, &found.init_containers);
    changes.tree(Field::Volumes, "volumes", &found.volumes, volumes);
    addresses(&mut changes, ip_address.as_ref(), found.ip_address.as_ref());
    changes.tree(Field::Subnets, "subnetIds", &found.subnet_ids, subnet_ids);
    changes.tree(Field::DnsConfig, "dnsConfig", &found.dns_config, dns_config);
    changes.tree(
        Field::RegistryCredentials,
        "imageRegistryCredentials",
        &found.image_registry_credentials,
        image_registry_credentials,
    );
    changes.tree(Field::Identity, "identity", &found.identity, identity);
    changes.tree(Field::IdentityAcls, "identityAcls", &found.identity_acls, identity_acls);
    changes.tree(Field::SecretReferences, "secretReferences", &found.secret_references, secret_references);
    let diagnostics = as_far_as_shown(diagnostics.clone(), found.diagnostics.as_ref());
    changes.tree(Field::Diagnostics, "diagnostics", &found.diagnostics, &diagnostics);
    changes.text(Field::Sku, "sku", &found.sku, sku);
    changes.text(Field::Priority, "priority", &found.priority, priority);
    changes.tree(Field::Zones, "zones", &found.zones, zones);
    changes.tree(
        Field::Encryption,
        "encryptionProperties",
        &found.encryption_properties,
        encryption_properties,
    );
    changes.tree(
        Field::ConfidentialCompute,
        "confidentialComputeProperties",
        &found.confidential_compute_properties,
        confidential_compute_properties,
    );
    changes.tree(Field::Extensions, "extensions", &found.extensions, extensions);
    changes.tree(
        Field::Profile,
        "containerGroupProfile",
        &found.container_group_profile,
        container_group_profile,
    );
    changes.tree(Field::StandbyPool, "standbyPoolProfile", &found.standby_pool_profile, standby_pool_profile);
    changes.arm(&found.arm, arm);
    changes.0
}

/// The differences that lead from what is there to what is wanted, whatever form either has.
pub fn groups(wanted: Group<Mark>, live: &Group<Mark>) -> Vec<Change> {
    // Most groups are as they are wanted, and there may be ten thousand: what is the same has the same form.
    if wanted == *live {
        return Vec::new();
    }
    diff(&normalise(wanted), &normalise(live.clone()))
}

/// The difference of the regions, which Azure writes with and without spaces and in any case.
pub fn location(wanted: &str, found: &str) -> Option<Change> {
    if wanted == found {
        return None;
    }
    let mut changes = Changes(Vec::new());
    changes.text(Field::Location, "location", &region::folded(found), &region::folded(wanted));
    changes.0.pop()
}

/// The difference of a field that the manifest says otherwise than when it was applied, though what is seen does not tell.
pub fn veiled(field: Field) -> Change {
    let value = |text: &str| Some(Value::Text(text.to_owned()));
    Change {
        field,
        path: field.path().to_owned(),
        before: value("(as it was applied; Azure does not show it)"),
        after: value("(as the manifest says now)"),
        origin: Origin::Unknown,
    }
}

struct Changes(Vec<Change>);

impl Changes {
    fn put(&mut self, field: Field, path: impl Display, before: Option<Value>, after: Option<Value>) {
        self.0.push(Change { field, path: path.to_string(), before, after, origin: Origin::Unknown });
    }

    fn text<T: Display + PartialEq>(&mut self, field: Field, path: impl Display, before: &T, after: &T) {
        if before == after {
            return;
        }
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            self.put(field, path, Some(Value::Text(before)), Some(Value::Text(after)));
        }
    }

    fn list(&mut self, field: Field, path: impl Display, before: &[String], after: &[String]) {
        let value = |list: &[String]| (!list.is_empty()).then(|| Value::List(list.to_vec()));
        if before != after {
            self.put(field, path, value(before), value(after));
        }
    }

    fn ports(&mut self, field: Field, path: impl Display, before: &[Port], after: &[Port]) {
        let texts = |ports: &[Port]| -> Vec<String> {
            ports.iter().map(|Port { port, protocol }| format!("{port}/{protocol}")).collect()
        };
        if before != after {
            self.list(field, path, &texts(before), &texts(after));
        }
    }
}

fn all_containers(changes: &mut Changes, wanted: &[Container<Mark>], found: &[Container<Mark>]) {
    if wanted == found {
        return;
    }
    fn by_name(list: &[Container<Mark>]) -> BTreeMap<&str, &Container<Mark>> {
        list.iter().map(|container| (container.name.as_str(), container)).collect()
    }
    let (wanted, found) = (by_name(wanted), by_name(found));
    let names: BTreeSet<&str> = wanted.keys().chain(found.keys()).copied().collect();
    for name in names {
        let path = format!("containers[{name}]");
        match (wanted.get(name), found.get(name)) {
            (Some(wanted), Some(found)) => one_container(changes, &path, wanted, found),
            (wanted, found) => {
                let value = |side: Option<&&Container<Mark>>| side.map(|one| Value::Text(one.image.clone()));
                changes.put(Field::Containers, path, value(found), value(wanted));
            }
        }
    }
}

fn one_container(changes: &mut Changes, path: &str, wanted: &Container<Mark>, found: &Container<Mark>) {
    let Container {
        name: _,
        image,
        command,
        environment_variables,
        ports,
        resources,
        volume_mounts,
        liveness_probe,
        readiness_probe,
        security_context,
        config_map,
    } = wanted;
    let Resources { requests: ResourceRequests { cpu, memory_in_gb, gpu }, limits } = resources;
    let before = found.resources.requests;
    changes.text(Field::Image, format_args!("{path}.image"), &found.image, image);
    changes.list(Field::Command, format_args!("{path}.command"), &found.command, command);
    environment(changes, path, environment_variables, &found.environment_variables);
    changes.ports(Field::Ports, format_args!("{path}.ports"), &found.ports, ports);
    changes.text(Field::Cpu, format_args!("{path}.resources.requests.cpu"), &before.cpu, cpu);
    changes.text(
        Field::Memory,
        format_args!("{path}.resources.requests.memoryInGB"),
        &before.memory_in_gb,
        memory_in_gb,
    );
    changes.tree(Field::Gpu, format_args!("{path}.resources.requests.gpu"), &before.gpu, gpu);
    changes.tree(Field::Limits, format_args!("{path}.resources.limits"), &found.resources.limits, limits);
    changes.tree(
        Field::VolumeMounts,
        format_args!("{path}.volumeMounts"),
        &found.volume_mounts,
        volume_mounts,
    );
    changes.tree(
        Field::LivenessProbe,
        format_args!("{path}.livenessProbe"),
        &found.liveness_probe,
        liveness_probe,
    );
    changes.tree(
        Field::ReadinessProbe,
        format_args!("{path}.readinessProbe"),
        &found.readiness_probe,
        readiness_probe,
    );
    changes.tree(
        Field::SecurityContext,
        format_args!("{path}.securityContext"),
        &found.security_context,
        security_context,
    );
    changes.tree(Field::ConfigMap, format_args!("{path}.configMap"), &found.config_map, config_map);
}

/// Init containers run in the order that is said, so their order is compared before they are.
fn all_init_containers(changes: &mut Changes, wanted: &[InitContainer<Mark>], found: &[InitContainer<Mark>]) {
    let names = |list: &[InitContainer<Mark>]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let (before, after) = (names(found), names(wanted));
    if before == after {
        changes.tree(Field::InitContainers, "initContainers", &found, &wanted);
    } else {
        changes.list(Field::InitContainers, "initContainers", &before, &after);
    }
}

/// What is wanted of diagnostics, without what the service does not show and so cannot be compared.
fn as_far_as_shown(
    wanted: Option<Diagnostics<Mark>>,
    found: Option<&Diagnostics<Mark>>,
) -> Option<Diagnostics<Mark>> {
    let mut wanted = wanted;
    if let Some(Diagnostics { log_analytics: Some(wanted) }) = &mut wanted
        && let Some(Diagnostics { log_analytics: Some(found) }) = found
    {
        let LogAnalytics { workspace_id: _, workspace_key: _, workspace_resource_id, log_type, metadata } =
            wanted;
        if found.workspace_resource_id.is_none() {
            *workspace_resource_id = None;
        }
        *log_type = log_type.filter(|_| found.log_type.is_some());
        if found.metadata.is_empty() {
            metadata.clear();
        }
    }
    wanted
}

fn environment(
    changes: &mut Changes,
    path: &str,
    wanted: &[EnvironmentVariable<Mark>],
    found: &[EnvironmentVariable<Mark>],
) {
    if wanted == found {
        return;
    }
    fn by_name(list: &[EnvironmentVariable<Mark>]) -> BTreeMap<&str, Value> {
        list.iter().map(|variable| (variable.name.as_str(), shown(variable))).collect()
    }
    let (wanted, found) = (by_name(wanted), by_name(found));
    let names: BTreeSet<&str> = wanted.keys().chain(found.keys()).copied().collect();
    for name in names {
        let (before, after) = (found.get(name), wanted.get(name));
        if before != after {
            let path = format_args!("{path}.environmentVariables[{name}]");
            changes.put(Field::Environment, path, before.cloned(), after.cloned());
        }
    }
}

/// Secrets cannot be compared, so a secret on both sides shows as the same value and is no difference.
fn shown(variable: &EnvironmentVariable<Mark>) -> Value {
    let EnvironmentVariable { name: _, value, secure_value, secure_value_reference } = variable;
    match (secure_value, secure_value_reference) {
        (Some(Mark), _) => Value::Hidden,
        (None, Some(reference)) => Value::Text(format!("the secret reference {reference}")),
        (None, None) => Value::Text(value.clone().unwrap_or_default()),
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
    let IpAddress { kind, ports, dns_name_label, auto_generated_domain_name_label_scope } = wanted;
    changes.text(Field::IpAddress, "ipAddress.type", &found.kind, kind);
    changes.ports(Field::IpPorts, "ipAddress.ports", &found.ports, ports);
    if *dns_name_label != found.dns_name_label {
        let value = |label: &Option<String>| label.clone().map(Value::Text);
        let (before, after) = (value(&found.dns_name_label), value(dns_name_label));
        changes.put(Field::DnsNameLabel, "ipAddress.dnsNameLabel", before, after);
    }
    let scope = |scope: Option<DnsScope>| scope.unwrap_or_default();
    changes.text(
        Field::DnsScope,
        "ipAddress.autoGeneratedDomainNameLabelScope",
        &scope(found.auto_generated_domain_name_label_scope),
        &scope(*auto_generated_domain_name_label_scope),
    );
}
