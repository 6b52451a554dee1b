//! Gone at any request, before or after the service has it, and applied again: the same world, and each task ran once.
//! Under every setting of the switches that bears on it.

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};
use acitask::plan::reconcile::Verb;

const SETTINGS: [&str; 5] = [
    "view.stale-reads=0",
    "view.stale-reads=3",
    "put.writes-tags=true",
    "put.on-terminated=refuse",
    "get.unknown-fields=true",
];

async fn bench(setting: &str) -> Bench {
    Bench::open(images([("task:1", ends(0, 20))]), &[setting]).await
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

async fn ends_the_same(manifests: &str) {
    for setting in SETTINGS {
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
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_run_ends_the_same() {
    ends_the_same(&ephemeral("task:1", "")).await;
}

#[tokio::test(start_paused = true)]
async fn two_persistent_runs_end_the_same() {
    ends_the_same(&persistent("task:1")).await;
}
