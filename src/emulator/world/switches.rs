//! The open questions about the service, each a named switch with a default.
//!
//! Nobody who wrote this could ask a live Azure; what the public sources leave open is settled here, and everything
//! built on the emulator must hold under every setting.
//!
//! # Where the sources disagree
//! These have no switch; this is what was chosen and why.
//!
//! | question | sources | choice |
//! | --- | --- | --- |
//! | what a PUT's 201 leads on by | specification: `Location` and `Retry-After`; recordings: `Azure-AsyncOperation` alone | as recorded |
//! | a start of a running group | specification: 202; azure-powershell: 204 without headers | as recorded |
//! | a start of a stopped group | specification: 202 and `Location`; azure-sdk-for-net: 204 and `Azure-AsyncOperation` | as recorded, `start.status` |
//! | what happened before a start | azure-sdk-for-net (2020): told again, each run apart; azure-powershell (2023): counted together | told again, counted |
//! | the containers of a stopped group | azure-sdk-for-net (2020): without a view; azure-powershell (2023): Terminated | by the request's version |
//! | how a location shows | resource groups: folded; container groups: as sent (azure-sdk-for-net) | as recorded |
//! | a GPU | azure-sdk-for-js (2022): taken; Azure's page: retired in 2025 | by the request's version |
//! | a DELETE | specification: 200, 202 or 204; azure-powershell: 200 with the last body at once | as recorded |
//! | when the address shows | 2018: in the 201; since 2021: after the provisioning | by the request's version |
//! | `Unsecure` where no scope was sent | 2021-10-01: shown; 2023-05-01: not | by the request's version, then `view.dns-scope` |
//! | events' words | tags and `Created` (2018 to 2020); digests (since 2021); "platform initiated" (2024); "Pulling image" (groups with a GPU) | by the request's version, the last not at all |
//! | whether Never restarts | "never"; "the platform might still restart the container" | only where the platform lost it |
//! | an exec on an ended container | azure-cli: 200, and the socket fails; azure-docs issue 71458: refused where stopped | both, each in its state |
//! | less than 1 CPU or 1 GB a group | Azure's page: the minimum; users run it; one saw a 500 | taken |
//! | ports that the FAQ reserves | reserved; Azure's sample of SFTP listens on 22 | taken |
//! | probes in a virtual network | Azure's page of 2021: not possible; later ones: nothing of it | taken |
//! | the state of a group whose init container failed under Never | none tells | group and provisioning `Failed` |

