//! Runs that are tried again, and runs that are fanned out over items.

use std::time::Duration;

use acitask::engine::event::{End, EventKind};
use acitask::model::name::Name;
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Sight};
use tokio::time::Instant;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};

/// Ends with 0, but where one of these stands in its environment with the code beside it.
pub(crate) fn but(others: &[(&str, i32)]) -> Behaviour {
    let other = |(variable, code): &(&str, i32)| {
        ((*variable).to_owned(), Exit { after_ms: 3_000, code: *code, ..Exit::default() })
    };
    Behaviour { exits: others.iter().map(other).collect(), ..ends(0, 3) }
}

const RETRIES: &str = "  retries: {limit: 2, backoff: 20s}";

#[tokio::test(start_paused = true)]
async fn a_run_is_tried_again_until_it_ends_well_or_may_not_any_more() {
    for (failing, attempts, exit) in [
        (&[][..], 1, 0),
        (&[("ACITASK_ATTEMPT=1", 3)], 2, 0),
        (&[("ACITASK_ATTEMPT=1", 3), ("ACITASK_ATTEMPT=2", 4), ("ACITASK_ATTEMPT=3", 5)], 3, 5),
    ] {
        let bench = Bench::open(images([("task:1", but(failing))]), &[]).await;
        let manifests = ephemeral("task:1", RETRIES);
        let began = Instant::now();
        let applied = bench.apply(&manifests).await;
        match applied.ends().last() {
            Some(End::Done(_)) => assert_eq!(exit, 0),
            Some(End::TaskFailed { exit: told, .. }) => assert_eq!(*told, Some(exit)),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            bench.carried_out("PUT", "", 201),
            1 + attempts,
            "a resource group and a group an attempt"
        );
        assert_eq!(bench.world().await["jobs"]["groups"], serde_json::json!({}));
        let told = applied.events.iter().filter(|event| matches!(event.kind, EventKind::Retrying { .. }));
        assert_eq!(told.count(), attempts - 1);
        let paused: u64 = (1..attempts).map(|attempt| 20 << (attempt - 1)).sum();
        assert!(began.elapsed() >= Duration::from_secs(paused), "{:?}", began.elapsed());
        bench.settled(&manifests).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_ended_is_tried_again_without_retries() {
    let behaviour = but(&[("ACITASK_ATTEMPT=1", 7147), ("ACITASK_ATTEMPT=2", 7148)]);
    let bench = Bench::open(images([("task:1", behaviour)]), &[]).await;
    bench.apply(&ephemeral("task:1", "")).await.all_done();
    assert_eq!(bench.carried_out("PUT", "", 201), 4);
}

#[tokio::test(start_paused = true)]
async fn what_a_liveness_probe_ended_is_the_tasks_doing() {
    let unwell = Sight { after_ms: 5_000, unwell: Some("ill".to_owned()), ..Sight::default() };
    let behaviour = Behaviour { sights: vec![unwell], ..Behaviour::default() };
    let bench = Bench::open(images([("task:1", behaviour)]), &[]).await;
    let probe = "memoryInGB: 1}}\n        livenessProbe: {periodSeconds: 2, exec: {command: [look]}}";
    let manifests = ephemeral("task:1", "").replace("memoryInGB: 1}}", probe);
    let applied = bench.apply(&manifests).await;
    let Some(End::TaskFailed { exit: Some(7147), why }) = applied.ends().last() else {
        panic!("{:?}", applied.ends())
    };
    assert!(why.contains("its liveness probe failed"), "{why}");
    assert_eq!(bench.carried_out("PUT", "", 201), 2, "a resource group and one attempt");
}

#[tokio::test(start_paused = true)]
async fn a_persistent_group_is_started_for_each_attempt() {
    let bench = Bench::open(images([("task:1", ends(3, 3))]), &[]).await;
    let manifests =
        persistent("task:1").replace("lifetime: persistent", "lifetime: persistent, retries: {limit: 1}");
    let applied = bench.apply(&manifests).await;
    assert_eq!((applied.tally.tasks_failed, applied.tally.skipped), (1, 1));
    assert_eq!(bench.carried_out("POST", "/worker/start", 204), 1);
}

/// One run, fanned out.
fn fan(array: &str) -> String {
    ephemeral("task:1", &format!("  array: {array}"))
}

#[tokio::test(start_paused = true)]
async fn each_item_runs_once_with_what_it_is_given() {
    let bench = Bench::open(images([("task:1", ends(0, 30))]), &[]).await;
    let manifests = fan("{count: 12, parallelism: 3}");
    let began = Instant::now();
    let applied = bench.apply(&manifests).await;
    applied.all_done();
    assert_eq!(applied.ends().last(), Some(&&End::Done("12 of 12 items".to_owned())));
    assert_eq!(applied.lines().len(), 12);
    assert!(applied.lines().contains(&"11 │ about to end with 0"));
    let took = began.elapsed();
    assert!((Duration::from_secs(120)..Duration::from_secs(180)).contains(&took), "{took:?}");
    assert_eq!(bench.world().await["jobs"]["groups"], serde_json::json!({}));
    bench.settled(&manifests).await;
}

#[tokio::test(start_paused = true)]
async fn only_items_that_failed_or_are_new_run_again() {
    let behaviour = but(&[("ACITASK_ITEM=b", 3)]);
    let bench = Bench::open(images([("task:1", behaviour)]), &[]).await;
    let manifests = fan("{items: [a, b, c]}");
    let applied = bench.apply(&manifests).await;
    let Some(End::TaskFailed { exit: Some(3), why }) = applied.ends().last() else {
        panic!("{:?}", applied.ends())
    };
    assert!(why.contains("2 of 3 items") && why.contains("item b"), "{why}");
    bench.settled(&manifests).await;
    let again = bench.try_apply(&manifests, Verb::Run(Name::from("job"))).await.unwrap();
    assert_eq!(again.tally.tasks_failed, 1);
    assert_eq!(bench.carried_out("PUT", "", 201), 1 + 3 + 1, "b alone runs again");
    let more = fan("{items: [a, b, c, d, e]}");
    let planned = bench.plan(&more, Verb::Apply).await;
    let reasons: Vec<String> = planned.plan.steps().iter().map(|step| step.reason.to_string()).collect();
    assert_eq!(reasons, ["items were added: 3 of 5 are to run"]);
    bench.apply(&more).await;
    assert_eq!(bench.carried_out("PUT", "", 201), 5 + 3);
    bench.settled(&more).await;
    // Another list is another input.
    bench.apply(&fan("{items: [x, y]}")).await.all_done();
    assert_eq!(bench.carried_out("PUT", "", 201), 8 + 2);
}

#[tokio::test(start_paused = true)]
async fn a_fanned_out_run_that_is_cut_off_anywhere_ends_as_if_it_had_not_been() {
    let behaviour = || but(&[("ACITASK_ITEM=b", 3)]);
    let manifests = ephemeral("task:1", "  retries: {limit: 1, backoff: 5s}\n  array: {items: [a, b]}");
    let undisturbed = Bench::open(images([("task:1", behaviour())]), &[]).await;
    undisturbed.apply(&manifests).await;
    let (world, puts) = (undisturbed.world().await, undisturbed.carried_out("PUT", "", 201));
    assert_eq!(puts, 1 + 3);
    let mut points = 0;
    for trouble in [Trouble::GoneBefore, Trouble::GoneAfter] {
        for number in (1..).step_by(3) {
            let bench = Bench::open(images([("task:1", behaviour())]), &["view.stale-reads=1"]).await;
            bench.course.trouble(Script { of: "", number, trouble: trouble.clone() });
            let first = bench.try_apply(&manifests, Verb::Apply).await;
            if bench.course.clear() {
                break;
            }
            assert!(first.is_none());
            bench.apply(&manifests).await;
            let point = format!("{trouble:?} at request {number}");
            assert_eq!(bench.world().await, world, "{point}");
            assert_eq!(bench.carried_out("PUT", "", 201), puts, "{point}: an item ran twice or never");
            bench.settled(&manifests).await;
            points += 1;
        }
    }
    assert!(points > 20, "only {points} points");
}
