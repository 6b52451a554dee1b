//! What the real service was recorded to answer is no change against a manifest of what was asked for.

use acitask::arm;
use acitask::manifest::{Source, Values, read};
use acitask::model::name::Name;
use acitask::model::stack::ContainerGroup;
use acitask::plan::diff;
use acitask::plan::shape::{normalise, wanted};
use serde_json::{Value, json};

const EXCHANGES: &str = include_str!("../../../src/emulator/tests/data/exchanges.json");

/// What was asked for, and the answers that show it.
const PAIRS: [(&str, &[&str]); 5] = [
    ("create-2023", &["create-2023", "get-failed"]),
    ("create-secret-volume", &["create-secret-volume", "list-2018"]),
    ("create-spot", &["create-spot"]),
    ("create-2024", &["create-2024"]),
    // Its creation is not recorded; azure-powershell's test makes it with these values.
    ("", &["get-updating", "get-stopped", "patch-stopped"]),
];

fn powershell() -> Value {
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}});
    let image = "mcr.microsoft.com/azuredocs/aci-helloworld:latest";
    let container = json!({"name": "bez-test-ci", "properties": {"image": image, "resources": resources}});
    json!({"location": "eastus", "properties": {"osType": "Linux", "containers": [container]}})
}

/// A body as a person writes it: without the `properties` levels, with references for secrets.
fn manifest(body: &Value) -> ContainerGroup {
    let mut spec = body["properties"].clone();
    for list in ["containers", "initContainers"] {
        for item in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut lifted = item["properties"].clone();
            lifted["name"] = item["name"].clone();
            *item = lifted;
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        for file in volume.get_mut("secret").and_then(Value::as_object_mut).into_iter().flatten() {
            *file.1 = json!({"fromFile": "a"});
        }
    }
    spec["resourceGroup"] = json!("home");
    spec["location"] = body["location"].clone();
    let document = |kind: &str, name: &str, spec: Value| {
        json!({"apiVersion": "acitask/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
            .to_string()
    };
    let text = [
        document("Project", "recorded", json!({})),
        document("ResourceGroup", "home", json!({"location": "westus"})),
        document("ContainerGroup", "group", spec),
    ];
    let source = Source { name: "recorded.yaml".to_owned(), text: text.join("\n---\n") };
    let resolved = read(vec![source]).resolve(&Values::new(), &|_| Ok("content".to_owned()), true);
    let mut stack = resolved.unwrap_or_else(|rejected| panic!("{rejected:#?}")).stack;
    stack.groups.remove(&Name::from("group")).unwrap()
}

#[test]
fn no_recorded_answer_is_a_phantom_change() {
    let exchanges: Vec<Value> = serde_json::from_str(EXCHANGES).unwrap();
    let named = |name: &str| exchanges.iter().find(|one| one["name"] == name).unwrap();
    let mut compared = 0;
    for (asked, answers) in PAIRS {
        let body = if asked.is_empty() { powershell() } else { named(asked)["request"].clone() };
        let group = manifest(&body);
        for answer in answers {
            let response = &named(answer)["response"];
            let shown = if response["value"].is_array() { &response["value"][0] } else { response };
            let seen = arm::exported(shown, None).unwrap();
            let found = normalise(*seen.group.unwrap());
            assert_eq!(diff::diff(&wanted(&group.group), &found), [], "{answer}");
            let location = group.location.as_deref().unwrap();
            assert_eq!(diff::location(location, &seen.location), None, "{answer}");
            compared += 1;
        }
    }
    assert_eq!(compared, 9);
}
