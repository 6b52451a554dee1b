//! How a container is started and looked after: its image, volumes, limits and probes.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::ImageSource;

/// One of the probes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Probe {
    /// It decides whether the container is restarted.
    Liveness,
    /// It decides whether the container is ready.
    Readiness,
}

/// How a probe looks at a container.
#[derive(Clone, PartialEq, Eq)]
pub enum Check {
    /// Run a program in the container without a terminal; exit code 0 is good.
    Exec(Vec<String>),
    /// Ask the container over HTTP; an answer from 200 to 399 is good.
    Http {
        /// `http` or `https`, whose certificate is not looked at.
        scheme: String,
        /// The port, on the group's own network.
        port: u16,
        /// The path, with its slash.
        path: String,
        /// Headers, which can hold secrets.
        headers: Vec<(String, String)>,
    },
}

/// Without arguments and headers, which can be secrets.
impl fmt::Debug for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec(_) => out.write_str("Exec(…)"),
            Self::Http { scheme, port, path, headers: _ } => {
                write!(out, "Http({scheme}://:{port}{path})")
            }
        }
    }
}

/// A volume of a sandbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name, by which containers mount it.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// Without the content, which can be a secret.
impl fmt::Debug for Volume {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, content: _ } = self;
        out.debug_struct("Volume").field("name", name).finish_non_exhaustive()
    }
}

/// What is in a volume.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing at first.
    Empty,
    /// Files that are only read, by name.
    Files(BTreeMap<String, Bytes>),
    /// A file share; the emulator backs it by a folder, `<state>/shares/<account>/<share>`, that outlives the sandbox.
    Share {
        /// The storage account.
        account: String,
        /// The share.
        share: String,
        /// Whether nobody may write to it.
        read_only: bool,
    },
    /// A clone of a git repository.
    Repository {
        /// Where from; only `https` and `http` are followed.
        url: String,
        /// The folder in the volume; none: named after the repository; `.`: the volume itself.
        directory: Option<String>,
        /// The commit; none: the default branch's.
        revision: Option<String>,
    },
}

/// A volume at a place in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// The whole path in the container.
    pub path: String,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// The files of a container's config map: names and contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConfigMap(pub BTreeMap<String, String>);

/// The names only.
impl fmt::Debug for ConfigMap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// How a container is started.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The image and how to come by it.
    pub source: ImageSource,
    /// The command that replaces the image's entrypoint and cmd; empty: the image's own.
    pub command: Vec<String>,
    /// Environment beside the image's own, in order.
    pub environment: Vec<(String, String)>,
    /// The host name inside.
    pub hostname: String,
    /// CPU in thousandths of a core; none: whatever the group has (init containers).
    pub cpu_milli: Option<u32>,
    /// Memory in MiB; none: whatever the group has (init containers).
    pub memory_mib: Option<u32>,
    /// Which volumes stand where.
    pub mounts: Vec<Mount>,
    /// The files under `/mnt/configmap/<container>` (Azure's page "Use config maps with container instances").
    pub config: ConfigMap,
    /// User id that replaces the image's.
    pub user: Option<u32>,
    /// Group id that replaces the image's.
    pub group: Option<u32>,
}

/// Without the command and the environment's values, which can be secrets.
impl fmt::Debug for Launch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            command: _,
            environment,
            hostname,
            cpu_milli,
            memory_mib,
            mounts,
            config,
            user,
            group,
        } = self;
        let names: Vec<&String> = environment.iter().map(|(name, _)| name).collect();
        out.debug_struct("Launch")
            .field("source", source)
            .field("environment", &names)
            .field("hostname", hostname)
            .field("cpu_milli", cpu_milli)
            .field("memory_mib", memory_mib)
            .field("mounts", mounts)
            .field("config", config)
            .field("user", user)
            .field("group", group)
            .finish_non_exhaustive()
    }
}
