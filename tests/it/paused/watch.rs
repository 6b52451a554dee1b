//! Many waiting steps share their looks.

use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;

use super::bench::{Bench, images, sites};

/// How many reads of single groups and of lists an apply of so many groups made, whose creates take 30 seconds.
async fn reads(count: usize) -> (usize, usize) {
    let site = Behaviour { pull_ms: 30_000, ..Behaviour::default() };
    let bench = Bench::open(images([("site:1", site)]), &[]).await;
    let planned = bench.plan(&sites(count), Verb::Apply).await;
    let before = bench.emulator.journal().last();
    bench.carry_out_wide(&planned, count, None).await.all_done();
    let entries = bench.emulator.journal().since(before);
    let of = |end: fn(&str) -> bool| {
        let is_one = |target: &str| end(target.split('?').next().unwrap_or_default());
        entries.iter().filter(|entry| entry.method == "GET" && is_one(&entry.target)).count()
    };
    (of(|path| path.contains("/containerGroups/")), of(|path| path.ends_with("/containerGroups")))
}

#[tokio::test(start_paused = true)]
async fn more_than_three_waiting_steps_poll_the_list() {
    let (alone, lists) = reads(1).await;
    assert_eq!(lists, 0);
    assert_eq!(reads(3).await, (3 * alone, 0));
    let (groups, lists) = reads(40).await;
    assert!(groups < 40 * alone / 3, "{groups} reads of groups where one takes {alone}");
    assert!(lists > 0 && groups + lists < 40 * alone / 2, "{groups} reads of groups, {lists} of the list");
}
