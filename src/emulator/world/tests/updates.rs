//! PUTs on groups that exist: what is live, what restarts, what needs a replacement; and the switches of the rest.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::{Command, ConfigMap};

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v/subnets/n";

fn at(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(slot) = body.pointer_mut(parent) {
        slot[field] = value;
    }
    body
}

const FIRST: &str = "/properties/containers/0/properties";

fn configured(value: &str) -> Value {
    at(task("Always"), &format!("{FIRST}/configMap"), json!({"keyValuePairs": {"mode": value}}))
}

fn running(body: Value) -> Stage {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let answer = stage.put(TASK, body);
    assert_eq!(answer.status, 201, "{}", answer.json());
    stage.run();
    stage.done.clear();
    stage
}

#[test]
fn a_put_of_config_maps_alone_restarts_nothing() {
    let named = json!({"location": "westeurope", "properties": {"containers": [
        {"name": "main", "properties": {"configMap": {"keyValuePairs": {"mode": "slow"}}}},
    ]}});
    for body in [configured("slow"), named.clone()] {
        let mut stage = running(configured("fast"));
        let before = stage.get(TASK).json();
        stage.pass(5);
        let answer = stage.put(TASK, body);
        assert_eq!(answer.status, 200, "{}", answer.json());
        let operation = answer.header("azure-asyncoperation").to_owned();
        assert_eq!(stage.get(&operation).json()["status"], "Succeeded");
        let told = match &stage.commands[..] {
            [Command::Configure { container, config, .. }] => Some((container.clone(), config.clone())),
            _ => None,
        };
        let expected = ConfigMap([("mode".to_owned(), "slow".to_owned())].into());
        assert_eq!(told, Some(("main".to_owned(), expected)), "{:?}", stage.commands);
        stage.run();
        let mut after = stage.get(TASK).json();
        let config = &mut after["properties"]["containers"][0]["properties"]["configMap"];
        assert_eq!(*config, json!({"keyValuePairs": {"mode": "slow"}}));
        *config = json!({"keyValuePairs": {"mode": "fast"}});
        assert_eq!(after, before);
        // The next start has it too.
        stage.end("main", 1, false);
        let launched = stage.commands.iter().any(|command| {
            matches!(command, Command::Start { launch, .. } if launch.config.0.values().any(|it| it == "slow"))
        });
        assert!(launched);
    }
    let mut stage = running(configured("fast"));
    stage.post(&format!("{TASK}/stop"));
    stage.run();
    assert_eq!(stage.put(TASK, named.clone()).status, 200, "a stopped group is deployed with it");
    stage.run();
    assert_eq!(stage.names(), ["main"]);
    let unknown = at(named.clone(), "/properties/containers/0/name", json!("other"));
    let mut stage = running(configured("fast"));
    assert_eq!(stage.put(TASK, unknown).code(), "InvalidOsType", "a new container needs more");
    stage.delete(TASK);
    assert_eq!(stage.put(TASK, named).code(), "InvalidOsType", "so does a new group");
}

#[test]
fn what_changes_anything_else_or_nothing_restarts() {
    let rows = [
        configured("fast"),
        at(configured("slow"), &format!("{FIRST}/image"), json!("acitask/weak:2")),
        at(configured("fast"), &format!("{FIRST}/environmentVariables/1/secureValue"), json!("other")),
    ];
    for body in rows {
        let mut stage = running(configured("fast"));
        let answer = stage.put(TASK, body);
        assert_eq!(answer.json()["properties"]["provisioningState"], "Updating");
        stage.run();
        assert_eq!(stage.done, ["stop", "discard", "open", "pull main", "start main"]);
    }
}

#[test]
fn a_put_of_tags_alone_restarts_as_the_switch_says() {
    for (setting, restarts) in [("put.tags-restart=true", true), ("put.tags-restart=false", false)] {
        let mut stage = Stage::running(&[setting, "put.writes-tags=true"], "Always");
        stage.done.clear();
        let answer = stage.put(TASK, at(task("Always"), "/tags", json!({"new": "tag"})));
        assert_eq!((answer.status, &answer.json()["tags"]), (200, &json!({"new": "tag"})));
        stage.run();
        assert_eq!(!stage.done.is_empty(), restarts, "{setting}: {:?}", stage.done);
        stage.done.clear();
        stage.put(TASK, at(task("Always"), "/tags", json!({"new": "tag"})));
        stage.run();
        assert!(!stage.done.is_empty(), "an identical PUT restarts under every setting");
    }
}

