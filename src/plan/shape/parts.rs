//! The comparable forms of a group's parts.
//!
//! Invariant: what Azure never shows is in no part, so that it is never a difference: keys of storage accounts,
//! passwords, files of secret volumes, keys of workspaces, protected settings. Sources: `@secret` in the service's API
//! description; recordings of azure-libraries-for-java (AzureFileShareMount) and azure-cli (test_container_create).

use std::collections::BTreeMap;

use crate::model::group::{
    AzureFile, Capabilities, ConfidentialCompute, ConfigMap, Container, Diagnostics, DnsConfig, DnsScope,
    Encryption, EnvironmentVariable, Extension, GitRepo, HttpGet, Identity, IdentityAcl, IdentityAcls,
    IdentityType, InitContainer, IpAddress, LogAnalytics, Port, Probe, ProfileReference, RegistryCredential,
    ResourceLimits, Resources, Scheme, SecretReference, SecurityContext, Sku, StandbyPoolProfile, SubnetId,
    Volume, VolumeMount,
};
use crate::model::secret::Mark;

/// The parts of a list in their comparable form, in the order of their keys.
pub(super) fn sorted<T, K: Ord>(list: Vec<T>, part: impl Fn(T) -> T, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut list: Vec<T> = list.into_iter().map(part).collect();
    list.sort_by_key(key);
    list
}

