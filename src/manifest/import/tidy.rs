//! What is left out of a manifest because it holds anyway: Azure's defaults, and what the service adds to its answers.
//!
//! What is left out here has to be what `plan::shape` fills in or drops; `tests/it/real/import.rs` plans what was written.

use serde_yaml::{Mapping, Value};

use crate::model::group::{
    ConfigMap, Container, DnsScope, Group, IdentityAcls, IdentityType, Json, OsType, Probe, Protocol,
    ResourceLimits, RestartPolicy, Scheme, SecurityContext, Sku, VolumeMount,
};

/// Leaves defaults out of a group.
pub(super) fn group<S>(group: &mut Group<S>) {
    // What was seen as a whole stands there.
    group.arm = Json::new();
    for container in &mut group.containers {
        self::container(container);
    }
    for container in &mut group.init_containers {
        mounts(&mut container.volume_mounts);
        security(&mut container.security_context);
    }
    for volume in &mut group.volumes {
        if let Some(share) = &mut volume.azure_file {
            drop_if(&mut share.read_only, |flag| !flag);
        }
        if let Some(repository) = &mut volume.git_repo {
            drop_if(&mut repository.directory, String::is_empty);
            drop_if(&mut repository.revision, String::is_empty);
        }
    }
    if let Some(address) = &mut group.ip_address {
        drop_if(&mut address.dns_name_label, String::is_empty);
        let labelled = address.dns_name_label.is_some();
        drop_if(&mut address.auto_generated_domain_name_label_scope, |scope| {
            !labelled || *scope == DnsScope::Unsecure
        });
    }
    for subnet in &mut group.subnet_ids {
        drop_if(&mut subnet.name, String::is_empty);
    }
    if let Some(config) = &mut group.dns_config {
        drop_if(&mut config.search_domains, String::is_empty);
        drop_if(&mut config.options, String::is_empty);
    }
    for credential in &mut group.image_registry_credentials {
        for text in [&mut credential.username, &mut credential.identity, &mut credential.identity_url] {
            drop_if(text, String::is_empty);
        }
    }
    drop_if(&mut group.identity, |identity| identity.kind == IdentityType::None);
    drop_if(&mut group.identity_acls, |acls| *acls == IdentityAcls::default());
    drop_if(&mut group.diagnostics, |diagnostics| diagnostics.log_analytics.is_none());
    drop_if(&mut group.confidential_compute_properties, |properties| {
        properties.cce_policy.as_deref().is_none_or(str::is_empty)
    });
    drop_if(&mut group.container_group_profile, |profile| *profile == Default::default());
    drop_if(&mut group.standby_pool_profile, |profile| *profile == Default::default());
    if group.sku == Sku::NotSpecified {
        group.sku = Sku::Standard;
    }
}

fn container<S>(container: &mut Container<S>) {
    drop_if(&mut container.resources.limits, |limits| *limits == ResourceLimits::default());
    drop_if(&mut container.config_map, |ConfigMap { key_value_pairs }| key_value_pairs.is_empty());
    mounts(&mut container.volume_mounts);
    security(&mut container.security_context);
    for probe in [&mut container.liveness_probe, &mut container.readiness_probe].into_iter().flatten() {
        self::probe(probe);
    }
}

/// The numbers that hold where none are said are those of Kubernetes, whose probes these are.
fn probe(probe: &mut Probe) {
    let numbers = [
        (&mut probe.initial_delay_seconds, 0),
        (&mut probe.period_seconds, 10),
        (&mut probe.failure_threshold, 3),
        (&mut probe.success_threshold, 1),
        (&mut probe.timeout_seconds, 1),
    ];
    for (number, holds) in numbers {
        drop_if(number, |number| *number == holds);
    }
    if let Some(request) = &mut probe.http_get {
        drop_if(&mut request.path, |path| path.is_empty() || path == "/");
        drop_if(&mut request.scheme, |scheme| *scheme == Scheme::Http);
    }
}

fn security(context: &mut Option<SecurityContext>) {
    if let Some(context) = context {
        drop_if(&mut context.privileged, |flag| !flag);
        drop_if(&mut context.capabilities, |capabilities| *capabilities == Default::default());
        drop_if(&mut context.seccomp_profile, String::is_empty);
    }
    drop_if(context, |context| *context == SecurityContext::default());
}

fn mounts(mounts: &mut [VolumeMount]) {
    for mount in mounts {
        drop_if(&mut mount.read_only, |flag| !flag);
    }
}

fn drop_if<T>(value: &mut Option<T>, holds: impl FnOnce(&T) -> bool) {
    if value.as_ref().is_some_and(holds) {
        *value = None;
    }
}

/// Leaves out the words that the structs of a manifest always write.
pub(super) fn document(manifest: &mut Value) {
    let Some(spec) = manifest.get_mut("spec").and_then(Value::as_mapping_mut) else { return };
    without(spec, "osType", OsType::default().as_str());
    without(spec, "restartPolicy", RestartPolicy::default().as_str());
    if let Some(address) = spec.get_mut("ipAddress").and_then(Value::as_mapping_mut) {
        ports(address);
    }
    for container in spec.get_mut("containers").and_then(Value::as_sequence_mut).into_iter().flatten() {
        container.as_mapping_mut().into_iter().for_each(ports);
    }
}

fn ports(of: &mut Mapping) {
    for port in of.get_mut("ports").and_then(Value::as_sequence_mut).into_iter().flatten() {
        port.as_mapping_mut().into_iter().for_each(|port| without(port, "protocol", Protocol::Tcp.as_str()));
    }
}

fn without(mapping: &mut Mapping, key: &str, word: &str) {
    if mapping.get(key).and_then(Value::as_str) == Some(word) {
        mapping.remove(key);
    }
}