#[test]
fn what_cannot_be_changed_in_place_is_refused_with_old_and_new() {
    let subnet = |body| {
        let body = at(body, "/properties/subnetIds", json!([{"id": SUBNET}]));
        at(body, "/properties/ipAddress", json!({"type": "Private", "ports": [{"port": 80}]}))
    };
    let vault = |version: &str| {
        let key = json!({"vaultBaseUrl": "https://v", "keyName": "k", "keyVersion": version});
        at(task("Always"), "/properties/encryptionProperties", key)
    };
    let plain = || task("Always");
    let rows = [
        (
            plain(),
            at(plain(), "/properties/osType", json!("Windows")),
            "OsType (old \"Linux\", new \"Windows\")",
        ),
        (
            plain(),
            at(plain(), "/properties/sku", json!("Dedicated")),
            "Sku (old \"Standard\", new \"Dedicated\")",
        ),
        (
            plain(),
            at(plain(), "/properties/priority", json!("Spot")),
            "Priority (old \"Regular\", new \"Spot\")",
        ),
        (plain(), at(plain(), "/zones", json!(["2"])), "Zones (old \"\", new \"2\")"),
        (vault("1"), vault("2"), "EncryptionKeyVersion (old \"1\", new \"2\")"),
        (
            subnet(plain()),
            at(subnet(plain()), "/properties/subnetIds/0/id", json!(format!("{SUBNET}2"))),
            "NetworkProfile (old ",
        ),
        (
            subnet(plain()),
            at(plain(), "/properties/ipAddress", json!({"type": "Public", "ports": [{"port": 80}]})),
            "IPAddressType (old \"Private\", new \"Public\")",
        ),
    ];
    for (live, sent, words) in rows {
        let mut stage = running(live);
        let answer = stage.put(TASK, sent);
        assert_eq!(answer.code(), "InvalidContainerGroupUpdate", "{words}");
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(words), "{message}");
        assert!(stage.commands.is_empty());
    }
    for sent in [
        at(plain(), "/properties/sku", json!("NotSpecified")),
        at(plain(), "/properties/priority", json!("regular")),
    ] {
        assert_eq!(running(plain()).put(TASK, sent).status, 200, "a default is no change");
    }
}

#[test]
fn statuses_that_no_source_shows_are_switches() {
    let rows = [
        ("status.invalid-update", [400, 409]),
        ("status.stopped", [409, 400]),
        ("status.registry-error", [409, 400]),
        ("status.dns-taken", [400, 409]),
        ("start.status", [204, 202]),
    ];
    let labelled = || {
        at(
            task("Always"),
            "/properties/ipAddress",
            json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "label"}),
        )
    };
    for (switch, [default, other]) in rows {
        for (settings, status) in [(vec![], default), (vec![format!("{switch}={other}")], other)] {
            let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
            let mut stage = Stage::new(&settings);
            stage.put(GROUP, json!({"location": "westeurope"}));
            stage.put(TASK, labelled());
            stage.run();
            let answer = match switch {
                "status.invalid-update" => {
                    stage.put(TASK, at(labelled(), "/properties/restartPolicy", json!("Never")))
                }
                "status.registry-error" => stage.put(
                    &format!("{TASK}2"),
                    at(task("Always"), &format!("{FIRST}/image"), json!("registry-down:1")),
                ),
                "status.dns-taken" => stage.put(&format!("{TASK}2"), labelled()),
                _ => {
                    stage.post(&format!("{TASK}/stop"));
                    stage.run();
                    stage.post(&format!(
                        "{TASK}/{}",
                        if switch == "start.status" { "start" } else { "restart" }
                    ))
                }
            };
            assert_eq!(answer.status, status, "{switch}: {}", answer.json());
            if switch == "start.status" {
                assert!(answer.headers.contains_key("azure-asyncoperation"), "{:?}", answer.headers);
                assert_eq!(answer.headers.contains_key("location"), status == 202);
            }
        }
    }
}

