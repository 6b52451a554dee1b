//! What the engine is asked to make of a launch, and what its refusals mean in ACI's words.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount as EngineMount, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use rustix::process::{Resource, getrlimit};

use super::engine::{Can, Engine};
use crate::contract::Launch;

/// The container of a launch, of an image that the engine has.
pub(super) fn container(
    engine: &Engine,
    image: &str,
    launch: &Launch,
    mounts: Vec<EngineMount>,
    labels: HashMap<String, String>,
    image_user: &str,
) -> ContainerCreateBody {
    let Launch {
        source: _,
        command,
        environment,
        hostname,
        cpu_milli,
        memory_mib,
        mounts: _,
        config: _,
        user,
        group,
    } = launch;
    let limits = limits(engine.can, *cpu_milli, *memory_mib);
    ContainerCreateBody {
        image: Some(image.to_owned()),
        hostname: Some(hostname.clone()).filter(|name| !name.is_empty()),
        entrypoint: Some(command.clone()).filter(|command| !command.is_empty()),
        env: Some(environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: identity(*user, *group, image_user),
        labels: Some(labels),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some("host".to_owned()),
            mounts: Some(mounts),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::NO),
                maximum_retry_count: None,
            }),
            ulimits: engine.is_podman.then(ulimits),
            ..limits
        }),
        ..ContainerCreateBody::default()
    }
}

/// As far as the engine can; a group of four cores runs on a machine of two.
fn limits(can: Can, cpu_milli: Option<u32>, memory_mib: Option<u32>) -> HostConfig {
    let most = can.cores.map_or(u32::MAX, |cores| cores.saturating_mul(1000));
    let cpu = cpu_milli.filter(|_| can.limit_cpu).map(|milli| i64::from(milli.clamp(10, most)) * 1_000_000);
    let memory = memory_mib.filter(|_| can.limit_memory).map(|mib| i64::from(mib) << 20);
    // Without swap: a container over its limit is to end, not to crawl.
    HostConfig {
        nano_cpus: cpu,
        memory,
        memory_swap: memory.filter(|_| can.limit_swap),
        ..HostConfig::default()
    }
}

/// Podman asks for more open files and processes than some machines let it have; our own limits are no more than those.
fn ulimits() -> Vec<ResourcesUlimits> {
    let most_processes = std::fs::read_to_string("/proc/sys/kernel/pid_max").ok();
    let most_processes = most_processes.and_then(|text| text.trim().parse().ok()).unwrap_or(32_768);
    [("nofile", Resource::Nofile, 1_048_576), ("nproc", Resource::Nproc, most_processes)]
        .map(|(name, resource, most)| {
            let own = getrlimit(resource).maximum.and_then(|own| i64::try_from(own).ok());
            let limit = own.map_or(most, |own| own.min(most));
            ResourcesUlimits { name: Some(name.to_owned()), soft: Some(limit), hard: Some(limit) }
        })
        .to_vec()
}

/// The `user:group` that replaces the image's.
fn identity(user: Option<u32>, group: Option<u32>, image_user: &str) -> Option<String> {
    let images = image_user.split(':').next().filter(|user| !user.is_empty()).unwrap_or("0");
    match (user, group) {
        (None, None) => None,
        (Some(user), None) => Some(user.to_string()),
        (Some(user), Some(group)) => Some(format!("{user}:{group}")),
        (None, Some(group)) => Some(format!("{images}:{group}")),
    }
}

/// A failure to start as ACI's events show it.
pub(super) fn start_failure(told: &str) -> String {
    let reason = reason(told).to_owned();
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {reason}: unknown"
    )
}

/// A failure to execute as ACI's exec stream shows it (azure-cli issue 10039), whose runtime looks for the program by its
/// name where engines search the path.
pub(super) fn exec_failure(told: &str) -> String {
    let reason = reason(told);
    let unfound = reason.strip_suffix("\": executable file not found in $PATH");
    let reason = match unfound.and_then(|quoted| quoted.strip_prefix("exec: \"")) {
        Some(name) => format!("exec: \"{name}\": stat {name}: no such file or directory"),
        None => reason.to_owned(),
    };
    format!("OCI runtime exec failed: exec failed: unable to start container process: {reason}: unknown")
}

