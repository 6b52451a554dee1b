//! How close an apply comes to what is possible, in paused time: the makespans, as ratios to the ideal ones.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(dead_code, reason = "what the tests use of the rig and the benches do not")]

#[path = "../tests/it/lasting.rs"]
mod lasting;
/// The rig of the tests in paused time.
#[path = "../tests/it/paused"]
mod paused {
    pub(crate) mod bench;
    pub(crate) mod wire;
}

use std::time::Duration;

use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit};
use tokio::time::Instant;

use self::paused::bench::{Bench, images, sites};

fn told(text: &str) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()));
}

/// A service without quotas whose creates take 30 seconds.
async fn wide() -> Bench {
    let site = Behaviour { pull_ms: 30_000, ..Behaviour::default() };
    Bench::open(
        images([("site:1", site)]),
        &["quota.writes-pt1h=15000", "quota.writes-pt5m=1500", "quota.groups=2000", "quota.cores=5000"],
    )
    .await
}

async fn a_thousand_creates_are_as_fast_as_their_width_allows() {
    const COUNT: usize = 1_000;
    const WIDTH: usize = 50;
    let bench = wide().await;
    let began = Instant::now();
    let planned = bench.plan(&sites(COUNT), Verb::Apply).await;
    bench.carry_out_wide(&planned, WIDTH, None).await.all_done();
    let ideal = Duration::from_secs(30) * u32::try_from(COUNT / WIDTH).unwrap();
    let ratio = began.elapsed().as_secs_f64() / ideal.as_secs_f64();
    told(&format!("1,000 creates of 30 s, 50 wide: {ratio:.3} of the ideal makespan\n"));
    assert!(ratio <= 1.05, "{ratio}");
}

async fn a_thousand_items_are_as_fast_as_the_quota_allows() {
    const COUNT: u32 = 1_000;
    let task = Behaviour { exit: Some(Exit { after_ms: 10_000, ..Exit::default() }), ..Behaviour::default() };
    let bench = Bench::open(images([("task:1", task)]), &["quota.enforced=true"]).await;
    let began = Instant::now();
    bench.apply(&items(COUNT)).await.all_done();
    // 300 an hour: the last hundred begins in the fourth hour.
    let ideal = Duration::from_secs(3 * 3600);
    let ratio = began.elapsed().as_secs_f64() / ideal.as_secs_f64();
    told(&format!("1,000 items under the default rates: {ratio:.3} of what they allow\n"));
    assert!(ratio <= 1.05, "{ratio}");
}

/// A run that is fanned out over so many items.
fn items(count: u32) -> String {
    format!(
        "apiVersion: acitask/v1\nkind: TaskRun\nmetadata: {{name: job}}\nspec:\n  type: weak\n  \
         array: {{count: {count}, parallelism: 50}}\n  template:\n    resourceGroup: jobs\n    containers:\n      \
         - {{name: job, image: 'task:1', resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}}}\n"
    )
}

fn main() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime().block_on(a_thousand_creates_are_as_fast_as_their_width_allows());
    runtime().block_on(a_thousand_items_are_as_fast_as_the_quota_allows());
}
