//! What holds of any two groups on the emulator, under every setting of its switches: what was applied plans to nothing,
//! and what others have stays as it is, byte for byte. `ACITASK_CASES` says how many cases there are; without it as many
//! as are done in a few seconds.

use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::bench::{Bench, ends, images};
use crate::pure::service::Chance;
use crate::pure::tree::{CHOICES, CONTAINER, GROUP, Numbers};

/// Every switch that bears on a plan, at another setting than its default, and the defaults.
const SETTINGS: [&[&str]; 15] = [
    &[],
    &["get.unknown-fields=true"],
    &["get.unknown-fields=true", "put.writes-tags=true"],
    &["put.writes-tags=true"],
    &["put.tags-restart=false"],
    &["put.unknown-properties=refuse"],
    &["put.on-stopped=refuse"],
    &["put.on-terminated=refuse"],
    &["view.dns-scope=true"],
    &["view.stale-reads=2"],
    &["start.status=202"],
    &["dns.release-seconds=60"],
    &["status.invalid-update=409", "status.dns-taken=409"],
    &["status.registry-error=400", "status.stopped=400", "exec.split=false"],
    &["get.unknown-fields=true", "view.dns-scope=true", "view.stale-reads=1", "put.tags-restart=false"],
];

/// Long enough to meet every setting several times.
const CASES: usize = 56;

/// What others have: a resource group of their own with a group, and a group among ours.
const FOREIGN: [&str; 2] = [
    "/subscriptions/sub/resourceGroups/theirs/providers/Microsoft.ContainerInstance/containerGroups/foreign",
    "/subscriptions/sub/resourceGroups/jobs/providers/Microsoft.ContainerInstance/containerGroups/foreign",
];

fn number() -> impl Strategy<Value = u8> {
    proptest::prop_oneof![2 => proptest::strategy::Just(0), 2 => 1..CHOICES]
}

/// Numbers of properties that the emulator has.
fn numbers() -> impl Strategy<Value = Numbers> {
    let group = proptest::collection::vec(number(), GROUP.len());
    let containers = proptest::collection::vec(proptest::collection::vec(number(), CONTAINER.len()), 1..3);
    (group, containers).prop_map(|(group, containers)| {
        let emulated = |rows: &[crate::pure::tree::Row], numbers: Vec<u8>| -> Vec<u8> {
            rows.iter().zip(numbers).map(|(row, number)| if row.emulated { number } else { 0 }).collect()
        };
        let containers = containers.into_iter().map(|numbers| emulated(&CONTAINER, numbers)).collect();
        Numbers { group: emulated(&GROUP, group), containers }
    })
}

/// A group that the service takes: its ports are those of its address, each volume has its mount, and no container may
/// have more than all of them ask for.
fn sound(numbers: &Numbers) -> Value {
    let mut group = numbers.manifest();
    let volumes = group.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<Value> = volumes.iter().map(|volume| volume["name"].clone()).collect();
    let (mut ports, mut is_first) = (None, true);
    let requests = |amount: &str| -> f64 {
        let containers = group["containers"].as_array().into_iter().flatten();
        containers.filter_map(|container| container["resources"]["requests"][amount].as_f64()).sum()
    };
    let totals = [("cpu", requests("cpu")), ("memoryInGB", requests("memoryInGB"))];
    for container in group["containers"].as_array_mut().into_iter().flatten() {
        for (amount, total) in totals {
            if let Some(limit) = container.pointer_mut(&format!("/resources/limits/{amount}")) {
                *limit = json!(total);
            }
        }
        let container = container.as_object_mut().unwrap();
        let mounts = container.get("volumeMounts").and_then(Value::as_array).map_or(0, Vec::len);
        let mounts = if is_first { names.len() } else { mounts.min(names.len()) };
        if let Some(own) = container.remove("volumeMounts").or((mounts > 0).then_some(json!([]))) {
            let mount = |(at, name): (usize, &Value)| json!({"name": name, "mountPath": format!("/mnt/{at}"), "readOnly": own[at]["readOnly"] == true});
            let list: Vec<Value> = names.iter().take(mounts).enumerate().map(mount).collect();
            container.insert("volumeMounts".to_owned(), list.into());
        }
        // All containers share the ports of the group.
        if ports.is_some() {
            container.remove("ports");
        }
        ports = ports.or_else(|| container.get("ports").cloned());
        is_first = false;
    }
    match (group.get_mut("ipAddress"), ports) {
        (Some(address), Some(ports)) => address["ports"] = ports,
        (Some(_), None) => drop(group.as_object_mut().unwrap().remove("ipAddress")),
        (None, _) => {}
    }
    group
}

