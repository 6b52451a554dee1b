//! A world comes back from its records as it was, but for what ran.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK};
use crate::record::Records;
use crate::world::{Config, Switches, World};

/// The stage with its world replaced by one restored from what it kept so far.
fn restored(stage: &mut Stage, records: &mut Records) {
    for change in stage.world.changes() {
        change.fold_into(records);
    }
    let config = Config { switches: Switches::default(), seed: 7, windows: true };
    let (world, commands) = World::restore(config, records, stage.now);
    stage.world = world;
    stage.exit(137);
    stage.commands = commands;
}

#[test]
fn what_does_not_run_is_the_same_afterwards() {
    for end in ["exit", "stop"] {
        let mut stage = Stage::running(&[], "Never");
        let foreign = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs");
        stage.put(&foreign, json!({"location": "westeurope", "sku": {"name": "x"}}));
        if end == "exit" {
            stage.exit(3);
        } else {
            stage.post(&format!("{TASK}/stop"));
            stage.run();
        }
        let urls = [GROUP, TASK, foreign.as_str(), &format!("{GROUP}/resources")];
        let before: Vec<Value> = urls.iter().map(|url| stage.get(url).json()).collect();
        restored(&mut stage, &mut Records::new());
        let after: Vec<Value> = urls.iter().map(|url| stage.get(url).json()).collect();
        assert_eq!(after, before, "{end}");
        assert!(stage.commands.is_empty(), "{end}: {:?}", stage.commands);
    }
}

#[test]
fn what_ran_is_restarted_by_the_platform_also_under_never() {
    let mut stage = Stage::running(&[], "Never");
    stage.pass(5);
    restored(&mut stage, &mut Records::new());
    assert_eq!(stage.states(), ("Running".into(), "Waiting".into()));
    stage.run();
    assert_eq!(stage.states(), ("Running".into(), "Running".into()));
    let view = stage.get(TASK).json();
    let view = &view["properties"]["containers"][0]["properties"]["instanceView"];
    assert_eq!(view["restartCount"], 1);
    assert_eq!(view["previousState"]["exitCode"], 7147);
    assert!(view["events"].to_string().contains("Killing container main (platform initiated)."));
    assert_eq!(stage.alive(), 1);
}

#[test]
fn what_was_deleted_stays_deleted_and_ids_do_not_return() {
    let mut stage = Stage::running(&[], "Never");
    let mut records = Records::new();
    let operation = |stage: &mut Stage| {
        stage.exit(0);
        stage.post(&format!("{TASK}/start")).header("azure-asyncoperation").to_owned()
    };
    let first = operation(&mut stage);
    stage.run();
    restored(&mut stage, &mut records);
    stage.run();
    let second = operation(&mut stage);
    stage.run();
    assert_ne!(first, second);
    assert_eq!(stage.get(&first).json()["status"], "Succeeded");
    stage.delete(TASK);
    restored(&mut stage, &mut records);
    assert_eq!(stage.get(TASK).code(), "ResourceNotFound");
}

#[test]
fn a_get_changes_nothing() {
    let mut stage = Stage::running(&[], "Never");
    stage.world.changes();
    for url in [GROUP, TASK, "/subscriptions"] {
        stage.get(url);
    }
    assert_eq!(stage.world.changes(), []);
}