mod quota;
mod words;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::quota::Quota;
pub use self::words::{OnTerminated, Unknown};

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// `exec.split`: the command string of an exec is split on spaces. Default true: the newer clusters do
    /// (azure-cli pull request 30397), the older did not (azure-cli issue 10039).
    pub exec_split: bool,
    /// `put.writes-tags`: a PUT on an existing group writes its tags. Default false: terraform-provider-azurerm
    /// notes that CreateOrUpdate does not support to update tags, and uses PATCH.
    pub put_writes_tags: bool,
    /// `put.on-stopped`: `redeploy` or `refuse`. Default redeploy: the documentation calls ended groups alone final.
    pub put_on_stopped: OnTerminated,
    /// `put.tags-restart`: a PUT that changes nothing but tags restarts the containers. Default true: an identical PUT
    /// does (Azure's page "Update containers in Azure Container Instances").
    pub put_tags_restart: bool,
    /// `put.unknown-properties`: `keep` or `refuse`. Default keep: versions of the API gain properties that this
    /// program does not know, and a client that sends one wants to see it again. What it knows and does not imitate is
    /// refused in any case.
    pub unknown_properties: Unknown,
    /// `put.on-terminated`: `redeploy` or `refuse`. Default redeploy: a finished task is then run again by what
    /// people run, `az container create`, as the documentation of start and stop shows it.
    pub put_on_terminated: OnTerminated,
    /// `secret-reference.value`: what a reference to a secret of Key Vault resolves to, of which there is none here;
    /// `{name}` and `{uri}` stand for the reference's own. Default `emulated:{uri}`: no vault's value looks like it.
    pub secret_value: String,
    /// `start.status`: `204` with an operation to poll, or `202` with a `Location` too, for a start that deploys. Default
    /// 204: recorded (azure-sdk-for-net, ContainerGroupsStartRestartStopTest); 202 is the specification's example.
    pub start_status: u16,
    /// `status.dns-taken`: the status of `DnsNameLabelNotAvailable`. Default 400, as of the other refused bodies.
    pub status_dns_taken: u16,
    /// `status.invalid-update`: the status of `InvalidContainerGroupUpdate`. Default 400, as of the other refused bodies.
    pub status_invalid_update: u16,
    /// `status.registry-error`: the status of `RegistryErrorResponse`. Default 409: azure-cli issue 30915 has it under
    /// `Conflict`.
    pub status_registry_error: u16,
    /// `status.stopped`: the status of `ContainerGroupStopped`. Default 409, as of `ContainerGroupTransitioning`.
    pub status_stopped: u16,
    /// `view.dns-scope`: a DNS label without a scope is shown with `Unsecure`. Default false, as recorded with 2023-05-01.
    pub dns_scope_echo: bool,
    /// `view.stale-reads`: how many GETs after start, stop, restart or PUT still show the old instance view. Default 0;
    /// one was recorded after a restart (azure-powershell, Restart-AzContainerGroup).
    pub stale_reads: u32,
    /// `get.unknown-fields`: answers carry properties that no specification names. Default false.
    pub unknown_fields: bool,
    /// `dns.release-seconds`: how long the DNS label of a deleted group stays taken. Default 0; the service takes
    /// minutes at times (terraform-provider-azurerm issue 23451), which tests of a replacement want to see.
    pub dns_release_seconds: u32,
    /// `provider.registered`: subscriptions are registered with Microsoft.ContainerInstance until a client
    /// unregisters them. Default true; a fresh subscription is not.
    pub provider_registered: bool,
    /// `quota.*`: quotas and rates.
    pub quota: Quota,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            exec_split: true,
            put_writes_tags: false,
            put_on_stopped: OnTerminated::Redeploy,
            unknown_properties: Unknown::Keep,
            put_on_terminated: OnTerminated::Redeploy,
            put_tags_restart: true,
            secret_value: "emulated:{uri}".to_owned(),
            start_status: 204,
            status_dns_taken: 400,
            status_invalid_update: 400,
            status_registry_error: 409,
            status_stopped: 409,
            dns_scope_echo: false,
            stale_reads: 0,
            unknown_fields: false,
            dns_release_seconds: 0,
            provider_registered: true,
            quota: Quota::default(),
        }
    }
}

/// A setting that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SwitchError {
    /// There is no switch of this name.
    #[error("no switch is named {0:?}")]
    Unknown(String),
    /// The switch does not take this value.
    #[error("switch {name} does not take {value:?}")]
    Value {
        /// The switch.
        name: &'static str,
        /// What it was to be set to.
        value: String,
    },
    /// There is no `=` in the setting.
    #[error("{0:?} is not of the form name=value")]
    Form(String),
}

impl Switches {
    /// Sets one switch by name: `exec.split=false`.
    ///
    /// # Errors
    /// Where the setting has no such form, name or value; then nothing is changed.
    pub fn set(&mut self, setting: &str) -> Result<(), SwitchError> {
        let (name, value) = setting.split_once('=').ok_or_else(|| SwitchError::Form(setting.to_owned()))?;
        let value = value.trim();
        match name.trim() {
            "exec.split" => self.exec_split = parsed("exec.split", value)?,
            "put.writes-tags" => self.put_writes_tags = parsed("put.writes-tags", value)?,
            "put.on-stopped" => self.put_on_stopped = parsed("put.on-stopped", value)?,
            "put.on-terminated" => self.put_on_terminated = parsed("put.on-terminated", value)?,
            "put.unknown-properties" => self.unknown_properties = parsed("put.unknown-properties", value)?,
            "put.tags-restart" => self.put_tags_restart = parsed("put.tags-restart", value)?,
            "secret-reference.value" => value.clone_into(&mut self.secret_value),
            "start.status" => self.start_status = status("start.status", value, &[202, 204])?,
            "status.dns-taken" => self.status_dns_taken = status("status.dns-taken", value, &REFUSALS)?,
            "status.invalid-update" => {
                self.status_invalid_update = status("status.invalid-update", value, &REFUSALS)?;
            }
            "status.registry-error" => {
                self.status_registry_error = status("status.registry-error", value, &REFUSALS)?;
            }
            "status.stopped" => self.status_stopped = status("status.stopped", value, &REFUSALS)?,
            "view.dns-scope" => self.dns_scope_echo = parsed("view.dns-scope", value)?,
            "view.stale-reads" => self.stale_reads = parsed("view.stale-reads", value)?,
            "get.unknown-fields" => self.unknown_fields = parsed("get.unknown-fields", value)?,
            "dns.release-seconds" => self.dns_release_seconds = parsed("dns.release-seconds", value)?,
            "provider.registered" => self.provider_registered = parsed("provider.registered", value)?,
            quota if quota.starts_with("quota.") => self.quota.set(quota, value)?,
            other => return Err(SwitchError::Unknown(other.to_owned())),
        }
        Ok(())
    }

