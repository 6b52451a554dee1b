//! What a killed emulator leaves in an engine, which the next one of the same name removes.

use acitask_emulator::contract::{Command, Content, Mount, SandboxId, Volume};
use acitask_emulator::contract::{Event, Launch};
use acitask_emulator::runtime::Runtime;
use acitask_emulator::runtime::docker::Docker;
use tokio::sync::mpsc;

use crate::Outcome;
use crate::image;
use crate::stand::{launch, options};

pub(crate) async fn what_a_killed_emulator_left_is_removed(owner: &str) -> Outcome {
    let own = tempfile::tempdir()?;
    image::load(own.path())?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let killed = Docker::open(options(own.path(), owner), sender).await?;
    assert_eq!(killed.recovered(), Vec::<String>::new(), "the suite itself left something");
    let killed = Runtime::Docker(killed);
    let sandbox = SandboxId(9);
    let volumes = vec![Volume { name: "data".into(), content: Content::Empty }];
    killed.perform(Command::Open { sandbox, volumes });
    let mounts = vec![Mount { volume: "data".into(), path: "/data".into(), read_only: false }];
    let launch = Launch { mounts, ..launch("sleep 1000") };
    killed.perform(Command::Start { sandbox, container: "main".into(), launch });
    match events.recv().await {
        Some(Event::Started { .. }) => {}
        other => return Err(format!("{other:?}").into()),
    }
    // As if it had been killed: it is not shut down before the next one begins.
    let (sender, _events) = mpsc::unbounded_channel();
    let next = Docker::open(options(own.path(), owner), sender).await?;
    assert_eq!(
        next.recovered(),
        ["1 containers were left and are removed", "1 volumes were left and are removed"]
    );
    let (sender, _events) = mpsc::unbounded_channel();
    let another = Docker::open(options(own.path(), owner), sender).await?;
    assert_eq!(another.recovered(), Vec::<String>::new());
    for runtime in [killed, Runtime::Docker(next), Runtime::Docker(another)] {
        runtime.shutdown().await;
    }
    crate::say("docker: ok     what a killed emulator left is removed by the next");
    Ok(())
}
