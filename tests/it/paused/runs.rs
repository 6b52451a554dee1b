//! Weak runs to their end: what is recorded of them, what is kept, and what is due afterwards.

use std::time::Duration;

use acitask::engine::event::{End, Limit};
use acitask::model::name::Name;
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;
use tokio::time::Instant;

use super::bench::{Bench, ends, images};

/// An ephemeral run of an image; `more` goes into its spec.
pub(crate) fn ephemeral(image: &str, more: &str) -> String {
    format!(
        "\
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: job}}
spec:
  type: weak
  lifetime: ephemeral
  keep: {{onSuccess: delete, onFailure: delete}}
{more}
  template:
    resourceGroup: jobs
    containers:
      - name: job
        image: {image}
        resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}
"
    )
}

/// Two persistent runs, one after the other, in one group of an image.
pub(crate) fn persistent(image: &str) -> String {
    format!(
        "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {{name: worker}}
spec:
  resourceGroup: jobs
  restartPolicy: Never
  containers:
    - name: worker
      image: {image}
      resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: first}}
spec: {{type: weak, lifetime: persistent, containerGroup: worker}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: second}}
spec: {{type: weak, lifetime: persistent, containerGroup: worker, dependsOn: [first]}}
"
    )
}

/// Two strong runs, one after the other, in one container of an image; `more` goes into each one's spec.
pub(crate) fn strong(image: &str, more: &str) -> String {
    format!(
        "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {{name: alive}}
spec:
  resourceGroup: jobs
  containers:
    - name: alive
      image: {image}
      resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: post-cat}}
spec:
  type: strong
  containerGroup: alive
  command: [/post, cat]
{more}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: post-dog}}
spec:
  type: strong
  containerGroup: alive
  command: [/post, dog]
  dependsOn: [post-cat]
{more}
"
    )
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_run_ends_with_its_tasks_exit_code_and_its_group_is_gone() {
    for code in [0, 1, 3, 137] {
        let bench = Bench::open(images([("task:1", ends(code, 20))]), &[]).await;
        let manifests = ephemeral("task:1", "");
        let applied = bench.apply(&manifests).await;
        let failed = End::TaskFailed { exit: Some(code), why: String::new() };
        match applied.ends().last() {
            Some(End::Done(_)) => assert_eq!(code, 0),
            Some(End::TaskFailed { exit, .. }) => assert_eq!(*exit, Some(code), "{failed:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(applied.lines(), [format!("about to end with {code}")]);
        assert_eq!(bench.world().await["jobs"]["groups"], serde_json::json!({}));
        // It is not repeated by itself, however it ended.
        bench.settled(&manifests).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_repeated_where_that_is_wanted_or_a_person_says_so() {
    let bench = Bench::open(images([("task:1", ends(3, 5))]), &[]).await;
    bench.apply(&ephemeral("task:1", "")).await;
    let again = bench.plan(&ephemeral("task:1", "  rerunFailed: true"), Verb::Apply).await;
    assert_eq!(again.plan.steps().len(), 1);
    let asked = bench.try_apply(&ephemeral("task:1", ""), Verb::Run(Name::from("job"))).await.unwrap();
    assert_eq!(asked.tally.tasks_failed, 1);
    assert_eq!(bench.carried_out("PUT", "", 201), 3, "a resource group and a group for each run");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_is_stopped() {
    let bench = Bench::open(images([("task:1", Behaviour::default())]), &[]).await;
    let manifests = ephemeral("task:1", "  timeout: 5m");
    let began = Instant::now();
    let applied = bench.apply(&manifests).await;
    let allowed = Duration::from_secs(300);
    assert!(
        matches!(applied.ends().last(), Some(End::TimedOut { limit: Limit::Total, allowed: told }) if *told == allowed)
    );
    assert!((allowed..allowed * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    bench.settled(&manifests).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_never_starts_has_failed_with_the_reason() {
    let pull = Behaviour { pull_failure: Some("the registry is on fire".to_owned()), ..Behaviour::default() };
    let start =
        Behaviour { start_failure: Some("exec: \"/job\": no such file".to_owned()), ..Behaviour::default() };
    for (behaviour, reason) in [(pull, "the registry is on fire"), (start, "no such file")] {
        let bench = Bench::open(images([("task:1", behaviour)]), &[]).await;
        let manifests = ephemeral("task:1", "  timeout: 10m");
        let applied = bench.apply(&manifests).await;
        let told = matches!(applied.ends().last(), Some(End::TaskFailed { exit: None, why }) if why.contains(reason));
        assert!(told, "{reason}: {:?}", applied.ends());
        bench.settled(&manifests).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_persistent_group_is_created_for_its_first_run_and_started_for_its_second() {
    for settings in
        [&[][..], &["view.stale-reads=3"], &["get.unknown-fields=true"], &["put.on-terminated=refuse"]]
    {
        let bench = Bench::open(images([("task:1", ends(0, 5)), ("task:2", ends(0, 5))]), settings).await;
        let manifests = persistent("task:1");
        bench.apply(&manifests).await.all_done();
        assert_eq!(bench.carried_out("PUT", "/worker", 201), 1, "{settings:?}");
        assert_eq!(bench.carried_out("POST", "/worker/start", 204), 1, "{settings:?}");
        bench.settled(&manifests).await;

        // A finished group cannot be updated, so its next image is a group of the same name.
        bench.apply(&persistent("task:2")).await.all_done();
        assert_eq!(bench.carried_out("PUT", "/worker", 201), 2, "{settings:?}");
        assert_eq!(bench.carried_out("POST", "/worker/start", 204), 2, "{settings:?}");
        bench.settled(&persistent("task:2")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_no_runs_input_waits_for_the_next_run() {
    let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
    bench.apply(&persistent("task:1")).await;
    let larger = persistent("task:1").replace("memoryInGB: 1}", "memoryInGB: 2}");
    let planned = bench.plan(&larger, Verb::Apply).await;
    assert!(planned.plan.steps().is_empty(), "{:#?}", planned.plan.steps());
    assert!(planned.notes.iter().any(|note| note.text.contains("memoryInGB")), "{:?}", planned.notes);
    bench.try_apply(&larger, Verb::Run(Name::from("first"))).await.unwrap().all_done();
    let planned = bench.plan(&larger, Verb::Apply).await;
    assert_eq!((planned.plan.steps().len(), planned.notes), (0, vec![]));
}