#[test]
fn a_label_has_the_scope_that_was_asked_for() {
    let labelled = |scope: &str| {
        let address = json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "label", "autoGeneratedDomainNameLabelScope": scope});
        at(task("Always"), "/properties/ipAddress", address)
    };
    let other_group = "/subscriptions/s/resourceGroups/other";
    let elsewhere = TASK.replace("/rg/", "/other/");
    let next = format!("{TASK}2");
    for (scope, in_group, in_subscription) in [
        ("unsecure", 400, 400),
        ("TenantReuse", 400, 400),
        ("SubscriptionReuse", 400, 400),
        ("ResourceGroupReuse", 400, 201),
        ("Noreuse", 201, 201),
    ] {
        let mut stage = running(labelled(scope));
        stage.put(other_group, json!({"location": "westeurope"}));
        let fqdn = |stage: &mut Stage| {
            stage.get(TASK).json()["properties"]["ipAddress"]["fqdn"].as_str().unwrap_or_default().to_owned()
        };
        let first = fqdn(&mut stage);
        let parts: Vec<&str> = first.split('.').collect();
        let hashed = scope != "unsecure";
        assert_eq!((parts[0], parts.len()), ("label", if hashed { 5 } else { 4 }), "{first}");
        assert!(!hashed || parts[1].len() == 16, "{first}");
        assert!(first.ends_with(".westeurope.azurecontainer.io"), "{first}");
        assert_eq!(stage.put(&next, labelled(scope)).status, in_group, "{scope}");
        assert_eq!(stage.put(&elsewhere, labelled(scope)).status, in_subscription, "{scope}");
        stage.put(TASK, labelled(scope));
        stage.run();
        assert_eq!(fqdn(&mut stage), first, "{scope}: a new deployment keeps it");
    }
}

#[test]
fn an_unsaid_scope_is_shown_by_version_and_switch() {
    let address = json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "label"});
    let rows = [
        ("view.dns-scope=false", "2019-12-01", false),
        ("view.dns-scope=false", "2021-10-01", true),
        ("view.dns-scope=false", "2023-05-01", false),
        ("view.dns-scope=false", "2025-09-01", false),
        ("view.dns-scope=true", "2025-09-01", true),
    ];
    for (setting, version, shown) in rows {
        let mut stage = Stage::new(&[setting]);
        stage.put(GROUP, json!({"location": "westeurope"}));
        stage.put(TASK, at(task("Always"), "/properties/ipAddress", address.clone()));
        let view = stage.get(&format!("{TASK}?api-version={version}")).json();
        let scope = view["properties"]["ipAddress"].get("autoGeneratedDomainNameLabelScope");
        assert_eq!(scope.is_some(), shown, "{setting} {version}");
    }
}

#[test]
fn references_to_secrets_resolve_as_the_switch_says_and_are_shown_as_references() {
    for (setting, value) in [
        ("exec.split=true", "emulated:https://v.vault.azure.net/secrets/s"),
        ("secret-reference.value={name}-value", "ref-value"),
    ] {
        let mut stage = Stage::new(&[setting]);
        stage.put(GROUP, json!({"location": "westeurope"}));
        let reference = json!({"name": "ref", "identity": "i", "secretReferenceUri": "https://v.vault.azure.net/secrets/s"});
        let body = at(task("Always"), "/properties/secretReferences", json!([reference]));
        let body = at(
            body,
            &format!("{FIRST}/environmentVariables"),
            json!([{"name": "PIN", "secureValueReference": "ref"}]),
        );
        let credential = json!({"server": "docker.io", "username": "u", "passwordReference": "ref"});
        let body = at(body, "/properties/imageRegistryCredentials", json!([credential]));
        stage.put(TASK, body);
        let pulled = stage.commands.iter().find_map(|command| match command {
            Command::Pull { source, .. } => source.credential.clone(),
            _ => None,
        });
        assert_eq!(pulled.map(|credential| credential.password).as_deref(), Some(value));
        let sandbox = stage.commands.iter().find_map(|command| match command {
            Command::Pull { sandbox, .. } => Some(*sandbox),
            _ => None,
        });
        let digest = "sha256:1".to_owned();
        let started = sandbox.map(|sandbox| {
            let pulled = crate::contract::Event::Pulled { sandbox, container: "main".to_owned(), digest };
            stage.world.tell(pulled, stage.now)
        });
        let environment = started.iter().flatten().find_map(|command| match command {
            Command::Start { launch, .. } => Some(launch.environment.clone()),
            _ => None,
        });
        assert_eq!(environment, Some(vec![("PIN".to_owned(), value.to_owned())]));
        let view = stage.get(TASK).json();
        assert!(!view.to_string().contains(value), "{view}");
        let properties = &view["properties"];
        assert_eq!(properties["secretReferences"], json!([reference]));
        assert_eq!(properties["imageRegistryCredentials"], json!([credential]));
        assert_eq!(
            properties["containers"][0]["properties"]["environmentVariables"],
            json!([{"name": "PIN", "secureValueReference": "ref"}])
        );
    }
}

