//! What the matrices share: the scenarios, the settings under which they go, what an undisturbed run comes to, and how
//! points are tried side by side.
//!
//! Every point takes an emulator of its own, so by default the points are sampled and each setting has one clock;
//! `ACITASK_MATRIX=all` takes them all with every clock, and `ACITASK_MATRIX=7` every seventh.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use acitask::engine::event::Tally;
use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Chunk, Command};
use acitask_emulator::world::Switches;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::bench::{Bench, ends, images};
use super::runs::{ephemeral, persistent, strong};
use super::wire::{Script, Trouble};

/// How many points are tried at a time.
const WIDTH: usize = 2;

/// Manifests, and a name to tell them by.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) manifests: String,
}

/// An ephemeral run; two persistent ones in one group; the same where the first fails; two strong ones in one container
/// that has the helper.
pub(crate) fn scenarios() -> [Scenario; 4] {
    [
        Scenario { name: "ephemeral", manifests: ephemeral("task:1", "") },
        Scenario { name: "persistent", manifests: persistent("task:1") },
        Scenario { name: "failing", manifests: persistent("fails:1") },
        Scenario { name: "strong", manifests: strong("alive:1", "") },
    ]
}

/// A container that lives and whose helper runs `/post NAME` for these names, five seconds each.
pub(crate) fn alive(names: &[&str]) -> Behaviour {
    let post = |name: &&str| Command {
        argv: vec!["/post".to_owned(), (*name).to_owned()],
        chunks: [(1_000, "posted "), (4_000, "and answered\n")]
            .map(|(after_ms, text)| Chunk { after_ms, text: text.to_owned() })
            .into(),
        ..Command::default()
    };
    Behaviour { pull_ms: 500, helper: Some(names.iter().map(post).collect()), ..Behaviour::default() }
}

/// Settings of switches, with a space between two, and by how many minutes our clock is ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Under(pub(crate) &'static str, pub(crate) i64);

/// By how many minutes our clock is ahead.
const CLOCKS: [i64; 3] = [0, 10, -10];

/// Every switch of the emulator in another position than its default, and the default. Quotas and rates are enforced
/// and so low that the scenarios meet them.
const SETTINGS: [&str; 22] = [
    "view.stale-reads=0",
    "view.stale-reads=2",
    "put.writes-tags=true",
    "dns.release-seconds=60",
    "exec.split=false",
    "get.unknown-fields=true",
    "provider.registered=false",
    "put.on-stopped=refuse",
    "put.on-terminated=refuse",
    "put.tags-restart=false",
    "put.unknown-properties=refuse",
    "secret-reference.value=other",
    "start.status=204",
    "status.dns-taken=409",
    "status.invalid-update=409",
    "status.registry-error=400",
    "status.stopped=400",
    "view.dns-scope=true",
    "quota.enforced=true quota.groups=1 quota.cores=1",
    "quota.enforced=true quota.writes-pt5m=1 quota.deletes-pt5m=1",
    "quota.enforced=true quota.writes-pt1h=2 quota.deletes-pt1h=1",
    "quota.enforced=true quota.arm-reads=3 quota.arm-writes=1 quota.arm-deletes=1",
];

/// A start that began a task differs from one of a group that runs; where it does not, starts cannot be counted.
const TOLD: &str = "start.status=202";

impl Under {
    /// Every setting with every clock.
    fn all() -> Vec<Self> {
        SETTINGS.iter().flat_map(|setting| CLOCKS.map(|ahead| Self(setting, ahead))).collect()
    }

    /// Every setting with one clock, and each clock with a third of them.
    fn sample() -> Vec<Self> {
        SETTINGS.iter().zip(CLOCKS.into_iter().cycle()).map(|(setting, ahead)| Self(setting, ahead)).collect()
    }

