//! The engine: found by its address, known by what it can, and rid of what carries our label.

use std::collections::HashMap;
use std::time::Duration;

use bollard::API_DEFAULT_VERSION;
use bollard::errors::Error;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use tokio::time::timeout;

use crate::contract::SandboxId;
use crate::image::Store;

/// The label that says which emulator made something.
const OWNER: &str = "acitask.emulator";
/// The label that says for which sandbox.
const SANDBOX: &str = "acitask.sandbox";
/// How long an engine may take to say what it is.
const GREETING: Duration = Duration::from_secs(5);
/// How long it may take to begin any other answer, in seconds: a large image is loaded before the answer begins.
const ANSWER: u64 = 600;

/// What keeps us from an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// None of the addresses answers.
    #[error("no container engine answers ({}); start Docker or `podman system service`, or set DOCKER_HOST", .0.join("; "))]
    Silent(Vec<String>),
    /// It refuses what every engine should do.
    #[error("the container engine at {address} refused: {reason}")]
    Refused {
        /// Where it listens.
        address: String,
        /// What it said.
        reason: String,
    },
}

/// What a killed emulator left in the engine, and what was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// So many containers.
    pub containers: usize,
    /// So many volumes.
    pub volumes: usize,
}

/// A container engine.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) api: bollard::Docker,
    /// What it is and where, for people.
    pub(super) name: String,
    pub(super) is_podman: bool,
    /// The host that has the containers' network.
    pub(super) host: String,
    pub(super) can: Can,
    address: String,
    owner: String,
}

/// What the engine can limit; asked for more, it would not start a container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Can {
    pub(super) cores: Option<u32>,
    pub(super) limit_cpu: bool,
    pub(super) limit_memory: bool,
    pub(super) limit_swap: bool,
}

impl Engine {
    /// The first that answers.
    pub(super) async fn find(addresses: &[String], owner: &str) -> Result<Self, EngineError> {
        let mut silent = Vec::new();
        for address in addresses {
            match timeout(GREETING, Self::at(address, owner)).await {
                Ok(Ok(engine)) => return Ok(engine),
                Ok(Err(reason)) => silent.push(format!("{address}: {reason}")),
                Err(_) => silent.push(format!("{address}: no answer in {} seconds", GREETING.as_secs())),
            }
        }
        Err(EngineError::Silent(silent))
    }