/// Ids of resources, which Azure compares without regard to case (both `resourcegroups` and `resourceGroups` are recorded).
fn id(text: String) -> String {
    text.to_lowercase()
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn truth(flag: Option<bool>) -> Option<bool> {
    flag.filter(|flag| *flag)
}

pub(super) fn container(container: Container<Mark>) -> Container<Mark> {
    let Container {
        name,
        image,
        command,
        environment_variables,
        ports: unsorted,
        resources: Resources { requests, limits },
        volume_mounts,
        liveness_probe,
        readiness_probe,
        security_context: security,
        config_map,
    } = container;
    Container {
        name,
        image,
        command,
        environment_variables: environment(environment_variables),
        ports: ports(unsorted),
        resources: Resources {
            requests,
            limits: limits.filter(|limits| *limits != ResourceLimits::default()),
        },
        volume_mounts: mounts(volume_mounts),
        liveness_probe: liveness_probe.map(probe),
        readiness_probe: readiness_probe.map(probe),
        security_context: security.and_then(security_context),
        // The server adds an empty one. Source: recordings of azure-powershell, New-AzContainerGroup.
        config_map: config_map.filter(|ConfigMap { key_value_pairs }| !key_value_pairs.is_empty()),
    }
}

pub(super) fn init_container(container: InitContainer<Mark>) -> InitContainer<Mark> {
    let InitContainer {
        name,
        image,
        command,
        environment_variables,
        volume_mounts,
        security_context: security,
    } = container;
    InitContainer {
        name,
        image,
        command,
        environment_variables: environment(environment_variables),
        volume_mounts: mounts(volume_mounts),
        security_context: security.and_then(security_context),
    }
}

fn environment(variables: Vec<EnvironmentVariable<Mark>>) -> Vec<EnvironmentVariable<Mark>> {
    sorted(variables, |one| one, |one| one.name.clone())
}

fn mounts(mounts: Vec<VolumeMount>) -> Vec<VolumeMount> {
    let mount = |VolumeMount { name, mount_path, read_only }| VolumeMount {
        name,
        mount_path,
        read_only: truth(read_only),
    };
    sorted(mounts, mount, |one| one.mount_path.clone())
}

/// A probe with the numbers that hold where none are said: those of Kubernetes, whose probes these are.
fn probe(probe: Probe) -> Probe {
    let Probe {
        exec,
        http_get,
        initial_delay_seconds,
        period_seconds,
        failure_threshold,
        success_threshold,
        timeout_seconds,
    } = probe;
    let http_get = http_get.map(|HttpGet { path, port, scheme, mut http_headers }| {
        http_headers.sort();
        HttpGet {
            path: filled(path).or_else(|| Some("/".to_owned())),
            port,
            scheme: scheme.or(Some(Scheme::Http)),
            http_headers,
        }
    });
    Probe {
        exec,
        http_get,
        initial_delay_seconds: initial_delay_seconds.or(Some(0)),
        period_seconds: period_seconds.or(Some(10)),
        failure_threshold: failure_threshold.or(Some(3)),
        success_threshold: success_threshold.or(Some(1)),
        timeout_seconds: timeout_seconds.or(Some(1)),
    }
}

fn security_context(context: SecurityContext) -> Option<SecurityContext> {
    let SecurityContext {
        privileged,
        allow_privilege_escalation,
        capabilities,
        run_as_group,
        run_as_user,
        seccomp_profile,
    } = context;
    let capabilities = capabilities.map(|Capabilities { mut add, mut drop }| {
        add.sort();
        drop.sort();
        Capabilities { add, drop }
    });
    let context = SecurityContext {
        privileged: truth(privileged),
        allow_privilege_escalation,
        capabilities: capabilities.filter(|capabilities| *capabilities != Capabilities::default()),
        run_as_group,
        run_as_user,
        seccomp_profile: filled(seccomp_profile),
    };
    (context != SecurityContext::default()).then_some(context)
}

pub(super) fn volume(volume: Volume<Mark>) -> Volume<Mark> {
    let Volume { name, azure_file, empty_dir, secret, secret_reference, git_repo } = volume;
    let azure_file = azure_file.map(|file| {
        let AzureFile {
            share_name,
            storage_account_name,
            read_only,
            storage_account_key: _,
            storage_account_key_reference,
            user_assigned_identity_client_id,
        } = file;
        AzureFile {
            share_name,
            storage_account_name,
            read_only: truth(read_only),
            storage_account_key: None,
            storage_account_key_reference,
            user_assigned_identity_client_id: user_assigned_identity_client_id.map(id),
        }
    });
    let git_repo = git_repo.map(|GitRepo { repository, directory, revision }| GitRepo {
        repository,
        directory: filled(directory),
        revision: filled(revision),
    });
    // Of a secret volume the server shows `{}`: not even the names of its files.
    Volume {
        name,
        azure_file,
        empty_dir,
        secret: secret.map(|_| BTreeMap::new()),
        secret_reference,
        git_repo,
    }
}

pub(super) fn address(address: IpAddress) -> IpAddress {
    let IpAddress { kind, ports: unsorted, dns_name_label, auto_generated_domain_name_label_scope } = address;
    let dns_name_label = filled(dns_name_label);
    // Without a label the scope is not echoed, and what is not said is Unsecure. Source: recordings of azure-cli,
    // test_container_exec and test_container_create_with_auto_gen_dnl_scope.
    let scope = auto_generated_domain_name_label_scope
        .filter(|scope| dns_name_label.is_some() && *scope != DnsScope::Unsecure);
    IpAddress { kind, ports: ports(unsorted), dns_name_label, auto_generated_domain_name_label_scope: scope }
}

fn ports(mut ports: Vec<Port>) -> Vec<Port> {
    ports.sort();
    ports.dedup();
    ports
}

pub(super) fn subnet(subnet: SubnetId) -> SubnetId {
    let SubnetId { id: subnet, name } = subnet;
    SubnetId { id: id(subnet), name: filled(name) }
}

pub(super) fn dns_config(config: DnsConfig) -> DnsConfig {
    let DnsConfig { name_servers, search_domains, options } = config;
    DnsConfig { name_servers, search_domains: filled(search_domains), options: filled(options) }
}

pub(super) fn credential(credential: RegistryCredential<Mark>) -> RegistryCredential<Mark> {
    let RegistryCredential { server, username, password: _, password_reference, identity, identity_url } =
        credential;
    RegistryCredential {
        server: server.to_lowercase(),
        username: filled(username),
        password: None,
        password_reference,
        identity: filled(identity).map(id),
        identity_url: filled(identity_url),
    }
}

pub(super) fn identity(identity: Identity) -> Option<Identity> {
    let Identity { kind, user_assigned_identities } = identity;
    let user_assigned_identities =
        user_assigned_identities.into_iter().map(|(name, own)| (id(name), own)).collect();
    (kind != IdentityType::None).then_some(Identity { kind, user_assigned_identities })
}

pub(super) fn identity_acls(acls: IdentityAcls) -> Option<IdentityAcls> {
    let IdentityAcls { default_access, acls } = acls;
    let acl = |IdentityAcl { identity, access }| IdentityAcl { identity: id(identity), access };
    let acls = IdentityAcls { default_access, acls: sorted(acls, acl, Clone::clone) };
    (acls != IdentityAcls::default()).then_some(acls)
}

pub(super) fn secret_reference(reference: SecretReference) -> SecretReference {
    let SecretReference { name, identity, secret_reference_uri } = reference;
    SecretReference { name, identity: id(identity), secret_reference_uri }
}

pub(super) fn diagnostics(diagnostics: Diagnostics<Mark>) -> Option<Diagnostics<Mark>> {
    let Diagnostics { log_analytics } = diagnostics;
    let LogAnalytics { workspace_id, workspace_key: _, workspace_resource_id, log_type, metadata } =
        log_analytics?;
    let workspace_resource_id = filled(workspace_resource_id).map(id);
    let workspace =
        LogAnalytics { workspace_id, workspace_key: None, workspace_resource_id, log_type, metadata };
    Some(Diagnostics { log_analytics: Some(workspace) })
}

pub(super) fn sku(sku: Sku) -> Sku {
    if sku == Sku::NotSpecified { Sku::Standard } else { sku }
}

pub(super) fn encryption(encryption: Encryption) -> Encryption {
    let Encryption { vault_base_url, key_name, key_version, identity } = encryption;
    Encryption { vault_base_url, key_name, key_version, identity: filled(identity).map(id) }
}

/// The policy that the service gives a group that none was given for: all is allowed (azure-cli,
/// test_container_create_with_confidential_sku).
pub(in crate::plan) const ALLOW_ALL: &str = "cGFja2FnZSBwb2xpY3kKCmFwaV9zdm4gOj0gIjAuMTAuMCIKCm1vdW50X2RldmljZSA6PSB7ImFsbG93ZWQiOiB0cnVlfQptb3VudF9vdmVybGF5IDo9IHsiYWxsb3dlZCI6IHRydWV9CmNyZWF0ZV9jb250YWluZXIgOj0geyJhbGxvd2VkIjogdHJ1ZSwgImVudl9saXN0IjogbnVsbCwgImFsbG93X3N0ZGlvX2FjY2VzcyI6IHRydWV9CnVubW91bnRfZGV2aWNlIDo9IHsiYWxsb3dlZCI6IHRydWV9IAp1bm1vdW50X292ZXJsYXkgOj0geyJhbGxvd2VkIjogdHJ1ZX0KZXhlY19pbl9jb250YWluZXIgOj0geyJhbGxvd2VkIjogdHJ1ZSwgImVudl9saXN0IjogbnVsbH0KZXhlY19leHRlcm5hbCA6PSB7ImFsbG93ZWQiOiB0cnVlLCAiZW52X2xpc3QiOiBudWxsLCAiYWxsb3dfc3RkaW9fYWNjZXNzIjogdHJ1ZX0Kc2h1dGRvd25fY29udGFpbmVyIDo9IHsiYWxsb3dlZCI6IHRydWV9CnNpZ25hbF9jb250YWluZXJfcHJvY2VzcyA6PSB7ImFsbG93ZWQiOiB0cnVlfQpwbGFuOV9tb3VudCA6PSB7ImFsbG93ZWQiOiB0cnVlfQpwbGFuOV91bm1vdW50IDo9IHsiYWxsb3dlZCI6IHRydWV9CmdldF9wcm9wZXJ0aWVzIDo9IHsiYWxsb3dlZCI6IHRydWV9CmR1bXBfc3RhY2tzIDo9IHsiYWxsb3dlZCI6IHRydWV9CnJ1bnRpbWVfbG9nZ2luZyA6PSB7ImFsbG93ZWQiOiB0cnVlfQpsb2FkX2ZyYWdtZW50IDo9IHsiYWxsb3dlZCI6IHRydWV9CnNjcmF0Y2hfbW91bnQgOj0geyJhbGxvd2VkIjogdHJ1ZX0Kc2NyYXRjaF91bm1vdW50IDo9IHsiYWxsb3dlZCI6IHRydWV9Cg==";

pub(super) fn confidential(properties: ConfidentialCompute) -> Option<ConfidentialCompute> {
    let ConfidentialCompute { cce_policy } = properties;
    let own = filled(cce_policy).filter(|policy| policy != ALLOW_ALL);
    own.map(|policy| ConfidentialCompute { cce_policy: Some(policy) })
}

pub(super) fn extension(extension: Extension<Mark>) -> Extension<Mark> {
    let Extension { name, extension_type, version, settings, protected_settings: _ } = extension;
    Extension { name, extension_type, version, settings, protected_settings: BTreeMap::new() }
}

pub(super) fn profile(profile: ProfileReference) -> Option<ProfileReference> {
    let ProfileReference { id: of, revision } = profile;
    let profile = ProfileReference { id: filled(of).map(id), revision };
    (profile != ProfileReference::default()).then_some(profile)
}

pub(super) fn standby_pool(profile: StandbyPoolProfile) -> Option<StandbyPoolProfile> {
    let StandbyPoolProfile { id: of, fail_container_group_create_on_reuse_failure } = profile;
    let profile = StandbyPoolProfile {
        id: filled(of).map(id),
        fail_container_group_create_on_reuse_failure: truth(fail_container_group_create_on_reuse_failure),
    };
    (profile != StandbyPoolProfile::default()).then_some(profile)
}