    pub(crate) async fn bench(self) -> Bench {
        let mut told: Vec<&str> = self.0.split(' ').collect();
        if !self.0.starts_with("start.status") {
            told.push(TOLD);
        }
        let images =
            images([("task:1", ends(0, 2)), ("fails:1", ends(3, 2)), ("alive:1", alive(&["cat", "dog"]))]);
        let bench = Bench::skewed(images, &told, SignedDuration::from_mins(self.1)).await;
        // The emulator remembers what was as long as some fault may want to show it.
        let stale = json!({"on": "containerGroups/get", "resource": "nobody", "effect": "stale"});
        bench.emulator.with_faults(|board| board.add(stale)).unwrap();
        bench
    }

    /// Does what only a person does between two applies: registers the provider.
    async fn mend(self, bench: &Bench) {
        if self.0 == "provider.registered=false" {
            register(bench).await;
        }
    }
}

/// Registers the provider, as a person does with `az provider register`, and waits until it is.
pub(crate) async fn register(bench: &Bench) {
    let path = "/subscriptions/sub/providers/Microsoft.ContainerInstance/register";
    let (status, text) = bench.send("POST", path, &Value::Null).await;
    assert_eq!(status, 200, "{text}");
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
}

#[test]
fn every_switch_has_its_place() {
    for (name, _) in Switches::MEANINGS {
        let has_place =
            SETTINGS.iter().any(|set| set.split(' ').any(|one| one.starts_with(&format!("{name}="))));
        assert!(has_place, "{name}");
    }
}

/// What an undisturbed apply comes to.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    /// How many requests it makes.
    pub(crate) requests: usize,
    world: Value,
    begun: usize,
}

impl Undisturbed {
    pub(crate) async fn of(manifests: &str, under: Under) -> Self {
        let bench = under.bench().await;
        under.mend(&bench).await;
        let applied = bench.apply(manifests).await;
        assert!(went(&applied.tally), "{:?}", applied.ends());
        let begun = begun(&bench);
        assert!(begun > 0);
        Self { requests: bench.course.seen(), world: bench.world().await, begun }
    }
}

/// Whether all was done that could be; how tasks ended, their records tell.
fn went(tally: &Tally) -> bool {
    let Tally { done: _, tasks_failed: _, timed_out, stale, failed, skipped: _, interrupted } = tally;
    [timed_out, stale, failed, interrupted].iter().all(|count| **count == 0)
}

/// How often a task was begun: by a PUT that created its group, by a start, or by the helper of a container.
pub(crate) fn begun(bench: &Bench) -> usize {
    let entries = bench.emulator.journal().since(0);
    let begins = entries.iter().filter(|entry| {
        let created =
            entry.method == "PUT" && entry.target.contains("containerGroups/") && entry.status == Some(201);
        created || entry.target.contains("/start?") && entry.status == Some(202)
    });
    begins.count() + bench.emulator.begun().len()
}

/// What a trouble may end in, after one more apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In what an undisturbed run ends in.
    Same,
    /// It is the run's own end, or the platform's doing, so a task may end otherwise: with the same groups or fewer, with
    /// every run ended and recorded, and nothing that ended is repeated by itself.
    Settled,
}

/// Applies with this trouble and then once more without; what differs then from an undisturbed run. Tells whether the
/// first apply was disturbed.
async fn disturbed(
    manifests: &str,
    under: Under,
    undisturbed: &Undisturbed,
    script: Script,
    ending: Ending,
) -> Result<bool, String> {
    let bench = under.bench().await;
    bench.course.trouble(script);
    let first = bench.troubled(manifests, Verb::Apply).await;
    bench.course.clear();
    bench.emulator.with_faults(|board| board.clear(None));
    under.mend(&bench).await;
    let second = bench.apply(manifests).await;
    if !went(&second.tally) {
        return Err(format!("not all was done: {:?}", second.ends()));
    }
    let (world, count) = (bench.world().await, begun(&bench));
    match ending {
        Ending::Same if world != undisturbed.world => {
            return Err(format!("another world: {world}\nand undisturbed: {}", undisturbed.world));
        }
        Ending::Same if count != undisturbed.begun => {
            return Err(format!("{count} runs were begun, and undisturbed {}", undisturbed.begun));
        }
        Ending::Settled => settled(&world, &undisturbed.world)?,
        Ending::Same => {}
    }
    let left = bench.plan(manifests, Verb::Apply).await;
    if !left.plan.steps().is_empty() {
        return Err(format!("something is left to do: {:?}", left.plan.steps()));
    }
    bench.apply(manifests).await;
    if begun(&bench) != count {
        return Err("something that ended was begun again".to_owned());
    }
    Ok(first.is_none_or(|tally| tally.done == 0 || tally != Tally { done: tally.done, ..Tally::default() }))
}

