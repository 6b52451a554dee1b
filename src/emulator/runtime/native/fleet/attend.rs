//! The task of one sandbox: what each command comes to.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::container::{self, Container};
use super::super::order::{Failure, Keep};
use super::super::probe;
use super::super::volume::Volumes;
use super::{Fleet, Running, told};
use crate::contract::{Command, Event, ImageSource, Launch, SandboxId};
use crate::image::unpack::Tree;
use crate::image::{Image, ImageError, find, unpack};
use crate::runtime::logs::held;

impl Fleet {
    /// Carries out the commands of one sandbox.
    pub(super) async fn attend(
        self: Arc<Self>,
        mut commands: mpsc::UnboundedReceiver<Command>,
        ending: CancellationToken,
    ) {
        let mut volumes = Volumes::new();
        while let Some(command) = commands.recv().await {
            if self.closing.is_cancelled() {
                return;
            }
            match command {
                Command::Open { sandbox, volumes: wanted } => {
                    let making = ending.run_until_cancelled(self.folders.make(sandbox, wanted));
                    volumes = making.await.unwrap_or_default();
                }
                // Containers run while the images of others are fetched.
                Command::Pull { sandbox, container, source } => {
                    let (fleet, ending) = (Arc::clone(&self), ending.clone());
                    self.tasks.spawn(async move {
                        let pulled = ending.run_until_cancelled(fleet.pull(&source)).await;
                        match pulled {
                            Some(Ok((image, _))) => {
                                fleet.tell(Event::Pulled { sandbox, container, digest: image.digest });
                            }
                            Some(Err(reason)) => {
                                fleet.tell(Event::PullFailed { sandbox, container, reason });
                            }
                            None => {}
                        }
                    });
                }
                Command::Start { sandbox, container, launch } => {
                    if let Err(Failure { volume, reason }) =
                        self.start(sandbox, &container, &launch, &volumes).await
                    {
                        self.tell(match volume {
                            Some(volume) => Event::MountFailed { sandbox, container, volume, reason },
                            None => Event::StartFailed { sandbox, container, reason },
                        });
                    }
                }
                Command::Configure { sandbox, container, config } => {
                    if let Err(reason) = self.folders.configure(sandbox, &container, &config) {
                        tracing::warn!(%container, reason, "a config map could not be replaced");
                    }
                }
                Command::Probe { sandbox, container, probe, check, timeout_seconds } => {
                    let Some(running) = self.running(sandbox, &container) else {
                        continue;
                    };
                    let fleet = Arc::clone(&self);
                    self.tasks.spawn(async move {
                        let process = &running.process;
                        let looking =
                            probe::look(&fleet.options, running.inside(), process, check, timeout_seconds);
                        tokio::select! {
                            biased;
                            _ = running.container.ended() => {}
                            unwell = looking => {
                                fleet.tell(Event::Probed { sandbox, container, probe, unwell });
                            }
                        }
                    });
                }
                Command::Kill { sandbox, container } => {
                    if let Some(running) = self.running(sandbox, &container) {
                        self.tasks.spawn(async move { running.container.stop().await });
                    }
                }
                Command::Stop { sandbox } => {
                    let running = self.of(sandbox);
                    join_all(running.iter().map(|running| running.container.stop())).await;
                    self.forget(sandbox).await;
                }
                Command::Discard { sandbox } => {
                    self.discard(sandbox).await;
                    return;
                }
            }
        }
    }

    async fn start(
        self: &Arc<Self>,
        sandbox: SandboxId,
        name: &str,
        launch: &Launch,
        volumes: &Volumes,
    ) -> Result<(), Failure> {
        let key = (sandbox, name.to_owned());
        let log = self.logs.begin(&key).map_err(|error| format!("its log: {error}"))?;
        let mounts = self.folders.mounts(sandbox, name, volumes, launch)?;
        let (image, tree) = self.pulled(&launch.source).await?;
        let process = container::process(&image.settings, launch);
        let groups = self.limits.as_ref().map_or_else(
            |_| Vec::new(),
            |limits| limits.groups(&format!("{}-{name}", sandbox.0), launch.cpu_milli, launch.memory_mib),
        );
        let keep = Keep {
            mounts,
            groups,
            ..self.keep(tree.path.clone(), launch.hostname.clone(), Some(process.clone()))
        };
        let container = Container::start(&keep, Some(tree), log).await.map_err(in_runtime_words)?;
        let running = Running {
            container: Arc::new(container),
            process: Arc::new(process),
            muted: CancellationToken::new(),
        };
        held(&self.running).insert(key.clone(), running.clone());
        self.tell(Event::Started { sandbox, container: name.to_owned() });
        self.tasks.spawn(Arc::clone(self).watch(key, running));
        Ok(())
    }

    /// The image, asked for at its registry where that is its home, and its file tree.
    async fn pull(&self, source: &ImageSource) -> Result<(Image, Tree), String> {
        // Containers of one image do not fetch it side by side.
        let turn = Arc::clone(held(&self.pulling).entry(source.image.clone()).or_default());
        let turn = turn.lock().await;
        let image = find::pull(&self.store, source).await.map_err(|error| told(&error))?;
        drop(turn);
        self.unpacked(image).await
    }

    /// The image that was pulled and its file tree.
    async fn pulled(&self, source: &ImageSource) -> Result<(Image, Tree), String> {
        match source.image.parse().and_then(|name| self.store.resolve(&name)) {
            Ok(image) => self.unpacked(image).await,
            Err(_) => self.pull(source).await,
        }
    }

    /// An image with its file tree, which may have to be unpacked first.
    async fn unpacked(&self, image: Image) -> Result<(Image, Tree), String> {
        let (store, init) = (self.store.clone(), self.options.init.clone());
        let unpacking = tokio::task::spawn_blocking(move || {
            let tree = unpack::tree(&store, &image, &init)?;
            Ok::<_, ImageError>((image, tree))
        });
        unpacking.await.map_err(|error| error.to_string())?.map_err(|error| told(&error))
    }
}

/// A failure to start as ACI's events show it.
fn in_runtime_words(failure: Failure) -> Failure {
    let Failure { volume, reason } = failure;
    if volume.is_some() {
        return Failure { volume, reason };
    }
    Failure::from(format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {reason}: unknown"
    ))
}
