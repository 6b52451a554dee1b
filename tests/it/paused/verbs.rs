//! Runs that are left to themselves, followed later or ended, groups whose power a person changes, and cleaning up.

use std::time::Duration;

use acitask::engine::event::End;
use acitask::model::name::Name;
use acitask::plan::reconcile::{Cleaning, Power, Verb};
use acitask_emulator::runtime::simulated::behaviour::Behaviour;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};

const STRONG: &str = "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: site}
spec:
  resourceGroup: jobs
  containers:
    - name: site
      image: site:1
      resources: {requests: {cpu: 1, memoryInGB: 1}}
";

fn name(text: &str) -> Name {
    Name::from(text)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_left_to_itself_is_followed_later() {
    for (manifests, run) in [(ephemeral("task:1", ""), "job"), (persistent("task:1"), "first")] {
        let bench = Bench::open(images([("task:1", ends(0, 60))]), &[]).await;
        let left = bench.try_apply(&manifests, Verb::Detach(name(run))).await.unwrap();
        let Some(End::Done(text)) = left.ends().last() else { panic!("{:?}", left.events) };
        assert!(text.contains("acitask attach"), "{text}");
        assert!(left.lines().is_empty());
        let followed = bench.try_apply(&manifests, Verb::Attach(name(run))).await.unwrap();
        assert_eq!(followed.ends().last(), Some(&&End::Done("exit 0".to_owned())));
        assert_eq!(followed.lines(), ["about to end with 0"]);
        // It ran once, and nothing is under way any more.
        let again = bench.plan(&manifests, Verb::Attach(name(run))).await;
        assert_eq!((again.plan.steps().len(), again.notes.len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_ended_is_recorded_as_cancelled_and_leaves_nothing() {
    for (manifests, run) in [(ephemeral("task:1", ""), "job"), (persistent("task:1"), "first")] {
        let bench = Bench::open(images([("task:1", Behaviour::default())]), &[]).await;
        bench.try_apply(&manifests, Verb::Detach(name(run))).await.unwrap().all_done();
        bench.try_apply(&manifests, Verb::Cancel(name(run))).await.unwrap().all_done();
        let world = bench.world().await;
        let record =
            world["jobs"]["tags"][format!("acitask-run.{run}")].as_str().unwrap_or_default().to_owned();
        assert!(record.starts_with("cancelled"), "{record}");
        assert_eq!(bench.carried_out("POST", "/stop", 204), 1);
        if run == "job" {
            assert_eq!(world["jobs"]["groups"], serde_json::json!({}));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_groups_power_follows_a_persons_word() {
    let bench = Bench::open(images([("site:1", Behaviour::default())]), &[]).await;
    bench.apply(STRONG).await.all_done();
    for (power, starts, stops) in [
        (Power::Start, 0, 0),
        (Power::Stop, 0, 1),
        (Power::Stop, 0, 1),
        (Power::Start, 1, 1),
        (Power::Restart, 2, 2),
    ] {
        bench.try_apply(STRONG, Verb::Power(name("site"), power)).await.unwrap().all_done();
        let done =
            (bench.carried_out("POST", "/site/start", 204), bench.carried_out("POST", "/site/stop", 204));
        assert_eq!(done, (starts, stops), "{power:?}");
    }
    // A start of a group that runs start would be a run that nothing knows of.
    let persistent = persistent("task:1");
    let bench = Bench::open(images([("task:1", ends(0, 1))]), &[]).await;
    bench.apply(&persistent).await.all_done();
    let planned = bench.plan(&persistent, Verb::Power(name("worker"), Power::Start)).await;
    assert_eq!(planned.conflicts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn kept_groups_go_when_their_time_is_over() {
    let bench = Bench::open(images([("task:1", ends(3, 5))]), &[]).await;
    let manifests = ephemeral("task:1", "").replace("onFailure: delete", "onFailure: keep, for: 1h");
    bench.apply(&manifests).await;
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |minutes: u64| Cleaning::Expired { now: start + Duration::from_secs(minutes * 60) };
    let steps = async |cleaning| bench.plan(&manifests, Verb::Clean(cleaning)).await.plan.steps().len();
    assert_eq!((steps(at(30)).await, steps(at(90)).await, steps(Cleaning::All).await), (0, 1, 1));
    bench.settled(&manifests).await;
    bench.try_apply(&manifests, Verb::Clean(at(90))).await.unwrap().all_done();
    assert_eq!(bench.world().await["jobs"]["groups"], serde_json::json!({}));
}
