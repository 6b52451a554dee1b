//! The open questions about the service, each a named switch with a default.
//!
//! Nobody who wrote this could ask a live Azure; what the public sources leave open is settled here, and everything
//! built on the emulator must hold under every setting.

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            exec_split: true,
            put_writes_tags: false,
            put_on_terminated: OnTerminated::Redeploy,
            stale_reads: 0,
            unknown_fields: false,
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
            other => return Err(SwitchError::Unknown(other.to_owned())),
        }
        Ok(())
    }

    /// What each switch decides and why its default is what it is, by name, for people.
    pub const MEANINGS: [(&str, &str); 5] = [
        ("exec.split", "an exec's command string is split on spaces; default true, as the newer clusters do"),
        ("get.unknown-fields", "answers carry properties that no specification names; default false"),
        (
            "put.on-terminated",
            "a PUT on an ended or stopped group: redeploy or refuse; default redeploy, as `az container create` is used",
        ),
        (
            "put.writes-tags",
            "a PUT on an existing group writes its tags; default false, as terraform-provider-azurerm found",
        ),
        ("view.stale-reads", "how many GETs after an action still show the old instance view; default 0"),
    ];

    /// All settings as `(name, value)`, in order of their names.
    pub fn list(&self) -> Vec<(&'static str, String)> {
        let Self { exec_split, put_writes_tags, put_on_terminated, stale_reads, unknown_fields } = self;
        let on_terminated = match put_on_terminated {
            OnTerminated::Redeploy => "redeploy",
            OnTerminated::Refuse => "refuse",
        };
        vec![
            ("exec.split", exec_split.to_string()),
            ("get.unknown-fields", unknown_fields.to_string()),
            ("put.on-terminated", on_terminated.to_owned()),
            ("put.writes-tags", put_writes_tags.to_string()),
            ("view.stale-reads", stale_reads.to_string()),
        ]
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
