//! The fault matrix: each request of two scenarios, each fault, before and after its effect; one more apply ends with
//! exactly what an undisturbed run has, and nothing that ended is repeated. It prints its counts.
//!
//! Every point takes an emulator of its own, so by default the points are sampled; `ACITASK_MATRIX=all` takes them all.

use acitask::engine::event::Tally;
use acitask::plan::reconcile::Verb;
use serde_json::Value;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};

/// How many points are left out between two that are taken.
const STRIDE: usize = 31;

fn faults() -> Vec<(&'static str, Trouble)> {
    let wait = || vec![("retry-after".to_owned(), "3".to_owned())];
    vec![
        ("429", Trouble::Answered(429, "TooManyRequests", wait())),
        ("409 transitioning", Trouble::Answered(409, "ContainerGroupTransitioning", vec![])),
        ("409 concurrent", Trouble::Answered(409, "ConflictingConcurrentWriteNotAllowed", vec![])),
        ("500", Trouble::Answered(500, "InternalServerError", vec![])),
        ("503", Trouble::Answered(503, "ServiceUnavailable", wait())),
        ("403", Trouble::Answered(403, "AuthorizationFailed", vec![])),
        ("cut before", Trouble::CutBefore),
        ("cut after", Trouble::CutAfter),
        ("gone before", Trouble::GoneBefore),
        ("gone after", Trouble::GoneAfter),
    ]
}

/// How many requests an undisturbed apply makes, its world, and how often tasks were begun.
async fn undisturbed(manifests: &str, setting: &str) -> (usize, Value, usize) {
    let bench = Bench::open(images([("task:1", ends(0, 2))]), &[setting, TOLD]).await;
    bench.apply(manifests).await.all_done();
    let requests = bench.emulator.journal().since(0).len();
    (requests, bench.world().await, begun(&bench))
}

/// A start that began a task differs from one of a group that runs.
const TOLD: &str = "start.status=202";

fn begun(bench: &Bench) -> usize {
    let entries = bench.emulator.journal().since(0);
    let begins = entries.iter().filter(|entry| {
        let created =
            entry.method == "PUT" && entry.target.contains("containerGroups/") && entry.status == Some(201);
        created || entry.target.contains("/start?") && entry.status == Some(202)
    });
    begins.count()
}

async fn matrix(name: &str, manifests: &str, setting: &str, stride: usize) -> (usize, usize) {
    let (requests, world, runs) = undisturbed(manifests, setting).await;
    let (mut points, mut disturbed) = (0, 0);
    for (place, (fault, trouble)) in faults().into_iter().enumerate() {
        // Each fault begins at another request, so that together they come to all.
        for number in (1 + place % stride..=requests).step_by(stride) {
            let bench = Bench::open(images([("task:1", ends(0, 2))]), &[setting, TOLD]).await;
            bench.course.trouble(Script { of: "", number, trouble: trouble.clone() });
            let first = bench.troubled(manifests, Verb::Apply).await;
            bench.course.clear();
            disturbed += usize::from(first.is_none_or(|tally| {
                tally.done == 0 || Tally { done: tally.done, ..Tally::default() } != tally
            }));
            let point = format!("{name}, {setting}: {fault} at request {number}");
            bench.apply(manifests).await.all_done();
            assert_eq!(bench.world().await, world, "{point}");
            assert_eq!(begun(&bench), runs, "{point}: an ended run was repeated, or one never ran");
            points += 1;
        }
    }
    (points, disturbed)
}

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_request_ends_the_same() {
    let stride = if std::env::var("ACITASK_MATRIX").as_deref() == Ok("all") { 1 } else { STRIDE };
    let (mut points, mut disturbed) = (0, 0);
    for (name, manifests) in [("ephemeral", ephemeral("task:1", "")), ("persistent", persistent("task:1"))] {
        for setting in ["view.stale-reads=0", "view.stale-reads=2", "put.writes-tags=true"] {
            let (more, hit) = matrix(name, &manifests, setting, stride).await;
            (points, disturbed) = (points + more, disturbed + hit);
        }
    }
    assert!(points > 60, "only {points} points");
    // What a test says is shown with `--nocapture`.
    let told =
        format!("fault matrix: {points} points, {disturbed} first applies disturbed, 0 runs repeated\n");
    drop(std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()));
}