fn manifest(group: &Value, tags: &Value) -> String {
    let mut spec = group.clone();
    spec["resourceGroup"] = json!("jobs");
    spec["tags"] = tags.clone();
    let document = json!({"apiVersion": "acitask/v1", "kind": "ContainerGroup", "metadata": {"name": "group"}, "spec": spec});
    format!("{document}\n")
}

/// The same group with its lists in another order.
fn turned(group: &Value, chance: &mut Chance) -> Value {
    let mut group = group.clone();
    let mut lists: Vec<&str> = vec!["containers", "volumes", "imageRegistryCredentials", "extensions"];
    if chance.below(2) == 0 {
        lists.pop();
    }
    for list in lists {
        group.get_mut(list).and_then(Value::as_array_mut).into_iter().for_each(|list| list.reverse());
    }
    for container in group["containers"].as_array_mut().into_iter().flatten() {
        for list in ["environmentVariables", "ports", "volumeMounts"] {
            container.get_mut(list).and_then(Value::as_array_mut).into_iter().for_each(|list| list.reverse());
        }
    }
    group
}

async fn with_foreign(settings: &[&str]) -> Bench {
    let images = images([
        ("live:0", Behaviour::default()),
        ("live:1", Behaviour::default()),
        ("live:2", Behaviour::default()),
        ("live:3", Behaviour::default()),
        ("done:0", ends(0, 1)),
        ("done:1", ends(0, 1)),
        ("done:2", ends(0, 1)),
    ]);
    let bench = Bench::open(images, settings).await;
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1}});
    let container = json!({"name": "main", "properties": {"image": "live:1", "resources": resources}});
    let body = json!({
        "location": "westeurope", "tags": {"acitask-owner": "somebody-else", "Team": "B"},
        "properties": {"osType": "Linux", "containers": [container]},
    });
    for resource_group in ["theirs", "jobs"] {
        let path = format!("/subscriptions/sub/resourceGroups/{resource_group}");
        // Ours is taken in by its tag, so that theirs can stand in it from the beginning.
        let tags =
            if resource_group == "jobs" { json!({"acitask-owner": "paused"}) } else { json!({"a": "b"}) };
        bench.send("PUT", &path, &json!({"location": "westeurope", "tags": tags})).await;
    }
    for group in FOREIGN {
        bench.send("PUT", group, &body).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    bench
}

/// One case; false where the manifests' rules refuse one of the groups.
async fn holds(one: &Numbers, other: &Numbers, tags: u8, settings: &[&str], seed: u64) -> bool {
    if [one, other].iter().any(|numbers| !super::bench::is_valid(&manifest(&sound(numbers), &json!({})))) {
        return false;
    }
    let bench = with_foreign(settings).await;
    let mut foreign = Vec::new();
    for path in FOREIGN {
        foreign.push(bench.send("GET", path, &Value::Null).await);
    }
    let all = [json!({}), json!({"team": "ops"}), json!({"team": "dev", "Cost": "c,1"})];
    let (before, after) = (usize::from(tags) % all.len(), usize::from(tags) / all.len() % all.len());
    let told = format!("{one:?}\n{other:?}\n{settings:?}");
    for (numbers, tags) in [(one, &all[before]), (other, &all[after])] {
        let group = sound(numbers);
        let manifests = manifest(&group, tags);
        let applied = bench.apply(&manifests).await;
        assert_eq!(applied.tally.failed + applied.tally.stale, 0, "{told}\n{:#?}", applied.ends());
        for manifests in [manifests, manifest(&turned(&group, &mut Chance::of(seed)), tags)] {
            let again = bench.plan(&manifests, Verb::Apply).await;
            let changes: Vec<_> =
                again.plan.steps().iter().map(|step| (&step.reason, &step.changes)).collect();
            assert!(changes.is_empty(), "{told}\n{manifests}\n{changes:#?}");
        }
    }
    for (path, before) in FOREIGN.into_iter().zip(foreign) {
        assert_eq!(bench.send("GET", path, &Value::Null).await, before, "{told}");
    }
    true
}

#[tokio::test(start_paused = true)]
async fn what_was_applied_plans_to_nothing_under_every_switch() {
    let cases = std::env::var("ACITASK_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (numbers(), numbers(), 0..9_u8, proptest::num::u64::ANY);
    let (mut held, mut place) = (0, 0);
    while held < cases {
        let (one, other, tags, seed) = strategy.new_tree(&mut runner).unwrap().current();
        held += usize::from(holds(&one, &other, tags, SETTINGS[place % SETTINGS.len()], seed).await);
        place += 1;
        assert!(place < 40 + cases * 2, "only {held} of {place} pairs of groups are taken by the service");
    }
}
