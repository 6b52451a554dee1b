//! Probes: when they look, what ends a container, and what follows from that.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::{Check, Command, Probe};

fn probed(policy: &str, name: &str, probe: Value) -> Stage {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task(policy);
    body["properties"]["containers"][0]["properties"][name] = probe;
    let answer = stage.put(TASK, body);
    assert_eq!(answer.status, 201, "{answer:?}");
    // Until it runs, and not on to the first look.
    while stage.names().is_empty() {
        stage.run_one();
    }
    stage.done.clear();
    stage
}

fn events(stage: &mut Stage, name: &str) -> Vec<Value> {
    let view = stage.get(TASK).json();
    let events = view["properties"]["containers"][0]["properties"]["instanceView"]["events"].clone();
    events.as_array().into_iter().flatten().filter(|event| event["name"] == name).cloned().collect()
}

/// The seconds after the start at which a probe looked, of those that were let pass one by one.
fn looks(stage: &mut Stage, seconds: i64) -> Vec<i64> {
    let mut looks = Vec::new();
    for second in 0..=seconds {
        stage.pass(i64::from(second > 0));
        looks.extend(stage.commands.iter().filter(|c| matches!(c, Command::Probe { .. })).map(|_| second));
        stage.run();
    }
    looks
}

#[test]
fn a_probe_looks_when_its_numbers_say() {
    let exec = || json!({"command": ["cat", "/tmp/healthy"]});
    let rows = [
        (json!({"exec": exec()}), vec![0, 10, 20, 30]),
        (json!({"exec": exec(), "periodSeconds": 7, "initialDelaySeconds": 5}), vec![5, 12, 19, 26]),
        (json!({"exec": exec(), "periodSeconds": 0, "initialDelaySeconds": 0}), vec![0, 10, 20, 30]),
    ];
    for name in ["livenessProbe", "readinessProbe"] {
        for (probe, expected) in &rows {
            let mut stage = probed("Always", name, probe.clone());
            assert_eq!(looks(&mut stage, 30), *expected, "{name} {probe}");
            assert_eq!(stage.names(), ["main"]);
        }
    }
}

#[test]
fn how_to_look_is_told_as_it_was_sent() {
    let http = json!({"path": "health", "port": 8080, "scheme": "HTTPS", "httpHeaders": [{"name": "a", "value": "b"}]});
    let rows = [
        (json!({"exec": {"command": ["cat", "x"]}}), Check::Exec(vec!["cat".into(), "x".into()]), 1),
        (
            json!({"httpGet": http, "timeoutSeconds": 4}),
            Check::Http {
                scheme: "https".into(),
                port: 8080,
                path: "/health".into(),
                headers: vec![("a".into(), "b".into())],
            },
            4,
        ),
    ];
    for (probe, expected, seconds) in rows {
        let mut stage = probed("Always", "livenessProbe", probe);
        stage.pass(0);
        let told = match &stage.commands[..] {
            [Command::Probe { check, timeout_seconds, probe: Probe::Liveness, .. }] => {
                Some((check.clone(), *timeout_seconds))
            }
            _ => None,
        };
        assert!(told == Some((expected, seconds)), "{:?}", stage.commands);
    }
}

