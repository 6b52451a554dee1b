//! What other tools have made is written down as manifests, and taken over with tags alone.

use std::fs;

use serde_json::{Value, json};

use super::stand::{SUBSCRIPTION, Stand};

const PROVIDER: &str = "providers/Microsoft.ContainerInstance/containerGroups";
const CANARY: &str = "canary-of-the-import";

fn put(stand: &Stand, path: &str, version: &str, body: &Value) {
    let target = format!("{SUBSCRIPTION}/resourceGroups/{path}?api-version={version}");
    let (status, answer) = stand.send("PUT", &target, body);
    assert!(status == 200 || status == 201, "{status}: {answer}");
}

fn group(stand: &Stand, name: &str, body: &Value) {
    put(stand, &format!("shop/{PROVIDER}/{name}"), "2025-09-01", body);
}

/// A resource group with a little of everything, as any other client makes it.
fn shop(stand: &Stand) {
    put(stand, "shop", "2021-04-01", &json!({"location": "West Europe", "tags": {"cost": "c-17"}}));
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}});
    group(
        stand,
        "web",
        &json!({
            "location": "westeurope", "tags": {"team": "web"},
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "osType": "Linux",
                "initContainers": [{"name": "first", "properties": {
                    "image": "simulated/exit:0", "command": ["sh", "-c", "echo ${HOME}"],
                    "environmentVariables": [{"name": "TOKEN", "secureValue": CANARY}],
                }}],
                "containers": [
                    {"name": "web", "properties": {
                        "image": "simulated/run:forever", "resources": resources, "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}],
                        "environmentVariables": [
                            {"name": "LEVEL", "value": "yes"}, {"name": "TOKEN", "secureValue": CANARY},
                        ],
                        "volumeMounts": [{"name": "files", "mountPath": "/files", "readOnly": true}, {"name": "empty", "mountPath": "/e"}],
                        "livenessProbe": {"httpGet": {"path": "/", "port": 80, "scheme": "http"}, "periodSeconds": 7},
                        "readinessProbe": {"exec": {"command": ["true"]}},
                    }},
                    {"name": "side", "properties": {"image": "simulated/run:forever", "resources": resources}},
                ],
                "volumes": [
                    {"name": "files", "secret": {"cert": "Y2FuYXJ5"}},
                    {"name": "empty", "emptyDir": {}},
                    {"name": "share", "azureFile": {"shareName": "shopshare", "storageAccountName": "shopdata", "storageAccountKey": CANARY}},
                ],
                "imageRegistryCredentials": [{"server": "shop.azurecr.io", "username": "u", "password": CANARY}],
                "ipAddress": {"type": "Public", "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}], "dnsNameLabel": "shop-web"},
            },
        }),
    );
    group(
        stand,
        "job",
        &json!({
            "location": "northeurope",
            "properties": {
                "osType": "Linux", "restartPolicy": "Never",
                "containers": [{"name": "job", "properties": {
                    "image": "simulated/exit:0", "resources": resources, "command": ["true"],
                }}],
            },
        }),
    );
}

fn only_reads(stand: &Stand, since: u64) {
    let sent = stand.asked_since(since);
    let reads = sent.iter().all(|one| one.method == "GET" || one.target.contains("/oauth2/"));
    assert!(!sent.is_empty() && reads, "{sent:?}");
}

#[test]
fn a_living_resource_group_is_taken_over_with_tags_alone() {
    let stand = Stand::simulated();
    shop(&stand);
    let before = stand.asked();
    let imported = stand.acitask(&["import", "shop", "--into", "shop"]).ends(0);
    only_reads(&stand, before);
    imported.says(&[
        "shop/project.yaml",
        "shop/web.yaml",
        "shop/job.yaml",
        "SHOPDATA_KEY",
        "SHOP_PASSWORD",
        "--adopt-all",
    ]);
    let web = fs::read_to_string(stand.file("shop/web.yaml")).unwrap();
    let project = fs::read_to_string(stand.file("shop/project.yaml")).unwrap();
    assert!(web.starts_with("# yaml-language-server: $schema=acitask.schema.json\n"), "{web}");
    for added in [
        "osType",
        "instanceView",
        "provisioningState",
        "restartPolicy",
        "protocol: TCP",
        "scheme",
        "configMap",
        "principalId",
        "fqdn",
        CANARY,
    ] {
        assert!(!web.contains(added) && !project.contains(added), "{added}: {web}");
    }
    assert!(web.contains("# Azure does not show which files the secret volume files holds"), "{web}");

    // A second time nothing is overwritten, unless it is meant.
    stand.acitask(&["import", "shop", "--into", "shop"]).ends(1).says(&["--force"]);
    stand.acitask(&["import", "shop", "--into", "shop", "--force"]).ends(0);

    // Without being told, nothing of somebody else's is taken over.
    stand.acitask(&["plan", "-f", "shop"]).ends(1);
    let planned = stand.acitask(&["plan", "-f", "shop", "--adopt-all", "--json"]).ends(0);
    let lines = planned.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let actions: Vec<String> = lines.filter_map(|line| Some(line["action"].as_str()?.to_owned())).collect();
    assert!(actions.len() == 3, "{actions:?}\n{}", planned.stdout);

    let before = stand.asked();
    stand.acitask(&["apply", "-f", "shop", "--adopt-all", "--auto-approve"]).ends(0);
    let changes: Vec<String> = stand
        .asked_since(before)
        .into_iter()
        .filter(|one| one.method != "GET" && !one.target.contains("/oauth2/"))
        .map(|one| one.method)
        .collect();
    // The lease is a tag too.
    let touched = changes.iter().any(|method| method != "PATCH");
    assert!(changes.len() >= 3 && !touched, "a container would be touched by anything else: {changes:?}");
    stand
        .acitask(&["plan", "-f", "shop", "--detailed-exitcode"])
        .ends(0)
        .says(&["No changes. 3 resources match."]);
    stand.acitask(&["drift", "-f", "shop"]).ends(0);
}