/// Whether there are no groups but those of an undisturbed run, and no run is open.
fn settled(world: &Value, undisturbed: &Value) -> Result<(), String> {
    let groups = |world: &Value| -> BTreeSet<String> {
        let groups = world["jobs"]["groups"].as_object();
        groups.into_iter().flat_map(|groups| groups.keys().cloned()).collect()
    };
    if !groups(world).is_subset(&groups(undisturbed)) {
        return Err(format!("groups are left over: {world}"));
    }
    let tags = world["jobs"]["tags"].as_object().cloned().unwrap_or_default();
    let open = |(name, value): (&String, &Value)| {
        name.starts_with("acitask-run.") && value.as_str().is_some_and(|text| text.starts_with("open"))
    };
    if tags.iter().any(open) { Err(format!("a run is open: {world}")) } else { Ok(()) }
}

/// How many points there were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) points: usize,
    pub(crate) disturbed: usize,
}

/// Takes each trouble at each request of each scenario under each setting, or a sample of them with so many left out
/// between two, and prints the counts.
pub(crate) fn every_point(
    what: &str,
    stride: usize,
    troubles: &(impl Fn(&Scenario) -> Vec<(&'static str, Trouble, Ending)> + Sync),
) -> Counts {
    let stride = match std::env::var("ACITASK_MATRIX").as_deref() {
        Ok("all") => 1,
        Ok(stride) => stride.parse().unwrap(),
        Err(_) => stride,
    };
    let (scenarios, settings) = (scenarios(), if stride == 1 { Under::all() } else { Under::sample() });
    let (next, counts, failed) = (AtomicUsize::new(0), Mutex::new(Counts::default()), Mutex::new(Vec::new()));
    let take = |turn: usize| {
        let (under, scenario) = (settings[turn / scenarios.len()], &scenarios[turn % scenarios.len()]);
        let undisturbed = paused(Undisturbed::of(&scenario.manifests, under));
        let undisturbed = undisturbed.unwrap_or_else(|why| panic!("{}, {under:?}: {why}", scenario.name));
        for (place, (name, trouble, ending)) in troubles(scenario).into_iter().enumerate() {
            // Each trouble begins at another request, so that together they come to all.
            for number in (1 + (turn * 7 + place * 3) % stride..=undisturbed.requests).step_by(stride) {
                let script = Script { of: "", number, trouble: trouble.clone() };
                let went =
                    paused(disturbed(&scenario.manifests, under, &undisturbed, script, ending)).flatten();
                let mut counts = counts.lock().unwrap();
                counts.points += 1;
                match went {
                    Ok(disturbed) => counts.disturbed += usize::from(disturbed),
                    Err(why) => {
                        let point =
                            format!("{}, {under:?}: {name} at request {number}: {why}", scenario.name);
                        told(&format!("FAILED {point}\n"));
                        failed.lock().unwrap().push(point);
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= settings.len() * scenarios.len() {
                        return;
                    }
                    take(turn);
                }
            });
        }
    });
    let (counts, failed) = (counts.into_inner().unwrap(), failed.into_inner().unwrap());
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{what}: {} points of {} scenarios under {} settings of switches and clock, {} first applies disturbed, {} ended otherwise",
        counts.points,
        scenarios.len(),
        settings.len(),
        counts.disturbed,
        failed.len()
    );
    told(&text);
    assert!(failed.is_empty(), "{} of {} points, the first:\n{}", failed.len(), counts.points, failed[0]);
    counts
}

/// Does the work in a time of its own that is paused; a panic is what went wrong.
fn paused<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(work))).map_err(|_| "it panicked".to_owned())
}

/// What a test says is shown with `--nocapture`.
fn told(text: &str) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()));
}
