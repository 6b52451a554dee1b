//! The fault matrix: each request of two scenarios, each fault, before and after its effect; one more apply ends with
//! exactly what an undisturbed run has, and nothing that ended is repeated: under every switch of the emulator, and with
//! our clock wrong by ten minutes either way. It prints its counts.
//!
//! Every point takes an emulator of its own, so by default the points are sampled; `ACITASK_MATRIX=all` takes them all,
//! and `ACITASK_MATRIX=7` every seventh.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use acitask::engine::event::Tally;
use acitask::plan::reconcile::Verb;
use acitask_emulator::world::Switches;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::runtime::Builder;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent};
use super::wire::{Script, Trouble};

/// How many settings are tried at a time.
const WIDTH: usize = 2;
/// How many points are left out between two that are taken.
const STRIDE: usize = 97;

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
async fn undisturbed(manifests: &str, under: Under) -> (usize, Value, usize) {
    let bench = under.bench().await;
    bench.apply(manifests).await.all_done();
    let requests = bench.emulator.journal().since(0).len();
    (requests, bench.world().await, begun(&bench))
}

fn begun(bench: &Bench) -> usize {
    let entries = bench.emulator.journal().since(0);
    let begins = entries.iter().filter(|entry| {
        let created =
            entry.method == "PUT" && entry.target.contains("containerGroups/") && entry.status == Some(201);
        created || entry.target.contains("/start?") && entry.status == Some(202)
    });
    begins.count()
}

/// A start that began a task differs from one of a group that runs; where it does not, starts cannot be counted.
const TOLD: &str = "start.status=202";

/// A setting of a switch, and by how many minutes our clock is ahead.
#[derive(Clone, Copy, Debug)]
struct Under(&'static str, i64);

impl Under {
    async fn bench(self) -> Bench {
        let ahead = SignedDuration::from_mins(self.1);
        let told: &[&str] = if self.0.starts_with("start.status") { &[self.0] } else { &[self.0, TOLD] };
        Bench::skewed(images([("task:1", ends(0, 2))]), told, ahead).await
    }
}

/// Every switch of the emulator in another position than its default. One is left out: under `provider.registered=false`
/// nothing can be created before a person has registered the provider. Quotas and their rates bear on nothing unless
/// they are enforced.
const SETTINGS: [Under; 24] = [
    Under("view.stale-reads=0", 0),
    Under("view.stale-reads=2", 0),
    Under("put.writes-tags=true", 0),
    Under("dns.release-seconds=60", 0),
    Under("exec.split=false", 0),
    Under("get.unknown-fields=true", 0),
    Under("put.on-stopped=refuse", 0),
    Under("put.on-terminated=refuse", 0),
    Under("put.tags-restart=false", 0),
    Under("put.unknown-properties=refuse", 0),
    Under("quota.enforced=true", 0),
    Under("secret-reference.value=other", 0),
    Under("start.status=204", 0),
    Under("status.dns-taken=409", 0),
    Under("status.invalid-update=409", 0),
    Under("status.registry-error=400", 0),
    Under("status.stopped=400", 0),
    Under("view.dns-scope=true", 0),
    Under("view.stale-reads=0", 10),
    Under("view.stale-reads=0", -10),
    Under("view.stale-reads=2", 10),
    Under("view.stale-reads=2", -10),
    Under("put.writes-tags=true", 10),
    Under("put.writes-tags=true", -10),
];

#[test]
fn every_switch_has_its_place() {
    let left_out =
        |name: &str| name == "provider.registered" || name.starts_with("quota.") && name != "quota.enforced";
    for (name, _) in Switches::MEANINGS {
        let has_place = SETTINGS.iter().any(|under| under.0.starts_with(name));
        assert!(has_place != left_out(name), "{name}");
    }
}

async fn matrix(name: &str, manifests: &str, under: Under, turn: usize, stride: usize) -> (usize, usize) {
    let (requests, world, runs) = undisturbed(manifests, under).await;
    let (mut points, mut disturbed) = (0, 0);
    for (place, (fault, trouble)) in faults().into_iter().enumerate() {
        // Each fault begins at another request, so that together they come to all.
        for number in (1 + (turn + place * 3) % stride..=requests).step_by(stride) {
            let bench = under.bench().await;
            bench.course.trouble(Script { of: "", number, trouble: trouble.clone() });
            let first = bench.troubled(manifests, Verb::Apply).await;
            bench.course.clear();
            disturbed += usize::from(first.is_none_or(|tally| {
                tally.done == 0 || Tally { done: tally.done, ..Tally::default() } != tally
            }));
            let point = format!("{name}, {under:?}: {fault} at request {number}");
            bench.apply(manifests).await.all_done();
            assert_eq!(bench.world().await, world, "{point}");
            assert_eq!(begun(&bench), runs, "{point}: an ended run was repeated, or one never ran");
            points += 1;
        }
    }
    (points, disturbed)
}

#[test]
fn every_fault_at_every_request_ends_the_same() {
    let stride = match std::env::var("ACITASK_MATRIX").as_deref() {
        Ok("all") => 1,
        Ok(stride) => stride.parse().unwrap(),
        Err(_) => STRIDE,
    };
    let scenarios = [("ephemeral", ephemeral("task:1", "")), ("persistent", persistent("task:1"))];
    let next = AtomicUsize::new(0);
    let counts = Mutex::new((0, 0));
    thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| {
                let paused = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let (turn, scenario) = (number / scenarios.len(), number % scenarios.len());
                    let Some(under) = SETTINGS.get(turn) else { return };
                    let (name, manifests) = &scenarios[scenario];
                    let (points, hit) = paused.block_on(matrix(name, manifests, *under, turn * 7, stride));
                    let mut counts = counts.lock().unwrap();
                    *counts = (counts.0 + points, counts.1 + hit);
                }
            });
        }
    });
    let (points, disturbed) = counts.into_inner().unwrap();
    assert!(points > 60, "only {points} points");
    // What a test says is shown with `--nocapture`.
    let told = format!(
        "fault matrix: {points} points under {} settings, {disturbed} first applies disturbed, 0 runs repeated\n",
        SETTINGS.len()
    );
    drop(std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()));
}