#[test]
fn identities_get_their_ids_and_keep_them() {
    let user =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.ManagedIdentity/userAssignedIdentities/U";
    let both = json!({"type": "SystemAssigned,userAssigned", "userAssignedIdentities": {user: {}}});
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let created = stage.put(TASK, at(task("Always"), "/identity", both.clone())).json();
    let identity = created["identity"].clone();
    assert_eq!(identity["type"], "SystemAssigned, UserAssigned");
    for pointer in ["/principalId", "/tenantId"] {
        assert_eq!(identity.pointer(pointer).and_then(Value::as_str).map(str::len), Some(36), "{pointer}");
    }
    let own = &identity["userAssignedIdentities"][user];
    assert!(
        own["principalId"].is_string()
            && own["clientId"].is_string()
            && own["principalId"] != own["clientId"]
    );
    stage.run();
    assert_eq!(stage.put(TASK, at(task("Always"), "/identity", both.clone())).json()["identity"], identity);
    stage.run();
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    assert_eq!(stage.get(&list).json()["value"][0]["identity"], identity);
    assert_eq!(
        stage.put(TASK, at(task("Always"), "/identity", json!({"type": "None"}))).json().get("identity"),
        None
    );
    stage.run();
    let again = stage.put(TASK, at(task("Always"), "/identity", both)).json();
    assert_ne!(again["identity"]["principalId"], identity["principalId"], "a new identity is another one");
    assert_eq!(again["identity"]["userAssignedIdentities"], identity["userAssignedIdentities"]);
}

#[test]
fn secrets_are_dropped_and_all_else_is_echoed() {
    let sent = json!({
        "volumes": [
            {"name": "share", "azureFile": {"shareName": "data", "storageAccountName": "account", "storageAccountKey": "hush", "userAssignedIdentityClientId": "me"}},
            {"name": "clone", "gitRepo": {"repository": "https://example.com/a.git", "directory": "d", "revision": "r"}},
            {"name": "empty", "emptyDir": {}},
        ],
        "imageRegistryCredentials": [{"server": "docker.io", "username": "u", "password": "hush"}],
        "diagnostics": {"logAnalytics": {"workspaceId": "w", "workspaceKey": "hush", "workspaceResourceId": "hush", "logType": "containerinsights", "metadata": {"a": "b"}}},
        "extensions": [{"name": "e", "properties": {"extensionType": "t", "version": "1", "settings": {"a": 1}, "protectedSettings": {"a": "hush"}}}],
    });
    let mut body = task("Always");
    for (name, value) in sent.as_object().into_iter().flatten() {
        body["properties"][name] = value.clone();
    }
    let mut stage = running(body);
    let shown = stage.get(TASK).json();
    assert!(!shown.to_string().contains("hush"), "{shown}");
    let expected = json!({
        "volumes": [
            {"name": "share", "azureFile": {"shareName": "data", "storageAccountName": "account"}},
            {"name": "clone", "gitRepo": {"repository": "https://example.com/a.git", "directory": "d", "revision": "r"}},
            {"name": "empty", "emptyDir": {}},
        ],
        "imageRegistryCredentials": [{"server": "docker.io", "username": "u"}],
        "diagnostics": {"logAnalytics": {"workspaceId": "w", "logType": "ContainerInsights", "metadata": {"a": "b"}}},
        "extensions": [{"name": "e", "properties": {"extensionType": "t", "version": "1", "settings": {"a": 1}}}],
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(shown["properties"][name], *value, "{name}");
    }
    let newer = stage.get(&format!("{TASK}?api-version=2026-07-01")).json();
    assert_eq!(newer["properties"]["volumes"][0]["azureFile"]["userAssignedIdentityClientId"], "me");
}

#[test]
fn what_a_get_shows_can_be_put_back_where_nothing_was_a_secret() {
    let user =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u";
    let mut body = configured("fast");
    body["identity"] = json!({"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {user: {}}});
    body["properties"]["initContainers"] = json!([{"name": "init", "properties": {"image": "i"}}]);
    body["properties"]["ipAddress"] =
        json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "label"});
    body["properties"]["containers"][0]["properties"]["environmentVariables"] = json!([]);
    let mut stage = running(body);
    stage.end("init", 0, false);
    stage.run();
    for version in ["2019-12-01", "2021-10-01", "2025-09-01"] {
        let url = format!("{TASK}?api-version={version}");
        let before = stage.get(&url).json();
        let answer = stage.put(&url, before.clone());
        assert_eq!(answer.status, 200, "{version}: {}", answer.json());
        stage.run();
        stage.end("init", 0, false);
        stage.run();
        let (mut before, mut after) = (before, stage.get(&url).json());
        for view in [&mut before, &mut after] {
            for list in ["containers", "initContainers"] {
                let items = view["properties"].get_mut(list).and_then(Value::as_array_mut);
                for item in items.into_iter().flatten() {
                    item["properties"]["instanceView"] = json!(null);
                }
            }
        }
        assert_eq!(after, before, "{version}");
    }
}
