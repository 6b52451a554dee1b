//! What a runtime is to do.

use super::{Check, ConfigMap, ImageSource, Launch, Probe, SandboxId, Volume};

/// What a runtime is to do. Commands of one sandbox are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make what the containers of a sandbox share; the first command of each. Nothing answers: a volume that cannot
    /// be made is told by [`Event::MountFailed`](super::Event::MountFailed) of each container that mounts it.
    Open {
        /// The deployment.
        sandbox: SandboxId,
        /// The volumes; they live as long as the sandbox, and longer where their content does.
        volumes: Vec<Volume>,
    },
    /// Fetch the image of a container; answered by [`Event::Pulled`](super::Event::Pulled) or [`Event::PullFailed`](super::Event::PullFailed).
    Pull {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The image as the group names it.
        source: ImageSource,
    },
    /// Start a container whose image was pulled, with a fresh file system and an empty log, the first time and at
    /// every restart; answered by [`Event::Started`](super::Event::Started), [`Event::StartFailed`](super::Event::StartFailed) or [`Event::MountFailed`](super::Event::MountFailed), after
    /// [`Event::Started`](super::Event::Started) later by [`Event::Exited`](super::Event::Exited).
    Start {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// How to start it.
        launch: Launch,
    },
    /// Replace the files of a running container's config map.
    Configure {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// The files' names and contents.
        config: ConfigMap,
    },
    /// Look whether a running container is well; answered by [`Event::Probed`](super::Event::Probed), unless it ends before.
    Probe {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
        /// Which of its probes.
        probe: Probe,
        /// How to look.
        check: Check,
        /// Seconds after which no answer is a bad one.
        timeout_seconds: u32,
    },
    /// End one container (TERM, grace, KILL) and keep its log; it answers [`Event::Exited`](super::Event::Exited).
    Kill {
        /// The deployment.
        sandbox: SandboxId,
        /// The container's name.
        container: String,
    },
    /// End the containers of a sandbox (TERM, grace, KILL), keep their logs; each running one answers [`Event::Exited`](super::Event::Exited).
    Stop {
        /// The deployment.
        sandbox: SandboxId,
    },
    /// End the containers at once and forget the sandbox with its logs; no event follows.
    Discard {
        /// The deployment.
        sandbox: SandboxId,
    },
}

impl Command {
    /// The deployment that it is for.
    pub fn sandbox(&self) -> SandboxId {
        match self {
            Self::Open { sandbox, .. }
            | Self::Pull { sandbox, .. }
            | Self::Start { sandbox, .. }
            | Self::Configure { sandbox, .. }
            | Self::Probe { sandbox, .. }
            | Self::Kill { sandbox, .. }
            | Self::Stop { sandbox }
            | Self::Discard { sandbox } => *sandbox,
        }
    }
}
