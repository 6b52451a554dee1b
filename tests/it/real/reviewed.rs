//! What was reviewed is what is applied: by fingerprint, by plan file, and told in forms that others can read.

use std::fs;

use serde_json::Value;

use super::stand::Stand;

const MANIFESTS: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: reviewed}
spec: {location: westeurope, variables: {TOKEN: {secret: true}}}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: desk}
spec: {}
---
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: lamp}
spec:
  resourceGroup: desk
  restartPolicy: Always
  containers:
    - name: lamp
      image: simulated/run:forever
      resources: {requests: {cpu: 1, memoryInGB: 1}}
      environmentVariables:
        - {name: TOKEN, secureValue: {fromVariable: TOKEN}}
        - {name: LEVEL, value: low}
";
const SECRET: [(&str, &str); 1] = [("ACITASK_SECRET_TOKEN", "canary-of-the-review")];

fn messages(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn fingerprint(text: &str) -> String {
    let messages = messages(text);
    let last = messages.iter().find(|message| message["type"] == "plan_summary").unwrap();
    last["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn only_the_plan_that_was_reviewed_is_applied_and_only_once() {
    let stand = Stand::simulated();
    stand.write("all.yaml", MANIFESTS);
    let planned = stand.acitask_with(&["plan", "--json", "--out", "plan.json"], &SECRET).ends(0);
    let reviewed = fingerprint(&planned.stdout);
    assert_eq!(fingerprint(&stand.acitask_with(&["plan", "--json"], &SECRET).ends(0).stdout), reviewed);

    // Another plan is refused whole, and what differs is shown.
    stand.edit("all.yaml", "value: low", "value: high");
    let before = stand.emulator.journal().last();
    let refused = stand.acitask_with(&["apply", "plan.json", "--auto-approve"], &SECRET).ends(4);
    refused.says(&[&reviewed, "nothing was done"]);
    stand.acitask_with(&["apply", "--expect", &reviewed, "--auto-approve"], &SECRET).ends(4);
    let sent = stand.emulator.journal().since(before);
    let only_reads = |path: &str, method: &str| method == "GET" || path.contains("/oauth2/");
    assert!(
        !sent.is_empty() && sent.iter().all(|entry| only_reads(&entry.target, &entry.method)),
        "{sent:?}"
    );

    // The reviewed one is applied, with what happens told as messages, and leaves nothing to apply again.
    stand.edit("all.yaml", "value: high", "value: low");
    let applied = stand.acitask_with(&["apply", "plan.json", "--auto-approve", "--json"], &SECRET).ends(0);
    let types: Vec<String> =
        messages(&applied.stdout).iter().map(|m| m["type"].as_str().unwrap().to_owned()).collect();
    for wanted in ["version", "heading", "planned_change", "plan_summary", "step_ended", "apply_ended"] {
        assert!(types.iter().any(|found| found == wanted), "{wanted}: {types:?}");
    }
    stand.acitask_with(&["apply", "plan.json", "--auto-approve"], &SECRET).ends(4);
    let empty = stand.acitask_with(&["plan", "--detailed-exitcode"], &SECRET).ends(0);
    empty.says(&["No changes. 2 resources match."]);

    // A change that nobody planned shows as a change since the review.
    stand.edit("all.yaml", "value: low", "value: dim");
    stand.acitask_with(&["plan", "--out", "plan.json"], &SECRET).ends(0);
    stand.edit("all.yaml", "value: dim", "value: bright");
    let stale = stand.acitask_with(&["apply", "plan.json", "--auto-approve"], &SECRET).ends(4);
    stale.says(&["Since it was reviewed:", "low → dim", "low → bright"]);
}

#[test]
fn no_form_of_a_plan_holds_a_secret() {
    let stand = Stand::simulated();
    stand.write("all.yaml", MANIFESTS);
    let every = ["plan", "--out", "plan.json", "--json-into", "plan.ndjson", "--markdown-into", "plan.md"];
    let text = stand.acitask_with(&every, &SECRET).ends(0).all();
    let json = stand.acitask_with(&["plan", "--json"], &SECRET).ends(0).all();
    let files = ["plan.json", "plan.ndjson", "plan.md"].map(|name| {
        let text = fs::read_to_string(stand.file(name)).unwrap();
        assert!(text.contains("lamp"), "{name}: {text}");
        text
    });
    for shown in files.iter().chain([&text, &json]) {
        assert!(!shown.contains("canary-of-the-review"), "{shown}");
    }
    assert_eq!(messages(&files[1]), messages(json.split("\n-- errors --").next().unwrap()));
}
