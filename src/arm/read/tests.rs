//! Recorded answers of the real service, and odd ones.

use serde_json::{Value, json};

use super::*;
use crate::model::group::{Protocol, RestartPolicy};
use crate::model::observed::Phase;
use crate::model::quantity::Thousandths;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const RECORDED: &str = include_str!("../../../tests/data/arm/recorded.json");

fn recorded(name: &str) -> Result<Value, serde_json::Error> {
    let all: Vec<Value> = serde_json::from_str(RECORDED)?;
    Ok(all.into_iter().find(|one| one["name"] == name).map(|one| one["response"].clone()).unwrap_or_default())
}

/// As an answer to a question for one group.
fn group(item: &Value) -> Result<SeenGroup, &'static str> {
    super::group(asked(), item.to_string().as_bytes()).ok_or("no object")
}

/// As an item of a list.
fn listed_group(item: &Value) -> Result<SeenGroup, Box<dyn std::error::Error>> {
    Ok(super::listed_group(item.to_string().as_bytes()).ok_or("no id")?)
}

fn asked() -> GroupId {
    GroupId { resource_group: "asked".into(), name: "asked".into() }
}

#[test]
fn a_task_that_failed() -> Outcome {
    let seen = group(&recorded("failed")?)?;
    assert_eq!(seen.id.to_string(), "clitest.rg000001/clicontainer000002");
    assert_eq!(seen.provisioning, Provisioning::Succeeded);
    assert_eq!(seen.view.as_ref().map(|view| view.state.as_str()), Some("Failed"));
    let state = seen.container("CLIcontainer000002").and_then(|view| view.current.clone());
    let state = state.ok_or("no state")?;
    assert_eq!((state.phase, state.exit_code, state.detail.as_str()), (Phase::Terminated, Some(2), "Error"));
    assert_eq!(state.finish_time, Some("2023-05-01T16:57:10.133Z".parse()?));
    assert_eq!(seen.ip.as_deref(), Some("168.62.215.203"));
    let group = seen.group.ok_or("not understood")?;
    assert_eq!(group.restart_policy, RestartPolicy::Never);
    let container = group.containers.first().ok_or("no container")?;
    assert_eq!(container.command, ["/bin/sh", "-c", "echo hello; sleep 15; done"]);
    assert_eq!(container.resources.requests.memory_in_gb, Thousandths::new(1000));
    Ok(())
}

#[test]
fn a_stopped_group_keeps_what_it_did_before() -> Outcome {
    let seen = group(&recorded("stopped")?)?;
    let container = seen.container("bez-test-ci").ok_or("no container")?;
    let current = container.current.as_ref().ok_or("no state")?;
    assert_eq!((current.start_time, current.exit_code), (None, None));
    assert_eq!(container.previous.as_ref().map(|state| &state.phase), Some(&Phase::Running));
    let events: Vec<_> = container.events.iter().map(|event| (event.name.as_str(), event.count)).collect();
    assert_eq!(events, [("Pulling", 1), ("Pulled", 1), ("Started", 2), ("Killing", 2)]);
    // The policy is not shown where it was not sent.
    assert_eq!(seen.group.map(|group| group.restart_policy), Some(RestartPolicy::Always));
    assert_eq!(group(&recorded("restarting")?)?.provisioning, Provisioning::Moving("Updating".into()));
    Ok(())
}

#[test]
fn a_list_has_no_views() -> Outcome {
    let page = recorded("listed")?;
    let seen = listed_group(&page["value"][0])?;
    assert_eq!(seen.view, None);
    assert_eq!(seen.fqdn.as_deref(), Some("clicontainer000002.westus.azurecontainer.io"));
    let address = seen.group.and_then(|group| group.ip_address).ok_or("no address")?;
    assert_eq!(
        address.ports.iter().map(|port| (port.port, port.protocol)).next(),
        Some((8000, Protocol::Tcp))
    );
    Ok(())
}

#[test]
fn what_is_not_modelled_is_named_and_no_value_with_it() -> Outcome {
    let none = <[&str; 0]>::default();
    for name in ["created", "failed", "stopped"] {
        let item = recorded(name)?;
        assert_eq!(beyond::names(&lift::group(item.clone())), none, "{name}");
        assert_eq!(group(&item)?.group.map(|group| group.arm.len()), Some(0), "{name}");
    }
    let page = recorded("listed")?;
    assert_eq!(beyond::names(&lift::group(page["value"][0].clone())), none);
    let mut novel = recorded("created")?;
    novel["properties"]["novelty"] = json!("canary");
    novel["properties"]["containers"][0]["properties"]["shape"] = json!({"round": true});
    novel["properties"]["nothing"] = json!({"of": null, "at": []});
    novel["properties"]["off"] = json!(false);
    let seen = group(&novel)?;
    assert_eq!(unknown(&seen), ["containers.shape", "novelty", "off"]);
    // All of it is kept as it came.
    let kept = seen.group.map(|group| Value::Object(group.arm.into_iter().collect()));
    assert_eq!(kept, Some(novel));
    Ok(())
}

fn minimal(container: Value) -> Value {
    json!({
        "id": "/SUBSCRIPTIONS/s/resourcegroups/Rg/providers/microsoft.containerinstance/containergroups/G",
        "location": "West US",
        "tags": {"a": "b"},
        "properties": {"osType": "linux", "restartPolicy": "never", "containers": [container]},
    })
}

#[test]
fn a_variable_without_value_is_a_secret() -> Outcome {
    let item = minimal(json!({"name": "c", "properties": {
        "image": "i",
        "command": null,
        "environmentVariables": [{"name": "PLAIN", "value": ""}, {"name": "HIDDEN"}, {"name": "NULL", "value": null}],
        "resources": {"requests": {"cpu": 1, "memoryInGB": 1.5}},
    }}));
    let seen = listed_group(&item)?;
    assert_eq!((seen.location.as_str(), seen.id.to_string().as_str()), ("westus", "Rg/G"));
    let group = seen.group.ok_or("not understood")?;
    assert_eq!(group.restart_policy, RestartPolicy::Never);
    let variables = &group.containers.first().ok_or("no container")?.environment_variables;
    let secrets: Vec<_> =
        variables.iter().map(|variable| (variable.name.as_str(), variable.secure_value.is_some())).collect();
    assert_eq!(secrets, [("PLAIN", false), ("HIDDEN", true), ("NULL", true)]);
    Ok(())
}

#[test]
fn odd_groups_are_seen_without_their_properties() {
    for properties in [
        json!({}),
        json!(null),
        json!({"containers": null}),
        json!({"containers": [{"name": "c", "properties": {"image": "i"}}]}),
        json!({"containers": [7]}),
        json!({"containers": [], "restartPolicy": "Sometimes"}),
    ] {
        let item = json!({"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerInstance/containerGroups/g", "properties": properties});
        let seen = listed_group(&item);
        assert!(seen.is_ok_and(|seen| seen.group.is_none()), "{item}");
    }
    for id in [
        "",
        "/subscriptions/s",
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/g",
    ] {
        assert!(listed_group(&json!({"id": id})).is_err(), "{id}");
    }
}
