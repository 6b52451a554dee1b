//! Gone at any request, before or after the service has it, and applied again: the same world, and each task ran once.
//! Under every setting of the switches that bears on it.

use acitask::plan::reconcile::Verb;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};

async fn bench(setting: &str) -> Bench {
    // So that a start that began a task differs from one of a group that runs.
    Bench::open(images([("task:1", ends(0, 2))]), &[setting, "start.status=202"]).await
}

/// How often a task was begun: by a PUT that created its group, or by a start.
fn begun(bench: &Bench) -> usize {
    let entries = bench.emulator.journal().since(0);
    let begins = entries.iter().filter(|entry| {
        let created =
            entry.method == "PUT" && entry.target.contains("containerGroups/") && entry.status == Some(201);
        created || entry.target.contains("/start?") && entry.status == Some(202)
    });
    begins.count()
}

async fn ends_the_same(manifests: &str, setting: &str) {
    let undisturbed = bench(setting).await;
    undisturbed.apply(manifests).await.all_done();
    let (world, runs) = (undisturbed.world().await, begun(&undisturbed));
    let mut points = 0;
    for trouble in [Trouble::GoneBefore, Trouble::GoneAfter] {
        for number in 1.. {
            let bench = bench(setting).await;
            bench.course.trouble(Script { of: "", number, trouble: trouble.clone() });
            let first = bench.try_apply(manifests, Verb::Apply).await;
            if bench.course.clear() {
                break;
            }
            assert!(first.is_none());
            let point = format!("{setting}, {trouble:?} at request {number}");
            let second = bench.apply(manifests).await;
            assert_eq!(second.tally.done, second.ends().len(), "{point}: {:#?}", second.events);
            assert_eq!(bench.world().await, world, "{point}");
            assert_eq!(begun(&bench), runs, "{point}: a task ran twice or never");
            bench.settled(manifests).await;
            points += 1;
        }
    }
    assert!(points > 20, "{setting}: only {points} points");
}

/// One ephemeral run, and two persistent ones in one group.
async fn both_kinds_end_the_same(setting: &str) {
    ends_the_same(&ephemeral("task:1", ""), setting).await;
    ends_the_same(&persistent("task:1"), setting).await;
}

#[tokio::test(start_paused = true)]
async fn with_everything_as_documented() {
    both_kinds_end_the_same("view.stale-reads=0").await;
}

#[tokio::test(start_paused = true)]
async fn with_views_that_are_old_for_a_while() {
    both_kinds_end_the_same("view.stale-reads=3").await;
}

#[tokio::test(start_paused = true)]
async fn with_a_put_that_writes_tags() {
    both_kinds_end_the_same("put.writes-tags=true").await;
}

#[tokio::test(start_paused = true)]
async fn with_finished_groups_that_refuse_a_put() {
    both_kinds_end_the_same("put.on-terminated=refuse").await;
}

#[tokio::test(start_paused = true)]
async fn with_properties_that_nobody_knows() {
    both_kinds_end_the_same("get.unknown-fields=true").await;
}