    /// What each switch decides and why its default is what it is, by name, for people.
    pub const MEANINGS: [(&str, &str); 27] = [
        ("dns.release-seconds", "how long the DNS label of a deleted group stays taken; default 0"),
        ("exec.split", "an exec's command string is split on spaces; default true, as the newer clusters do"),
        ("get.unknown-fields", "answers carry properties that no specification names; default false"),
        (
            "provider.registered",
            "subscriptions are registered with Microsoft.ContainerInstance; default true, a fresh one is not",
        ),
        ("put.on-stopped", "a PUT on a stopped group: redeploy or refuse; default redeploy"),
        (
            "put.on-terminated",
            "a PUT on an ended group: redeploy or refuse; default redeploy, as `az container create` is used",
        ),
        (
            "put.tags-restart",
            "a PUT that changes tags alone restarts; default true, as an identical PUT does",
        ),
        (
            "put.unknown-properties",
            "a PUT with properties that no specification names: keep or refuse; default keep, as versions gain some",
        ),
        (
            "put.writes-tags",
            "a PUT on an existing group writes its tags; default false, as terraform-provider-azurerm found",
        ),
        (
            "quota.arm-deletes",
            "deletes at once in a subscription, where enforced; 10 a second more; default 200",
        ),
        ("quota.arm-reads", "reads at once in a subscription, where enforced; 25 a second more; default 250"),
        (
            "quota.arm-writes",
            "writes at once in a subscription, where enforced; 10 a second more; default 200",
        ),
        ("quota.cores", "cores of a region and subscription, where enforced; default 100"),
        ("quota.deletes-pt1h", "deletions of groups in an hour, where enforced; default 300"),
        ("quota.deletes-pt5m", "deletions of groups in five minutes, where enforced; default 100"),
        (
            "quota.enforced",
            "what is over a quota or a rate is refused; default false: an emulator is for trying",
        ),
        ("quota.groups", "container groups of a region and subscription, where enforced; default 100"),
        ("quota.writes-pt1h", "PUTs of groups in an hour, where enforced; default 300"),
        ("quota.writes-pt5m", "PUTs of groups in five minutes, where enforced; default 100"),
        (
            "secret-reference.value",
            "what a reference to a secret resolves to, with {name} and {uri} of its own; default emulated:{uri}",
        ),
        (
            "start.status",
            "204 or 202 for a start that deploys; default 204, as recorded, where the specification's example is 202",
        ),
        ("status.dns-taken", "400 or 409 for a DNS label that is taken; default 400"),
        ("status.invalid-update", "400 or 409 for what cannot be changed in place; default 400"),
        ("status.registry-error", "400 or 409 for a registry that fails; default 409"),
        ("status.stopped", "400 or 409 for restart and exec on a stopped group; default 409"),
        ("view.dns-scope", "a DNS label without a scope is shown with `Unsecure`; default false"),
        ("view.stale-reads", "how many GETs after an action still show the old instance view; default 0"),
    ];