/// The failure to execute behind an exit code, if that and what came with it say that the program never ran: engines
/// tell it like output of the program.
pub(super) fn unexecuted(code: i64, said: &str) -> Option<String> {
    let signs = ["OCI runtime exec failed", "Error: runc", "Error: crun"];
    let failed = matches!(code, 126..=128 | 255) && signs.iter().any(|sign| said.contains(sign));
    failed.then(|| exec_failure(said))
}

/// The cause at the heart of what an engine says: each has its own words around it.
fn reason(told: &str) -> &str {
    let told = told.trim();
    if ["no command specified", "no command or entrypoint provided"]
        .iter()
        .any(|words| told.to_ascii_lowercase().contains(words))
    {
        return "no command specified";
    }
    let inner = told.split_once("unable to start container process: ").map_or(told, |(_, inner)| inner);
    let ends = [": unknown", ": OCI runtime attempted", ": OCI permission denied", ": OCI runtime error"];
    let end = ends.iter().filter_map(|end| inner.rfind(end)).min();
    end.and_then(|end| inner.get(..end)).unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_say_is_told_in_one_way() {
        for (told, heart) in [
            (
                "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"nope\": executable file not found in $PATH: unknown",
                "exec: \"nope\": executable file not found in $PATH",
            ),
            (
                "runc: runc create failed: unable to start container process: exec: \"/nope\": stat /nope: no such file or directory: OCI runtime attempted to invoke a command that was not found",
                "exec: \"/nope\": stat /nope: no such file or directory",
            ),
            (
                "Error: runc: exec failed: unable to start container process: exec: \"/etc\": permission denied: OCI permission denied\r\n",
                "exec: \"/etc\": permission denied",
            ),
            ("No command specified", "no command specified"),
            (
                "container create: no command or entrypoint provided, and no CMD or ENTRYPOINT from image",
                "no command specified",
            ),
            ("something else", "something else"),
        ] {
            assert_eq!(reason(told), heart, "{told}");
            assert!(
                start_failure(told)
                    .ends_with(&format!("unable to start container process: {heart}: unknown"))
            );
        }
    }

    #[test]
    fn an_exec_of_no_program_is_told_as_aci_tells_it() {
        for (told, heart) in [
            (
                "exec: \"ls -la\": executable file not found in $PATH: unknown",
                "exec: \"ls -la\": stat ls -la: no such file or directory",
            ),
            ("exec: \"/etc\": permission denied: unknown", "exec: \"/etc\": permission denied"),
        ] {
            let whole = exec_failure(&format!(
                "OCI runtime exec failed: exec failed: unable to start container process: {told}"
            ));
            assert_eq!(
                whole,
                format!(
                    "OCI runtime exec failed: exec failed: unable to start container process: {heart}: unknown"
                )
            );
        }
    }

    #[test]
    fn a_group_alone_keeps_the_images_user() {
        for (user, group, image, wanted) in [
            (None, None, "5", None),
            (Some(7), None, "5", Some("7")),
            (Some(7), Some(8), "5", Some("7:8")),
            (None, Some(8), "5:6", Some("5:8")),
            (None, Some(8), "", Some("0:8")),
        ] {
            assert_eq!(identity(user, group, image).as_deref(), wanted, "{user:?} {group:?} {image}");
        }
    }

    #[test]
    fn limits_are_what_the_engine_can() {
        let can = Can { cores: Some(2), limit_cpu: true, limit_memory: true, limit_swap: true };
        let made = limits(can, Some(4000), Some(64));
        assert_eq!(
            (made.nano_cpus, made.memory, made.memory_swap),
            (Some(2_000_000_000), Some(64 << 20), Some(64 << 20))
        );
        let made = limits(Can::default(), Some(500), Some(64));
        assert_eq!((made.nano_cpus, made.memory, made.memory_swap), (None, None, None));
    }
}
