//! Several containers: init containers in order, what all share, how the group's state follows from theirs.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::{Command, Content};

/// A group of two containers and two init containers.
fn four(policy: &str) -> Value {
    let mut body = task(policy);
    let container = |name: &str| {
        json!({"name": name, "properties": {
            "image": "acitask/weak:1", "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
        }})
    };
    let init = |name: &str| json!({"name": name, "properties": {"image": "acitask/weak:1"}});
    body["properties"]["containers"] = json!([container("web"), container("side")]);
    body["properties"]["initContainers"] = json!([init("second-by-name"), init("first-by-name")]);
    body
}

fn created(body: Value) -> Stage {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let answer = stage.put(TASK, body);
    assert_eq!(answer.status, 201, "{answer:?}");
    stage.run();
    stage
}

/// The state of the group, its provisioning, and each container's state in the order of the body.
fn states(stage: &mut Stage) -> (String, String, Vec<String>) {
    let view = stage.get(TASK).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let properties = &view["properties"];
    let all = ["initContainers", "containers"].into_iter().flat_map(|list| properties[list].as_array());
    let each = all.flatten().map(|c| text(&c["properties"]["instanceView"]["currentState"]["state"]));
    let each = each.collect();
    (text(&properties["instanceView"]["state"]), text(&properties["provisioningState"]), each)
}

fn expected(group: &str, provisioning: &str, each: [&str; 4]) -> (String, String, Vec<String>) {
    (group.to_owned(), provisioning.to_owned(), each.map(str::to_owned).to_vec())
}

#[test]
fn init_containers_run_one_after_another_and_then_all_others() {
    for policy in ["Always", "OnFailure", "Never"] {
        let mut stage = created(four(policy));
        assert_eq!(stage.names(), ["second-by-name"], "{policy}");
        assert_eq!(states(&mut stage), expected("Pending", "Creating", ["Running", "-", "-", "-"]));
        stage.end("second-by-name", 0, false);
        stage.run();
        assert_eq!(stage.names(), ["first-by-name"], "{policy}");
        stage.end("first-by-name", 0, false);
        stage.run();
        assert_eq!(stage.names(), ["side", "web"], "{policy}");
        let now = expected("Running", "Succeeded", ["Terminated", "Terminated", "Running", "Running"]);
        assert_eq!(states(&mut stage), now, "{policy}");
        let order = [
            "open",
            "pull second-by-name",
            "start second-by-name",
            "pull first-by-name",
            "start first-by-name",
            "pull side",
            "pull web",
            "start side",
            "start web",
        ];
        assert_eq!(stage.done, order, "{policy}");
        // A main container that ends does not bring the init containers back.
        stage.end("web", 1, false);
        stage.run();
        assert_eq!(stage.names().contains(&"web"), policy != "Never", "{policy}");
        assert_eq!(stage.done.iter().filter(|done| done.ends_with("by-name")).count(), 4, "{policy}");
    }
}

#[test]
fn a_failed_init_container_is_tried_again_or_fails_the_group() {
    for (policy, again) in [("Always", true), ("OnFailure", true), ("Never", false)] {
        let mut stage = created(four(policy));
        let operation = stage.get(TASK).json();
        assert_eq!(operation["properties"]["provisioningState"], "Creating");
        stage.end("second-by-name", 3, false);
        stage.run();
        if again {
            assert_eq!(stage.names(), ["second-by-name"], "{policy}");
            stage.end("second-by-name", 3, false);
            stage.run();
            assert_eq!(states(&mut stage), expected("Pending", "Creating", ["Waiting", "-", "-", "-"]));
            stage.pass(10);
            stage.run();
            stage.end("second-by-name", 0, false);
            stage.run();
            assert_eq!(stage.names(), ["first-by-name"], "{policy}");
        } else {
            assert_eq!(states(&mut stage), expected("Failed", "Failed", ["Terminated", "-", "-", "-"]));
            assert_eq!(stage.world.due(), None);
            assert_eq!(stage.post(&format!("{TASK}/start")).status, 204, "it can be run again");
            stage.run();
            assert_eq!(stage.names(), ["second-by-name"]);
        }
    }
}

#[test]
fn the_operation_of_a_failed_init_container_says_so() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let url = stage.put(TASK, four("Never")).header("azure-asyncoperation").to_owned();
    stage.run();
    stage.end("second-by-name", 1, false);
    let operation = stage.get(&url).json();
    assert_eq!(
        (&operation["status"], &operation["error"]["code"]),
        (&json!("Failed"), &json!("InitContainerFailed"))
    );
}