    /// All settings as `(name, value)`, in order of their names.
    pub fn list(&self) -> Vec<(&'static str, String)> {
        let Self {
            exec_split,
            put_writes_tags,
            put_on_stopped,
            put_on_terminated,
            put_tags_restart,
            unknown_properties,
            secret_value,
            start_status,
            status_dns_taken,
            status_invalid_update,
            status_registry_error,
            status_stopped,
            dns_scope_echo,
            stale_reads,
            unknown_fields,
            dns_release_seconds,
            provider_registered,
            quota,
        } = self;
        let mut all = vec![
            ("dns.release-seconds", dns_release_seconds.to_string()),
            ("provider.registered", provider_registered.to_string()),
            ("exec.split", exec_split.to_string()),
            ("get.unknown-fields", unknown_fields.to_string()),
            ("put.on-stopped", put_on_stopped.to_string()),
            ("put.on-terminated", put_on_terminated.to_string()),
            ("put.tags-restart", put_tags_restart.to_string()),
            ("put.unknown-properties", unknown_properties.to_string()),
            ("put.writes-tags", put_writes_tags.to_string()),
            ("secret-reference.value", secret_value.clone()),
            ("start.status", start_status.to_string()),
            ("status.dns-taken", status_dns_taken.to_string()),
            ("status.invalid-update", status_invalid_update.to_string()),
            ("status.registry-error", status_registry_error.to_string()),
            ("status.stopped", status_stopped.to_string()),
            ("view.dns-scope", dns_scope_echo.to_string()),
            ("view.stale-reads", stale_reads.to_string()),
        ];
        all.extend(quota.list());
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// The status that a switch gives to a code.
    pub(crate) fn status(&self, code: &str) -> Option<u16> {
        match code {
            "DnsNameLabelNotAvailable" => Some(self.status_dns_taken),
            "InvalidContainerGroupUpdate" => Some(self.status_invalid_update),
            "RegistryErrorResponse" => Some(self.status_registry_error),
            "ContainerGroupStopped" => Some(self.status_stopped),
            _ => None,
        }
    }
}

/// What a refusal whose status no source shows may have.
const REFUSALS: [u16; 2] = [400, 409];

fn status(name: &'static str, value: &str, of: &[u16]) -> Result<u16, SwitchError> {
    parsed(name, value).and_then(
        |status| {
            if of.contains(&status) { Ok(status) } else { Err(refused(name, value)) }
        },
    )
}

fn parsed<T: std::str::FromStr>(name: &'static str, value: &str) -> Result<T, SwitchError> {
    value.parse().map_err(|_| refused(name, value))
}

fn refused(name: &'static str, value: &str) -> SwitchError {
    SwitchError::Value { name, value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_can_be_set() -> Result<(), SwitchError> {
        let mut odd = Switches::default();
        for setting in [
            "exec.split=false",
            "put.writes-tags=true",
            "put.on-terminated=refuse",
            "view.stale-reads=3",
            "get.unknown-fields=true",
            "dns.release-seconds=60",
            "provider.registered=false",
            "quota.arm-deletes=1",
            "quota.arm-reads=1",
            "quota.arm-writes=1",
            "quota.cores=1",
            "quota.deletes-pt1h=1",
            "quota.deletes-pt5m=1",
            "quota.enforced=true",
            "quota.groups=1",
            "quota.writes-pt1h=1",
            "quota.writes-pt5m=1",
            "put.on-stopped=refuse",
            "put.tags-restart=false",
            "put.unknown-properties=refuse",
            "secret-reference.value={name}=x",
            "start.status=202",
            "status.dns-taken=409",
            "status.invalid-update=409",
            "status.registry-error=400",
            "status.stopped=400",
            "view.dns-scope=true",
        ] {
            odd.set(setting)?;
        }
        let mut copy = Switches::default();
        for (name, value) in odd.list() {
            copy.set(&format!("{name}={value}"))?;
        }
        assert_eq!(copy, odd);
        let names = odd.list().into_iter().map(|(name, _)| name);
        assert!(names.eq(Switches::MEANINGS.into_iter().map(|(name, _)| name)));
        assert!(odd.list().iter().zip(Switches::default().list()).all(|(a, b)| *a != b));
        Ok(())
    }

    #[test]
    fn a_wrong_setting_changes_nothing() {
        let mut switches = Switches::default();
        for (setting, error) in [
            ("exec.split", SwitchError::Form("exec.split".into())),
            ("exec.splat=true", SwitchError::Unknown("exec.splat".into())),
            ("view.stale-reads=-1", refused("view.stale-reads", "-1")),
            ("put.on-terminated=maybe", refused("put.on-terminated", "maybe")),
            ("start.status=200", refused("start.status", "200")),
            ("status.stopped=500", refused("status.stopped", "500")),
        ] {
            assert_eq!(switches.set(setting), Err(error));
        }
        assert_eq!(switches, Switches::default());
    }
}
