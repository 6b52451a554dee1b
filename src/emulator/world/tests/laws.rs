//! What holds whatever happens, tried on random walks (seeded, so that each run is the same).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::world::{Config, Switches, World};

/// A small generator of pseudo-random numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn step(stage: &mut Stage, dice: &mut Dice, policy: &str) -> Option<u16> {
    let answer = match dice.below(16) {
        0 => stage.put(GROUP, json!({"location": "westeurope"})),
        1 => stage.delete(GROUP),
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
    for seed in 1..=60 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
        let policy = ["Always", "OnFailure", "Never"][dice.below(3) as usize];
        let mut stage = Stage::new(&[]);
        let mut records: BTreeMap<String, Value> = BTreeMap::new();
        for _ in 0..60 {
            if let Some(status) = step(&mut stage, &mut dice, policy) {
                *seen.entry(status).or_insert(0) += 1;
                assert!([200, 201, 202, 204, 404, 409].contains(&status), "{seed}: {status}");
            }
            assert!(stage.alive() <= 1, "{seed}: two deployments of one group run at once");
            for change in stage.world.changes() {
                match change.value {
                    Value::Null => records.remove(&change.key),
                    value => records.insert(change.key, value),
                };
            }
            let late = stage.world.due().is_some_and(|due| due <= stage.now);
            let waits = !stage.world.advance(stage.now).is_empty();
            assert!(!late && !waits, "{seed}: something was due and not done");
        }
        stage.run();
        same_when_restored(&mut stage, records, seed);
        let running = stage.states().0 == "Running";
        assert!(running || stage.alive() == 0, "{seed}: something runs that does not show");
    }
    assert!([200, 201, 202, 204, 404, 409].iter().all(|status| seen.contains_key(status)), "{seen:?}");
}

/// The records tell the whole world, but for the containers that run.
fn same_when_restored(stage: &mut Stage, mut records: BTreeMap<String, Value>, seed: u64) {
    for change in stage.world.changes() {
        match change.value {
            Value::Null => records.remove(&change.key),
            value => records.insert(change.key, value),
        };
    }
    let config = Config { switches: Switches::default(), seed: 7, windows: true };
    let (mut world, commands) = World::restore(config, records, stage.now);
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