#[test]
fn bad_looks_in_a_row_end_the_container_and_the_policy_decides() {
    for (policy, again) in [("Always", true), ("OnFailure", true), ("Never", false)] {
        let probe = json!({"exec": {"command": ["a"]}, "periodSeconds": 5, "failureThreshold": 2});
        let mut stage = probed(policy, "livenessProbe", probe);
        // A good look between two bad ones begins the count anew.
        for (second, unwell) in [(0, true), (5, false), (5, true), (5, true)] {
            stage.unwell.clear();
            if unwell {
                stage.unwell.insert(Probe::Liveness, "no such file".into());
            }
            assert_eq!(stage.names(), ["main"], "{policy}");
            stage.pass(second);
            stage.run();
        }
        assert_eq!(stage.done.iter().filter(|done| *done == "kill main").count(), 1, "{policy}");
        assert_eq!(stage.names().len(), usize::from(again), "{policy}");
        let unhealthy = events(&mut stage, "Unhealthy");
        assert_eq!(unhealthy.len(), 1, "{policy}: {unhealthy:?}");
        assert_eq!(
            (&unhealthy[0]["message"], &unhealthy[0]["count"], &unhealthy[0]["type"]),
            (&json!("Liveness probe failed: no such file"), &json!(3 + u32::from(again)), &json!("Warning"))
        );
        let killing = events(&mut stage, "Killing");
        let ending = if again { ", will be restarted" } else { "" };
        assert_eq!(killing[0]["message"], json!(format!("Container main failed liveness probe{ending}")));
        let view = stage.get(TASK).json();
        let view = &view["properties"]["containers"][0]["properties"]["instanceView"];
        assert_eq!(view["restartCount"], u32::from(again), "{policy}");
        let ended = if again { &view["previousState"] } else { &view["currentState"] };
        assert_eq!(
            (&ended["state"], &ended["exitCode"], &ended["detailStatus"]),
            (&json!("Terminated"), &json!(7147), &json!("SIGINT"))
        );
    }
}

#[test]
fn what_its_liveness_probe_ended_with_zero_is_restarted_under_on_failure_too() {
    let probe = json!({"exec": {"command": ["a"]}, "failureThreshold": 1});
    let mut stage = probed("OnFailure", "livenessProbe", probe);
    stage.unwell.insert(Probe::Liveness, "ill".into());
    stage.pass(0);
    stage.run_one();
    assert!(matches!(stage.commands[..], [Command::Kill { .. }]));
    stage.commands.clear();
    stage.end("main", 0, false);
    stage.unwell.clear();
    stage.run();
    assert_eq!(stage.names(), ["main"]);
    // Well again, its own end with 0 is its end.
    stage.end("main", 0, false);
    stage.run();
    assert_eq!(stage.states().0, "Succeeded");
}

#[test]
fn readiness_shows_as_events_and_ends_nothing() {
    let mut stage =
        probed("Always", "readinessProbe", json!({"httpGet": {"port": 80}, "failureThreshold": 1}));
    stage.unwell.insert(Probe::Readiness, "connection refused".into());
    assert_eq!(looks(&mut stage, 60).len(), 7);
    let unhealthy = events(&mut stage, "Unhealthy");
    assert_eq!(
        (&unhealthy[0]["message"], &unhealthy[0]["count"]),
        (&json!("Readiness probe failed: connection refused"), &json!(7))
    );
    assert_eq!(stage.names(), ["main"]);
    assert_eq!(events(&mut stage, "Killing"), Vec::<Value>::new());
}

#[test]
fn what_does_not_run_is_not_looked_at() {
    for end in ["stop", "exit", "delete"] {
        let mut stage = probed("Never", "livenessProbe", json!({"exec": {"command": ["a"]}}));
        match end {
            "stop" => assert_eq!(stage.post(&format!("{TASK}/stop")).status, 204),
            "exit" => stage.end("main", 0, false),
            _ => assert_eq!(stage.delete(TASK).status, 200),
        }
        stage.run();
        stage.done.clear();
        stage.pass(100);
        stage.run();
        assert_eq!(stage.done, Vec::<String>::new(), "{end}");
        assert_eq!(stage.world.due(), None, "{end}");
    }
}

#[test]
fn a_new_start_begins_a_new_count() {
    let probe = json!({"exec": {"command": ["a"]}, "initialDelaySeconds": 3, "failureThreshold": 2});
    let mut stage = probed("Always", "livenessProbe", probe);
    stage.unwell.insert(Probe::Liveness, "ill".into());
    stage.pass(3);
    stage.run();
    stage.end("main", 1, false);
    stage.run();
    for (seconds, kills) in [(2, 0), (1, 0), (10, 1)] {
        stage.pass(seconds);
        stage.run();
        assert_eq!(stage.done.iter().filter(|done| *done == "kill main").count(), kills, "{seconds}");
    }
}
