//! The open questions about the service, each a named switch with a default.
//!
//! Nobody who wrote this could ask a live Azure; what the public sources leave open is settled here, and everything
//! built on the emulator must hold under every setting.

mod quota;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::quota::Quota;

/// What a PUT does to a container group that has ended (Succeeded, Failed) or was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnTerminated {
    /// It is deployed as new, which is how the update page's "must be deployed as new" reads for one request.
    Redeploy,
    /// It is refused, which is how "terminated or deleted container groups can't be updated" reads.
    Refuse,
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// `exec.split`: the command string of an exec is split on spaces. Default true: the newer clusters do
    /// (azure-cli pull request 30397), the older did not (azure-cli issue 10039).
    pub exec_split: bool,
    /// `put.writes-tags`: a PUT on an existing group writes its tags. Default false: terraform-provider-azurerm
    /// notes that CreateOrUpdate does not support to update tags, and uses PATCH.
    pub put_writes_tags: bool,
    /// `put.on-terminated`: `redeploy` or `refuse`. Default redeploy: a finished task is then run again by what
    /// people run, `az container create`, as the documentation of start and stop shows it.
    pub put_on_terminated: OnTerminated,
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
            put_on_terminated: OnTerminated::Redeploy,
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
            "put.on-terminated" => {
                self.put_on_terminated = match value {
                    "redeploy" => OnTerminated::Redeploy,
                    "refuse" => OnTerminated::Refuse,
                    _ => return Err(refused("put.on-terminated", value)),
                }
            }
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
    pub const MEANINGS: [(&str, &str); 17] = [
        ("dns.release-seconds", "how long the DNS label of a deleted group stays taken; default 0"),
        ("exec.split", "an exec's command string is split on spaces; default true, as the newer clusters do"),
        ("get.unknown-fields", "answers carry properties that no specification names; default false"),
        (
            "provider.registered",
            "subscriptions are registered with Microsoft.ContainerInstance; default true, a fresh one is not",
        ),
        (
            "put.on-terminated",
            "a PUT on an ended or stopped group: redeploy or refuse; default redeploy, as `az container create` is used",
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
        ("view.stale-reads", "how many GETs after an action still show the old instance view; default 0"),
    ];

    /// All settings as `(name, value)`, in order of their names.
    pub fn list(&self) -> Vec<(&'static str, String)> {
        let Self {
            exec_split,
            put_writes_tags,
            put_on_terminated,
            stale_reads,
            unknown_fields,
            dns_release_seconds,
            provider_registered,
            quota,
        } = self;
        let on_terminated = match put_on_terminated {
            OnTerminated::Redeploy => "redeploy",
            OnTerminated::Refuse => "refuse",
        };
        let mut all = vec![
            ("dns.release-seconds", dns_release_seconds.to_string()),
            ("exec.split", exec_split.to_string()),
            ("get.unknown-fields", unknown_fields.to_string()),
            ("provider.registered", provider_registered.to_string()),
            ("put.on-terminated", on_terminated.to_owned()),
            ("put.writes-tags", put_writes_tags.to_string()),
            ("view.stale-reads", stale_reads.to_string()),
        ];
        all.extend(quota.list());
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }
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
        ] {
            assert_eq!(switches.set(setting), Err(error));
        }
        assert_eq!(switches, Switches::default());
    }
}
