//! A secret that was changed is seen by its digest, made with a key or salted, and nothing of its value is anywhere.

use super::reviewed::fingerprint;
use super::stand::Stand;

const MANIFESTS: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: safe}
spec: {location: westeurope, variables: {TOKEN: {secret: true}, KEY: {secret: true}}}
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
  containers:
    - name: lamp
      image: simulated/run:forever
      resources: {requests: {cpu: 1, memoryInGB: 1}}
      environmentVariables: [{name: TOKEN, secureValue: {fromVariable: TOKEN}}]
      volumeMounts: [{name: files, mountPath: /files}]
  volumes:
    - name: files
      secret: {a: {fromVariable: KEY}}
";

const OLD: (&str, &str) = ("ACITASK_SECRET_TOKEN", "canary-old-4411");
const NEW: (&str, &str) = ("ACITASK_SECRET_TOKEN", "canary-new-9922");
const FILE: (&str, &str) = ("ACITASK_SECRET_KEY", "canary-file-7733");
const KEY: (&str, &str) = ("ACITASK_DIGEST_KEY", "a key that is long enough to be one");
const OTHER_KEY: (&str, &str) = ("ACITASK_DIGEST_KEY", "another key that is long enough too");

#[test]
fn a_changed_secret_is_seen_where_it_can_be_compared_and_nowhere_else() {
    let stand = Stand::simulated();
    stand.write("all.yaml", MANIFESTS);
    let plan = &["plan", "--detailed-exitcode"][..];
    let json = &["plan", "--json"][..];
    // Without a key nothing of a value is remembered.
    stand.acitask_with(&["apply", "--auto-approve"], &[OLD, FILE]).ends(0);
    stand.acitask_with(plan, &[NEW, FILE]).ends(0).says(&["No changes."]);
    stand.acitask_with(plan, &[NEW, FILE, KEY]).ends(0).says(&["No changes."]);
    // A file that is added or taken away is seen all the same, though Azure names none.
    stand.edit("all.yaml", "{a: {fromVariable: KEY}}", "{a: {fromVariable: KEY}, b: {fromVariable: KEY}}");
    stand.acitask_with(plan, &[OLD, FILE]).ends(2).says(&["volumes[files].secret.b"]);
    stand.acitask_with(plan, &[OLD]).ends(2).says(&["volumes[files].secret.b", "(secret, not checked here)"]);
    let put = stand
        .acitask_with(&["apply", "--auto-approve"], &[OLD])
        .ends(1)
        .says(&["the variable KEY has no value"]);
    stand.acitask_with(&["apply", "--auto-approve"], &[OLD, FILE, KEY]).ends(0);
    stand.acitask_with(plan, &[OLD, FILE, KEY]).ends(0).says(&["No changes."]);

    let changed = stand.acitask_with(plan, &[NEW, FILE, KEY]).ends(2).says(&[
        "environmentVariables[TOKEN]",
        "(secret #1 → #2)",
        "1 to change",
    ]);
    // Whether a value is at hand where the plan is made does not make it another plan.
    let away =
        stand.acitask_with(plan, &[KEY, FILE]).ends(0).says(&["env.TOKEN: (secret, not checked here)"]);
    for other in [&[NEW, FILE, OTHER_KEY][..], &[NEW, FILE]] {
        stand.acitask_with(plan, other).ends(0).says(&["its secrets cannot be compared"]);
    }
    let drift = stand.acitask_with(&["drift"], &[NEW, FILE, KEY]).ends(0);
    stand.edit(
        "all.yaml",
        "secret: {a: {fromVariable: KEY}, b: {fromVariable: KEY}}",
        "secret: {b: {fromVariable: KEY}}",
    );
    let gone =
        stand.acitask_with(plan, &[OLD, FILE, KEY]).ends(2).says(&["volumes (a file of a secret volume)"]);
    let here = stand.acitask_with(json, &[OLD, FILE, KEY]).ends(0);
    let absent = stand.acitask_with(json, &[KEY]).ends(0);
    assert_eq!(fingerprint(&here.stdout), fingerprint(&absent.stdout));

    let applied = stand.acitask_with(&["apply", "--auto-approve"], &[NEW, FILE, KEY]).ends(0);
    let again = stand.acitask_with(plan, &[NEW, FILE, KEY]).ends(0);
    let status = stand.acitask_with(&["status", "--json"], &[NEW, FILE, KEY]);
    let short = stand
        .acitask_with(plan, &[NEW, FILE, ("ACITASK_DIGEST_KEY", "canary-short")])
        .ends(1)
        .says(&["openssl rand"]);
    let group = "/resourceGroups/desk/providers/Microsoft.ContainerInstance/containerGroups/lamp?api-version=2025-09-01";
    let (_, group) =
        stand.send("GET", &format!("{}{group}", super::stand::SUBSCRIPTION), &serde_json::Value::Null);
    assert!(group["tags"]["acitask-secrets"].as_str().unwrap().starts_with("1:key-"), "{group}");
    let runs = [put, changed, away, drift, gone, here, absent, applied, again, status, short];
    let mut said: Vec<String> = runs.iter().map(|run| run.all()).collect();
    said.push(group.to_string());
    for text in said {
        assert!(!text.contains("canary") && !text.contains("long enough"), "{text}");
    }
}

#[test]
fn a_project_may_ask_for_salted_digests() {
    let stand = Stand::simulated();
    stand.write(
        "all.yaml",
        &MANIFESTS.replace("{location: westeurope,", "{location: westeurope, secretDigests: salted,"),
    );
    stand.acitask_with(&["apply", "--auto-approve"], &[OLD, FILE]).ends(0);
    stand.acitask_with(&["plan", "--detailed-exitcode"], &[OLD, FILE]).ends(0);
    stand.acitask_with(&["plan", "--detailed-exitcode"], &[NEW, FILE]).ends(2).says(&["(secret #1 → #2)"]);
    stand.acitask_with(&["apply", "--auto-approve"], &[NEW, FILE]).ends(0);
    stand.acitask_with(&["plan", "--detailed-exitcode"], &[NEW, FILE]).ends(0);
}
