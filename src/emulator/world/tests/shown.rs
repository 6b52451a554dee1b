//! What is shown of a container group, and what reaches into its containers.

use serde_json::json;

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::{Body, Command};

#[test]
fn secrets_are_launched_and_never_shown() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let created = stage.put(TASK, task("Never"));
    assert!(!format!("{:?}", stage.world).contains("hush-hush"));
    let mut shown = vec![created.json()];
    let sandbox = stage.commands.clone();
    assert!(matches!(sandbox.as_slice(), [Command::Open { .. }, Command::Pull { .. }]));
    stage.run();
    let variables =
        stage.get(TASK).json()["properties"]["containers"][0]["properties"]["environmentVariables"].clone();
    assert_eq!(variables, json!([{"name": "MODE", "value": "fast"}, {"name": "TOKEN"}]));
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    shown.extend([stage.get(TASK).json(), stage.get(&list).json(), stage.delete(TASK).json()]);
    assert!(shown.iter().all(|view| !view.to_string().contains("hush-hush")));
}

#[test]
fn what_no_specification_names_comes_back_as_it_was_sent() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("Never");
    let odd = json!({"Mode": "x", "levels": [1, null, {"deep": true}]});
    body["beside"] = odd.clone();
    body["properties"]["within"] = odd.clone();
    body["properties"]["containers"][0]["properties"]["further"] = odd.clone();
    stage.put(TASK, body);
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    let views = [stage.get(TASK).json(), stage.get(&list).json()["value"][0].clone()];
    for view in views {
        for place in ["/beside", "/properties/within", "/properties/containers/0/properties/further"] {
            assert_eq!(view.pointer(place), Some(&odd), "{place}");
        }
        assert_eq!(view["type"], "Microsoft.ContainerInstance/containerGroups");
    }
}

#[test]
fn additions_follow_the_version() {
    let mut stage = Stage::running(&[], "Never");
    let rows = [
        ("2018-10-01", [false, false, false]),
        ("2020-11-01", [true, false, false]),
        ("2021-03-01", [true, false, false]),
        ("2023-05-01", [true, true, false]),
        ("2024-05-01-preview", [true, true, true]),
        ("2025-09-01", [true, true, true]),
    ];
    for (version, expected) in rows {
        let view = stage.get(&format!("{TASK}?api-version={version}")).json();
        let has = |pointer: &str| view.pointer(pointer).is_some();
        let got = [
            has("/properties/sku") && has("/properties/initContainers"),
            has("/properties/provisioningTimeoutInSeconds"),
            has("/properties/isCreatedFromStandbyPool")
                && has("/properties/containers/0/properties/configMap"),
        ];
        assert_eq!(got, expected, "{version}");
    }
}

#[test]
fn the_log_of_each_state() {
    let mut stage = Stage::running(&[], "Never");
    let url = format!("{TASK}/containers/main/logs?api-version=2025-09-01&tail=5&timestamps=true");
    let query = |stage: &mut Stage| match stage.get(&url).body {
        Body::Logs(query) => Some((query.tail, query.timestamps, query.max_bytes, query.max_lines)),
        _ => None,
    };
    assert_eq!(query(&mut stage), Some((Some(5), true, 4 << 20, None)));
    stage.exit(0);
    assert_eq!(query(&mut stage), Some((Some(5), true, 16 << 10, Some(1000))));
    stage.post(&format!("{TASK}/start"));
    assert_eq!(stage.get(&url).code(), "ContainerGroupTransitioning");
    let other = format!("{TASK}/containers/other/logs");
    assert_eq!(stage.get(&other).code(), "ContainerNotFound");
}

#[test]
fn exec_gives_a_session_that_can_be_taken_once() {
    for (setting, argv) in
        [("exec.split=true", vec!["/bin/sh", "-c", "a"]), ("exec.split=false", vec!["/bin/sh -c  a"])]
    {
        let mut stage = Stage::running(&[setting], "Always");
        let wish = json!({"command": "/bin/sh -c  a", "terminalSize": {"rows": 30, "cols": 90}});
        let url = format!("{TASK}/containers/main/exec");
        let given = stage.send("POST", &url, &wish).json();
        let uri = given["webSocketUri"].as_str().unwrap_or_default().to_owned();
        assert!(uri.starts_with("ws://127.0.0.1:4123/execstream/sessionId/"), "{uri}");
        assert!(uri.ends_with("?api-version=1.0&rows=30&cols=90"), "{uri}");
        let stream = uri.replace("ws://127.0.0.1:4123", "");
        match stage.get(&stream).body {
            Body::Socket(session) => {
                assert_eq!(session.argv, argv);
                assert_eq!(json!(session.password), given["password"]);
                assert_eq!((session.rows, session.cols), (30, 90));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(stage.get(&stream).code(), "SessionNotFound");
        stage.post(&format!("{TASK}/stop"));
        assert_eq!(stage.send("POST", &url, &wish).code(), "ContainerGroupStopped");
    }
}

#[test]
fn an_exec_waits_five_minutes_for_its_websocket() {
    let wish = json!({"command": "sh"});
    for (seconds, status) in [(299, 101), (300, 404)] {
        let mut stage = Stage::running(&[], "Always");
        let given = stage.send("POST", &format!("{TASK}/containers/main/exec"), &wish).json();
        let uri = given["webSocketUri"].as_str().unwrap_or_default().replace("ws://127.0.0.1:4123", "");
        stage.pass(seconds);
        assert_eq!(stage.get(&uri).status, status, "{seconds}");
    }
}

#[test]
fn unknown_fields_are_added_at_several_levels_but_not_to_tags() {
    let mut stage = Stage::running(&["get.unknown-fields=true"], "Never");
    let view = stage.get(TASK).json();
    for pointer in ["", "/properties", "/properties/instanceView", "/properties/containers/0/properties"] {
        assert!(view.pointer(&format!("{pointer}/futureSetting")).is_some(), "{pointer}");
    }
    assert_eq!(view["tags"], json!({"owner": "us"}));
    let tags = stage.get(&format!("{TASK}/providers/Microsoft.Resources/tags/default")).json();
    assert_eq!(tags["properties"], json!({"tags": {"owner": "us"}}));
}