    async fn at(address: &str, owner: &str) -> Result<Self, String> {
        let (connected, host) = if let Some(path) = address.strip_prefix("unix://") {
            if !std::path::Path::new(path).exists() {
                return Err("no such socket".to_owned());
            }
            (bollard::Docker::connect_with_unix(path, ANSWER, API_DEFAULT_VERSION), "127.0.0.1")
        } else if let Some(rest) = address.strip_prefix("tcp://").or(address.strip_prefix("http://")) {
            let host = rest.split(['/', ':']).next().unwrap_or(rest);
            (bollard::Docker::connect_with_http(address, ANSWER, API_DEFAULT_VERSION), host)
        } else {
            return Err("only unix://, tcp:// and http:// are supported".to_owned());
        };
        let api = connected.map_err(|error| told(&error))?;
        let api = api.negotiate_version().await.map_err(|error| told(&error))?;
        let version = api.version().await.map_err(|error| told(&error))?;
        let info = api.info().await.map_err(|error| told(&error))?;
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|component| component.name.starts_with("Podman"));
        let kind = if is_podman { "Podman" } else { "Docker" };
        let name = format!("{kind} {} at {address}", version.version.unwrap_or_default());
        let can = Can {
            cores: info.ncpu.and_then(|cores| u32::try_from(cores).ok()).filter(|cores| *cores > 0),
            limit_cpu: info.cpu_cfs_quota.unwrap_or_default(),
            limit_memory: info.memory_limit.unwrap_or_default(),
            limit_swap: info.swap_limit.unwrap_or_default(),
        };
        let (host, address, owner) = (host.to_owned(), address.to_owned(), owner.to_owned());
        Ok(Self { api, name, is_podman, host, can, address, owner })
    }

    /// The labels of what is made for a sandbox.
    pub(super) fn labels(&self, sandbox: SandboxId) -> HashMap<String, String> {
        HashMap::from([(OWNER.to_owned(), self.owner.clone()), (SANDBOX.to_owned(), sandbox.0.to_string())])
    }

    /// A name of ours for something of a sandbox.
    pub(super) fn name_of(&self, sandbox: SandboxId, what: &str) -> String {
        format!("acitask-{}-{}-{what}", self.owner, sandbox.0)
    }

    /// The repository under which images of our store are kept in the engine.
    pub(super) fn repository(&self) -> String {
        format!("localhost/acitask-{}", self.owner)
    }

    /// Removes every container and volume of this emulator.
    pub(super) async fn sweep(&self) -> Result<Left, EngineError> {
        self.remove(format!("{OWNER}={}", self.owner)).await
    }

    /// Removes every container and volume of a sandbox.
    pub(super) async fn sweep_sandbox(&self, sandbox: SandboxId) -> Result<Left, EngineError> {
        let mut left = Left::default();
        for name in self.volumes(format!("{SANDBOX}={}", sandbox.0)).await? {
            left.volumes += usize::from(self.remove_volume(&name).await);
        }
        Ok(left)
    }

    async fn remove(&self, label: String) -> Result<Left, EngineError> {
        let filters = HashMap::from([("label", vec![label.clone()])]);
        let listed = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers =
            self.api.list_containers(Some(listed)).await.map_err(|error| self.refused(&error))?;
        let ids: Vec<_> = containers.into_iter().filter_map(|container| container.id).collect();
        let removals = ids.iter().map(|id| self.remove_container(id));
        let removed = futures::future::join_all(removals).await;
        let containers = removed.into_iter().filter(|gone| *gone).count();
        let mut left = Left { containers, volumes: 0 };
        for name in self.volumes(label).await? {
            left.volumes += usize::from(self.remove_volume(&name).await);
        }
        Ok(left)
    }

    /// Ends a container at once, whatever its state, and removes it; whether it was there.
    pub(super) async fn remove_container(&self, id: &str) -> bool {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        gone(self.api.remove_container(id, Some(options)).await, "container", id)
    }

    async fn remove_volume(&self, name: &str) -> bool {
        let options = RemoveVolumeOptionsBuilder::new().force(true).build();
        gone(self.api.remove_volume(name, Some(options)).await, "volume", name)
    }

    /// The names of our volumes that have this label.
    async fn volumes(&self, label: String) -> Result<Vec<String>, EngineError> {
        let filters = HashMap::from([("label", vec![label, format!("{OWNER}={}", self.owner)])]);
        let listed = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = self.api.list_volumes(Some(listed)).await.map_err(|error| self.refused(&error))?;
        // Engines differ in how they read several labels.
        let ours = format!("acitask-{}-", self.owner);
        let names = volumes.volumes.unwrap_or_default().into_iter().map(|volume| volume.name);
        Ok(names.filter(|name| name.starts_with(&ours)).collect())
    }

    /// Removes the copies of images that the store does not hold any more. What cannot be removed stays.
    pub(super) async fn forget_images(&self, store: &Store) {
        let listed = store.list().unwrap_or_default();
        let known: Vec<_> = listed.iter().map(|image| self.copy_of(&image.digest)).collect();
        let filters = HashMap::from([("reference", vec![self.repository()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let images = self.api.list_images(Some(options)).await.unwrap_or_default();
        let ours = format!("{}:", self.repository());
        for name in images.into_iter().flat_map(|image| image.repo_tags) {
            if name.starts_with(&ours) && !known.contains(&name) {
                let options = RemoveImageOptionsBuilder::new().build();
                let removed = self.api.remove_image(&name, Some(options), None).await;
                gone(removed.map(|_| ()), "image", &name);
            }
        }
    }

    /// The name of the engine's copy of an image of the store.
    pub(super) fn copy_of(&self, digest: &str) -> String {
        format!("{}:{}", self.repository(), digest.trim_start_matches("sha256:"))
    }

    fn refused(&self, error: &Error) -> EngineError {
        EngineError::Refused { address: self.address.clone(), reason: told(error) }
    }
}

/// Whether something was removed; that it was gone already is well.
fn gone(removed: Result<(), Error>, what: &str, name: &str) -> bool {
    match removed {
        Ok(()) => true,
        Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => false,
        Err(error) => {
            tracing::warn!(
                error = told(&error),
                "the {what} {name} could not be removed from the container engine"
            );
            false
        }
    }
}

/// What went wrong, in the engine's own words where it has some.
pub(super) fn told(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { status_code: _, message } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        other => {
            let causes = std::iter::successors(std::error::Error::source(other), |cause| cause.source());
            causes.fold(other.to_string(), |text, cause| format!("{text}: {cause}"))
        }
    }
}

/// Whether the engine says that there is no such thing.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}
