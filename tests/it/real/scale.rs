//! A plan of many groups is a matter of few calls.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::stand::{SUBSCRIPTION, Stand};

const GROUPS: usize = 300;

/// A project of this many groups.
fn manifests() -> String {
    let mut text = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: many}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: herd}
spec: {}
"
    .to_owned();
    for number in 0..GROUPS {
        write!(
            text,
            "\
---
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {{name: sheep-{number}}}
spec:
  resourceGroup: herd
  restartPolicy: Always
  containers:
    - name: sheep
      image: simulated/run:forever
      resources: {{requests: {{cpu: 1, memoryInGB: 1.5}}}}
      environmentVariables: [{{name: NUMBER, value: \"{number}\"}}]
"
        )
        .unwrap();
    }
    text
}

/// Makes the same through Azure Resource Manager, as an earlier apply would have left it.
fn put(stand: &Stand) {
    let owned = json!({"acitask-owner": "many"});
    let herd = format!("{SUBSCRIPTION}/resourceGroups/herd");
    let body = json!({"location": "westeurope", "tags": owned});
    assert_eq!(stand.send("PUT", &format!("{herd}?api-version=2021-04-01"), &body).0, 201);
    for number in 0..GROUPS {
        let body = json!({"location": "westeurope", "tags": owned, "properties": {
            "osType": "Linux",
            "restartPolicy": "Always",
            "containers": [{"name": "sheep", "properties": {
                "image": "simulated/run:forever",
                "resources": {"requests": {"cpu": 1, "memoryInGB": 1.5}},
                "environmentVariables": [{"name": "NUMBER", "value": number.to_string()}],
            }}],
        }});
        let group = format!("{herd}/providers/Microsoft.ContainerInstance/containerGroups/sheep-{number}");
        let (status, said) = stand.send("PUT", &format!("{group}?api-version=2025-09-01"), &body);
        assert_eq!(status, 201, "{said}");
    }
}

/// How many pages the list of all groups has.
fn pages(stand: &Stand) -> usize {
    let list = format!("{SUBSCRIPTION}/providers/Microsoft.ContainerInstance/containerGroups");
    let mut next = Some(format!("{list}?api-version=2025-09-01"));
    let mut pages = 0;
    while let Some(target) = next {
        let (_, page) = stand.send("GET", &target, &Value::Null);
        next = page["nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    pages
}

#[test]
fn a_plan_of_300_groups_without_changes_asks_for_two_lists() {
    let stand = Stand::simulated();
    stand.write("many.yaml", &manifests());
    put(&stand);
    let pages = pages(&stand);
    let before = stand.asked();
    stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
    let asked = stand.asked_since(before);
    let (groups, others): (Vec<_>, Vec<_>) =
        asked.iter().partition(|entry| entry.target.contains("Microsoft.ContainerInstance/containerGroups?"));
    assert_eq!(groups.len(), pages, "{groups:?}");
    assert_eq!(others.len(), 1, "{others:?}");
    assert!(
        others.iter().all(|entry| entry.target.to_lowercase().contains("/resourcegroups?")),
        "{others:?}"
    );
    assert!(asked.iter().all(|entry| entry.method == "GET"));
}