#[test]
fn a_stop_and_a_start_run_the_init_containers_again() {
    let mut stage = created(four("Always"));
    for _ in 0..2 {
        for init in ["second-by-name", "first-by-name"] {
            stage.end(init, 0, false);
            stage.run();
        }
        assert_eq!(stage.names(), ["side", "web"]);
        stage.post(&format!("{TASK}/stop"));
        stage.run();
        assert_eq!(states(&mut stage).0, "Stopped");
        assert_eq!(stage.post(&format!("{TASK}/start")).status, 204);
        stage.run();
        assert_eq!(stage.names(), ["second-by-name"]);
    }
}

#[test]
fn a_group_ends_with_its_last_container() {
    let rows = [(0, 0, "Succeeded"), (0, 2, "Failed"), (2, 0, "Failed")];
    for (web, side, state) in rows {
        let mut body = four("Never");
        body["properties"]["initContainers"] = json!([]);
        let mut stage = created(body);
        stage.end("web", web, false);
        assert_eq!(states(&mut stage).0, "Running");
        stage.end("side", side, false);
        assert_eq!(states(&mut stage).0, state, "{web} {side}");
        assert_eq!(stage.world.due(), None);
    }
}

#[test]
fn a_container_that_wanted_too_much_memory_says_so() {
    let mut stage = Stage::running(&[], "Never");
    stage.end("main", 137, true);
    let view = stage.get(TASK).json();
    let state = &view["properties"]["containers"][0]["properties"]["instanceView"]["currentState"];
    assert_eq!((&state["exitCode"], &state["detailStatus"]), (&json!(137), &json!("OOMKilled")));
    assert_eq!(view["properties"]["instanceView"]["state"], "Failed");
}

#[test]
fn all_kinds_of_volumes_are_opened_and_mounted() {
    let mut body = task("Always");
    let properties = &mut body["properties"];
    properties["secretReferences"] = json!([{"name": "ref", "identity": "i", "secretReferenceUri": "https://v.vault.azure.net/secrets/s"}]);
    properties["volumes"] = json!([
        {"name": "empty", "emptyDir": {}},
        {"name": "files", "secret": {"token": "aHVzaC1odXNo"}},
        {"name": "vault", "secretReference": {"pin": "ref"}},
        {"name": "share", "azureFile": {"shareName": "data", "storageAccountName": "account", "storageAccountKey": "hush", "readOnly": true}},
        {"name": "clone", "gitRepo": {"repository": "https://example.com/a.git", "directory": ".", "revision": "main"}},
    ]);
    properties["containers"][0]["properties"]["volumeMounts"] =
        json!([{"name": "empty", "mountPath": "/a"}, {"name": "files", "mountPath": "/b", "readOnly": true}]);
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    stage.put(TASK, body);
    let Some(Command::Open { volumes, .. }) = stage.commands.first().cloned() else {
        panic!("volumes come first: {:?}", stage.commands);
    };
    let file = |name: &str, text: &str| Content::Files([(name.to_owned(), text.to_owned().into())].into());
    let expected = [
        ("empty", Content::Empty),
        ("files", file("token", "hush-hush")),
        ("vault", file("pin", "emulated:https://v.vault.azure.net/secrets/s")),
        ("share", Content::Share { account: "account".into(), share: "data".into(), read_only: true }),
        (
            "clone",
            Content::Repository {
                url: "https://example.com/a.git".into(),
                directory: Some(".".into()),
                revision: Some("main".into()),
            },
        ),
    ];
    assert_eq!(volumes.len(), expected.len());
    for (volume, (name, content)) in volumes.iter().zip(expected) {
        assert!(volume.name == name && volume.content == content, "{name}");
    }
    stage.run();
    let shown = stage.get(TASK).json()["properties"]["volumes"].clone();
    assert_eq!(shown[1], json!({"name": "files", "secret": {}}));
    assert_eq!(shown[2], json!({"name": "vault", "secretReference": {"pin": "ref"}}));
    assert!(!shown.to_string().contains("hush"), "{shown}");
}

#[test]
fn a_volume_that_cannot_be_mounted_is_tried_again() {
    let mut body = task("Never");
    body["properties"]["volumes"] = json!([{"name": "unmountable", "emptyDir": {}}]);
    body["properties"]["containers"][0]["properties"]["volumeMounts"] =
        json!([{"name": "unmountable", "mountPath": "/a"}]);
    let mut stage = created(body);
    for count in 1..3 {
        let view = stage.get(TASK).json();
        let view = &view["properties"]["containers"][0]["properties"]["instanceView"];
        let event = view["events"].as_array().and_then(|events| events.last().cloned()).unwrap_or_default();
        assert_eq!(
            (&event["name"], &event["type"], &event["count"]),
            (&json!("FailedMount"), &json!("Warning"), &json!(count))
        );
        assert_eq!(view["currentState"]["state"], "Waiting");
        assert_eq!(stage.alive(), 0);
        stage.pass(300);
        stage.run();
    }
    assert_eq!(stage.delete(TASK).status, 200);
}