/// As azure-cli writes it: `az container export`.
const EXPORT: &str = "\
additional_properties: {}
apiVersion: '2023-05-01'
extended_location: null
identity: null
location: westeurope
name: web
properties:
  containers:
  - name: web
    properties:
      environmentVariables:
      - name: LEVEL
        value: 'yes'
      - name: TOKEN
      image: simulated/run:forever
      ports:
      - port: 80
        protocol: TCP
      resources:
        requests:
          cpu: 1.0
          memoryInGB: 1.5
  initContainers: []
  ipAddress:
    ip: 20.1.2.3
    ports:
    - port: 80
      protocol: TCP
    type: Public
  isCustomProvisioningTimeout: false
  osType: Linux
  provisioningTimeoutInSeconds: 1800
  restartPolicy: Always
  sku: Standard
tags: {team: web}
type: Microsoft.ContainerInstance/containerGroups
";

#[test]
fn an_export_of_az_is_taken_over_with_tags_alone() {
    let stand = Stand::simulated();
    put(&stand, "shop", "2021-04-01", &json!({"location": "westeurope"}));
    group(
        &stand,
        "web",
        &json!({
            "location": "westeurope", "tags": {"team": "web"},
            "properties": {
                "osType": "Linux",
                "containers": [{"name": "web", "properties": {
                    "image": "simulated/run:forever", "ports": [{"port": 80}],
                    "resources": {"requests": {"cpu": 1, "memoryInGB": 1.5}},
                    "environmentVariables": [{"name": "LEVEL", "value": "yes"}, {"name": "TOKEN", "secureValue": CANARY}],
                }}],
                "ipAddress": {"type": "Public", "ports": [{"port": 80}]},
            },
        }),
    );
    stand.write("export.yaml.txt", EXPORT);
    stand
        .acitask(&["import", "--from", "export.yaml.txt"])
        .ends(1)
        .says(&["does not tell the resource group"]);
    let shown = stand.acitask(&["import", "shop", "--from", "export.yaml.txt", "--into", "-"]).ends(0);
    assert!(shown.stdout.starts_with("# yaml-language-server: "), "{}", shown.stdout);
    shown.says(&["fromVariable: TOKEN", "the region of resource group shop is not known"]);
    stand
        .acitask(&["import", "shop", "--from", "export.yaml.txt", "--into", "m", "--project", "mine"])
        .ends(0);
    let before = stand.asked();
    stand.acitask(&["apply", "-f", "m", "--adopt-all", "--auto-approve"]).ends(0);
    let changes = stand
        .asked_since(before)
        .into_iter()
        .filter(|one| one.method != "GET" && !one.target.contains("/oauth2/"));
    let changes: Vec<String> = changes.map(|one| one.method).collect();
    let touched = changes.iter().any(|method| method != "PATCH");
    assert!(changes.len() >= 2 && !touched, "a container would be touched by anything else: {changes:?}");
    stand
        .acitask(&["plan", "-f", "m", "--detailed-exitcode"])
        .ends(0)
        .says(&["No changes. 2 resources match."]);

    for (text, why) in [
        ("a: [", "not one document"),
        ("type: Microsoft.Web/sites", "its type is"),
        ("name: x", "no properties"),
    ] {
        stand.write("bad.txt", text);
        stand.acitask(&["import", "shop", "--from", "bad.txt"]).ends(1).says(&[why]);
    }
}
