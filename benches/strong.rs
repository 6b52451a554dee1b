//! What a strong run costs beside the exec of its command: its records, and the look whether its container runs. In real
//! time, against an emulator with native containers in this process.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(dead_code, reason = "what the tests use of the rig and the benches do not")]

#[path = "../tests/it/lasting.rs"]
mod lasting;
/// The rig of the tests.
#[path = "../tests/it/paused"]
mod paused {
    pub(crate) mod bench;
    pub(crate) mod wire;
}
#[path = "../tests/it/real/images.rs"]
mod images;

use std::time::{Duration, Instant};

use acitask::arm::exec::{self, Command, Streams};
use acitask::model::name::{GroupId, Name};
use acitask::plan::reconcile::Verb;
use acitask_emulator::{Choice, Emulator, OpenError, Options};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::paused::bench::Bench;

/// How often each is measured.
const ROUNDS: usize = 40;
/// The most that a run may cost beside its exec.
const LIMIT: Duration = Duration::from_millis(50);

const MANIFESTS: &str = "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: host}
spec:
  resourceGroup: jobs
  restartPolicy: Always
  containers:
    - {name: main, image: 'acitask/strong:1', resources: {requests: {cpu: 1, memoryInGB: 1}}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: post}
spec: {type: strong, containerGroup: host, command: [/strong_task/post, --help]}
";

fn told(text: &str) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()));
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        state: Some(folder.path().to_owned()),
        runtime: Choice::Native,
        init: images::ACITASK.into(),
        images: images::images().to_owned(),
        ..Options::in_memory()
    };
    let emulator = match Emulator::open(options).await {
        Ok(emulator) => emulator,
        Err(OpenError::Runtime(refused)) => return told(&format!("skipped: {refused}\n")),
        Err(error) => panic!("{error:?}"),
    };
    let mut bench = Bench::around(emulator, jiff::Timestamp::now());
    bench.rates = None;
    bench.apply(MANIFESTS).await.all_done();
    let id = GroupId { resource_group: "jobs".into(), name: "host".into() };
    let (mut alone, mut runs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let command = Command {
            argv: vec!["/strong_task/post".into(), "--help".into()],
            env: Vec::new(),
            dir: None,
            run: Some(acitask::model::record::RunId::new(format!("bench-{round}"))),
            attempt: 1,
            nonce: format!("n{round:04}"),
        };
        let (output, mut said) = mpsc::channel(64);
        let mut streams = Streams { input: None, output };
        let before = Instant::now();
        let ended =
            exec::run(&bench.arm, &id, "main", &command, &mut streams, &CancellationToken::new()).await;
        alone.push(before.elapsed());
        assert_eq!(ended.unwrap().code, Some(0));
        while said.try_recv().is_ok() {}
        let planned = bench.plan(MANIFESTS, Verb::Run(Name::from("post"))).await;
        let before = Instant::now();
        bench.carry_out(&planned, None).await.all_done();
        runs.push(before.elapsed());
    }
    let (alone, run) = (median(alone), median(runs));
    let beside = run.saturating_sub(alone);
    told(&format!("a strong run: {run:.1?}, of which the exec is {alone:.1?} and {beside:.1?} all else\n"));
    bench.emulator.shutdown().await;
    assert!(beside < LIMIT, "{beside:?}");
}
