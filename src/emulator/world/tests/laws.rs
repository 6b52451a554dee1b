//! What holds whatever happens, tried on random walks (seeded, so that each run is the same).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dice::Dice;
use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::Probe;
use crate::record::Records;
use crate::world::{Config, Switches, World};

/// A group with everything that moves: two containers, an init container, probes, a volume, a config map.
fn whole(policy: &str, mode: u64) -> Value {
    let mut body = task(policy);
    let properties = &mut body["properties"];
    properties["volumes"] = json!([{"name": "shared", "emptyDir": {}}]);
    properties["initContainers"] = json!([{"name": "init", "properties": {"image": "acitask/weak:1"}}]);
    let first = &mut properties["containers"][0]["properties"];
    first["livenessProbe"] = json!({"exec": {"command": ["a"]}, "periodSeconds": 4, "failureThreshold": 1});
    first["readinessProbe"] = json!({"httpGet": {"port": 80}, "initialDelaySeconds": 2});
    first["volumeMounts"] = json!([{"name": "shared", "mountPath": "/shared"}]);
    first["configMap"] = json!({"keyValuePairs": {"mode": mode.to_string()}});
    let mut side = properties["containers"][0].clone();
    side["name"] = json!("side");
    if let Some(containers) = properties["containers"].as_array_mut() {
        containers.push(side);
    }
    body
}

fn step(stage: &mut Stage, dice: &mut Dice, policy: &str, is_whole: bool) -> Option<u16> {
    let answer = match dice.below(18) {
        0 => stage.put(GROUP, json!({"location": "westeurope"})),
        1 => stage.delete(GROUP),
        2..=4 if is_whole => stage.put(TASK, whole(policy, dice.below(3))),
        2..=4 => stage.put(TASK, task(policy)),
        5 => stage.delete(TASK),
        6 => stage.post(&format!("{TASK}/start")),
        7 => stage.post(&format!("{TASK}/stop")),
        8 => stage.post(&format!("{TASK}/restart")),
        9 => stage.get(TASK),
        10 => {
            stage.exit(0);
            return None;
        }
        11 => {
            stage.exit(3);
            return None;
        }
        12 => {
            stage.pass([1, 9, 30, 700][dice.below(4) as usize]);
            return None;
        }
        13 => {
            stage.run();
            return None;
        }
        14 => {
            let name = ["init", "main", "side"][dice.below(3) as usize];
            stage.end(name, [0, 0, 137][dice.below(3) as usize], dice.below(2) == 0);
            return None;
        }
        15 => {
            stage.unwell.clear();
            for probe in [Probe::Liveness, Probe::Readiness] {
                if dice.below(2) == 0 {
                    stage.unwell.insert(probe, "ill".to_owned());
                }
            }
            return None;
        }
        _ => {
            stage.run_one();
            return None;
        }
    };
    Some(answer.status)
}

#[test]
fn walks_keep_the_laws() {
    let mut seen = BTreeMap::new();
    let mut kills = 0;
    for seed in 1..=80 {
        let mut dice = Dice::new(seed);
        let policy = ["Always", "OnFailure", "Never"][dice.below(3) as usize];
        let is_whole = seed % 2 == 0;
        let mut stage = Stage::new(&[]);
        let mut records = Records::new();
        for _ in 0..if is_whole { 150 } else { 60 } {
            if let Some(status) = step(&mut stage, &mut dice, policy, is_whole) {
                *seen.entry(status).or_insert(0) += 1;
                assert!([200, 201, 202, 204, 404, 409].contains(&status), "{seed}: {status}");
            }
            assert!(stage.sandboxes() <= 1, "{seed}: two deployments of one group run at once");
            let names = stage.names();
            let init = names.contains(&"init");
            assert!(!init || names.len() == 1, "{seed}: beside an init container runs {names:?}");
            kills += stage.done.drain(..).filter(|done| done.starts_with("kill")).count();
            for change in stage.world.changes() {
                change.fold_into(&mut records);
            }
            let late = stage.world.due().is_some_and(|due| due <= stage.now);
            let waits = !stage.world.advance(stage.now).is_empty();
            assert!(!late && !waits, "{seed}: something was due and not done");
        }
        stage.run();
        same_when_restored(&mut stage, records, seed);
        let state = stage.states().0;
        let only_init = state == "Pending" && stage.names() == ["init"];
        assert!(
            state == "Running" || only_init || stage.alive() == 0,
            "{seed}: something runs that does not show"
        );
    }
    assert!([200, 201, 202, 204, 404, 409].iter().all(|status| seen.contains_key(status)), "{seen:?}");
    assert!(kills > 10, "the walks went past {kills} bad probes only");
}

/// The records tell the whole world, but for the containers that run.
fn same_when_restored(stage: &mut Stage, mut records: Records, seed: u64) {
    for change in stage.world.changes() {
        change.fold_into(&mut records);
    }
    let config = Config { switches: Switches::default(), seed: 7, windows: true };
    let (mut world, commands) = World::restore(config, &records, stage.now);
    let before = [stage.get(GROUP).json(), stage.get(TASK).json()];
    std::mem::swap(&mut stage.world, &mut world);
    let after = [stage.get(GROUP).json(), stage.get(TASK).json()];
    std::mem::swap(&mut stage.world, &mut world);
    if commands.is_empty() {
        assert_eq!(after, before, "{seed}");
    } else {
        let wish = |view: &Value| view["properties"]["containers"][0]["properties"]["image"].clone();
        assert_eq!(after[0], before[0], "{seed}");
        assert_eq!(wish(&after[1]), wish(&before[1]), "{seed}");
    }
}
