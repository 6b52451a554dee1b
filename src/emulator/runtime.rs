//! Where containers really run, or seem to.
//!
//! A [`Runtime`] carries out the world's commands and tells what happened over the channel it was made with.
//! It decides nothing: restart policies, states and back-off are the world's.

mod ask;
pub mod choose;
mod clone;
pub mod docker;
mod log;
mod logs;
pub mod native;
pub mod simulated;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::contract::{Command, Event, ExecSession, Fact, LogLine, Question, SandboxId};

/// One of the runtimes.
#[derive(Clone, Debug)]
pub enum Runtime {
    /// A container engine with Docker's API: Docker, Podman.
    Docker(docker::Docker),
    /// Linux namespaces: real processes of real images.
    Native(native::Native),
    /// Behaviour as data: nothing runs.
    Simulated(simulated::Simulated),
}

/// Where a runtime tells its events.
pub type Events = mpsc::UnboundedSender<Event>;

/// The two ends of an exec: bytes to the terminal and bytes from it.
#[derive(Debug)]
pub struct ExecStream {
    /// To the process; dropping it hangs the terminal up.
    pub input: mpsc::Sender<Bytes>,
    /// From the process; closed when it has ended.
    pub output: mpsc::Receiver<Bytes>,
}

impl Runtime {
    /// Carries a command out in the background, in order with those of the same sandbox.
    pub fn perform(&self, command: Command) {
        match self {
            Self::Docker(docker) => docker.perform(command),
            Self::Native(native) => native.perform(command),
            Self::Simulated(simulated) => simulated.perform(command),
        }
    }

    /// Finds out what the world cannot know.
    pub async fn ask(&self, question: Question) -> Fact {
        match self {
            Self::Docker(docker) => docker.ask(question).await,
            Self::Native(native) => native.ask(question).await,
            Self::Simulated(simulated) => simulated.ask(question).await,
        }
    }

    /// The log of a container, oldest line first; empty where there is none.
    pub async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        match self {
            Self::Docker(docker) => docker.logs(sandbox, container).await,
            Self::Native(native) => native.logs(sandbox, container).await,
            Self::Simulated(simulated) => simulated.logs(sandbox, container).await,
        }
    }

    /// Starts a process in a running container on a terminal of its own.
    ///
    /// # Errors
    /// The text that a container runtime prints where the program cannot be started
    /// (`OCI runtime exec failed: exec failed: … : no such file or directory: unknown`).
    pub async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        match self {
            Self::Docker(docker) => docker.exec(session).await,
            Self::Native(native) => native.exec(session).await,
            Self::Simulated(simulated) => simulated.exec(session).await,
        }
    }

    /// What an earlier emulator of the same state folder had left of its containers, for people; it is removed.
    pub fn recovered(&self) -> &[String] {
        match self {
            Self::Docker(docker) => docker.recovered(),
            Self::Native(native) => native.recovered(),
            Self::Simulated(_) => &[],
        }
    }

    /// Ends every container and unmounts everything; afterwards nothing of it is left on the machine but logs and images.
    pub async fn shutdown(&self) {
        match self {
            Self::Docker(docker) => docker.shutdown().await,
            Self::Native(native) => native.shutdown().await,
            Self::Simulated(simulated) => simulated.shutdown().await,
        }
    }
}
