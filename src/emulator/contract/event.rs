//! What happened in a runtime.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Probe, SandboxId};

/// What happened in a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The image is here.
    Pulled {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The manifest's digest (`sha256:…`).
        digest: String,
    },
    /// The image cannot be had.
    PullFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Why.
        reason: String,
    },
    /// The container's process runs.
    Started {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
    },
    /// The process could not be started (no such file, not executable).
    StartFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Why.
        reason: String,
    },
    /// A volume of the container could not be made or mounted; its process did not start.
    MountFailed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The volume's name.
        volume: String,
        /// Why.
        reason: String,
    },
    /// A probe has looked.
    Probed {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Which of its probes.
        probe: Probe,
        /// Why it was found unwell; none: it is well.
        unwell: Option<String>,
    },
    /// The container's process ended.
    Exited {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Its exit code; 128 + n where signal n ended it.
        code: i32,
        /// Whether it was ended because it wanted more memory than its limit.
        out_of_memory: bool,
    },
}

/// A line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When its first byte was written.
    pub at: Timestamp,
    /// The bytes without the newline; not necessarily UTF-8.
    pub text: Bytes,
}
