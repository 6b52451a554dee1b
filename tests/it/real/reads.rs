//! What only looks sends nothing but GET and HEAD; what is applied in parts, or in another environment, deletes nothing.

use serde_json::Value;

use super::stand::Stand;

/// A strong and a weak task beside what [`ship`] gives.
const LOOKED_AT: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: fleet}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: harbour}
spec: {}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: sail}
spec: {type: strong, containerGroup: strong, command: [sail]}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: row}
spec:
  type: weak
  lifetime: ephemeral
  template:
    resourceGroup: harbour
    containers:
      - {name: row, image: \"simulated/exit:0\", resources: {requests: {cpu: 1, memoryInGB: 1}}}
";

/// Which verbs only look, whatever stands there.
const LOOKS: [&[&str]; 14] = [
    &["plan"],
    &["plan", "--json"],
    &["plan", "--out", "plan.file", "--markdown-into", "plan.md", "--json-into", "plan.ndjson"],
    &["plan", "--adopt-all"],
    &["plan", "--target", "strong"],
    &["plan", "-f", "project.yaml"],
    &["drift"],
    &["drift", "--json"],
    &["status"],
    &["status", "--json"],
    &["runs"],
    &["why", "strong"],
    &["import", "harbour", "--into", "-"],
    &["graph"],
];

fn group(stand: &Stand, method: &str, body: &Value) -> (u16, Value) {
    let path = "resourceGroups/harbour/providers/Microsoft.ContainerInstance/containerGroups/strong";
    stand.send(method, &format!("{}/{path}?api-version=2025-09-01", super::stand::SUBSCRIPTION), body)
}

/// Whether a request only reads; a token is asked for with a POST that changes nothing.
fn reads(method: &str, target: &str) -> bool {
    ["GET", "HEAD"].contains(&method) || method == "POST" && target.contains("/oauth2/")
}

#[test]
fn no_look_ever_sends_a_change() {
    let stand = Stand::simulated();
    stand.write("project.yaml", LOOKED_AT);
    stand.write("strong.yaml", &ship("strong"));
    let mut asked = 0;
    // Before anything is there, when all is as wanted, and when it has drifted, is stopped and to be replaced.
    for stage in 0..3 {
        match stage {
            1 => drop(stand.acitask(&["apply", "--auto-approve", "--target", "strong"]).ends(0)),
            2 => {
                let (_, mut live) = group(&stand, "GET", &Value::Null);
                live["properties"]["containers"][0]["properties"]["command"] = serde_json::json!(["theirs"]);
                assert_eq!(group(&stand, "PUT", &live).0, 200);
                stand.acitask(&["stop", "strong"]);
                stand.edit("strong.yaml", "cpu: 1", "cpu: 2");
            }
            _ => {}
        }
        for look in LOOKS {
            let before = stand.asked();
            stand.acitask(look);
            let sent = stand.asked_since(before);
            asked += sent.len();
            let change = sent.iter().find(|one| !reads(&one.method, &one.target));
            assert!(change.is_none(), "{look:?} at stage {stage} sent {change:?}");
        }
    }
    assert!(asked > 60, "only {asked} requests were made");
}

const BASE: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: fleet}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: harbour}
spec: {name: harbour-test}
---
apiVersion: acitask/v1
kind: Environment
metadata: {name: test}
spec: {}
---
apiVersion: acitask/v1
kind: Environment
metadata: {name: live}
spec:
  patches:
    - target: {kind: ResourceGroup, name: harbour}
      spec: {name: harbour-live}
";

fn ship(name: &str) -> String {
    format!(
        "apiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: {name}}}\nspec:\n  resourceGroup: harbour\n  \
         containers:\n    - name: {name}\n      image: simulated/run:forever\n      \
         resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}\n"
    )
}

/// Every container group there is, by its resource id.
fn groups(stand: &Stand) -> Vec<String> {
    let path = "providers/Microsoft.ContainerInstance/containerGroups?api-version=2025-09-01";
    let (_, page) = stand.send("GET", &format!("{}/{path}", super::stand::SUBSCRIPTION), &Value::Null);
    let ids = page["value"].as_array().unwrap().iter();
    ids.map(|group| group["id"].as_str().unwrap().rsplit("resourceGroups/").next().unwrap().to_owned())
        .collect()
}

#[test]
fn neither_another_environment_nor_a_part_of_the_files_deletes_anything() {
    let stand = Stand::simulated();
    stand.write("project.yaml", BASE);
    for name in ["one", "two", "three"] {
        stand.write(&format!("{name}.yaml"), &ship(name));
    }
    for environment in ["test", "live"] {
        stand.acitask(&["-e", environment, "apply", "--auto-approve"]).ends(0);
    }
    let all = groups(&stand);
    assert_eq!(all.len(), 6, "{all:?}");
    for environment in ["test", "live"] {
        let plan = stand.acitask(&["-e", environment, "plan", "--detailed-exitcode"]).ends(0);
        plan.says(&["No changes. 4 resources match."]);
    }
    // Two of the files: the third's group is told, and stays.
    let part = ["-f", "project.yaml", "-f", "one.yaml"];
    for verb in [&["plan", "--detailed-exitcode"][..], &["apply", "--auto-approve"]] {
        let told = stand.acitask(&[&["-e", "test"], verb, &part].concat()).ends(0);
        assert!(!told.all().contains("to delete · ") || told.all().contains("0 to delete"), "{}", told.all());
    }
    assert_eq!(groups(&stand), all);
    // The whole folder without it is another thing, and only in its own environment.
    std::fs::remove_file(stand.file("three.yaml")).unwrap();
    stand.acitask(&["-e", "test", "apply", "--auto-approve"]).ends(0);
    let left = groups(&stand);
    let gone: Vec<_> = all.iter().filter(|id| !left.contains(id)).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].starts_with("harbour-test/") && gone[0].ends_with("/three"), "{gone:?}");
}
