//! Requests one by one: routing, refusals, resource groups, tags, lists, logs and exec.

use serde_json::{Value, json};

use super::stage::{GROUP, ORIGIN, Stage, TASK, task};
use crate::contract::{Body, Command, Request};

#[test]
fn a_resource_group_from_creation_to_deletion() {
    let mut stage = Stage::new(&[]);
    assert_eq!(stage.send("HEAD", GROUP, &Value::Null).status, 404);
    assert_eq!(stage.get(GROUP).code(), "ResourceGroupNotFound");
    let wish = json!({"location": "West Europe", "tags": {"a": "1"}});
    assert_eq!(stage.put(GROUP, wish.clone()).status, 201);
    assert_eq!(stage.put(GROUP, wish).status, 200);
    let elsewhere = stage.put(GROUP, json!({"location": "eastus"}));
    assert_eq!(
        (elsewhere.status, elsewhere.code().as_str()),
        (409, "InvalidResourceGroupLocation")
    );
    assert_eq!(stage.send("HEAD", GROUP, &Value::Null).status, 204);
    assert_eq!(
        stage
            .send("PATCH", GROUP, &json!({"tags": {"b": "2"}}))
            .json()["tags"],
        json!({"b": "2"})
    );
    let folded = stage.get(&GROUP.to_uppercase()).json();
    assert_eq!(
        (&folded["name"], &folded["location"]),
        (&json!("rg"), &json!("westeurope"))
    );

    stage.put(TASK, task("Always"));
    stage.run();
    let deleting = stage.delete(GROUP);
    assert_eq!(
        (deleting.status, deleting.header("retry-after")),
        (202, "15")
    );
    let location = deleting.header("location").to_owned();
    assert_eq!(stage.get(&location).status, 202);
    assert_eq!(
        stage.get(GROUP).json()["properties"]["provisioningState"],
        "Deleting"
    );
    assert_eq!(stage.get(TASK).status, 200);
    assert_eq!(stage.delete(GROUP).status, 202);
    for answer in [
        stage.put(GROUP, json!({"location": "westeurope"})),
        stage.put(TASK, task("Always")),
        stage.delete(TASK),
        stage.post(&format!("{TASK}/stop")),
    ] {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "ResourceGroupBeingDeleted")
        );
    }
    stage.pass(1);
    stage.run();
    assert_eq!(stage.get(&location).status, 200);
    assert_eq!(stage.get(GROUP).status, 404);
    assert_eq!(stage.get(TASK).code(), "ResourceGroupNotFound");
    assert_eq!((stage.alive(), stage.world.due()), (0, None));
}

#[test]
fn bodies_that_are_refused() {
    let rows: [(&str, Value, &str); 25] = [
        ("/location", Value::Null, "LocationRequired"),
        ("/properties", Value::Null, "InvalidRequestContent"),
        ("/properties/containers", json!([]), "InvalidRequestContent"),
        ("/properties/osType", json!("BeOS"), "InvalidOsType"),
        ("/properties/osType", Value::Null, "InvalidOsType"),
        (
            "/properties/osType",
            json!("Windows"),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/restartPolicy",
            json!("Sometimes"),
            "InvalidContainerGroup",
        ),
        (
            "/properties/sku",
            json!("Confidential"),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/priority",
            json!("Spot"),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/volumes",
            json!([{"name": "v", "emptyDir": {}}]),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/initContainers",
            json!([{"name": "i"}]),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/subnetIds",
            json!([{"id": "x"}]),
            "NotImplementedByEmulator",
        ),
        (
            "/identity",
            json!({"type": "SystemAssigned"}),
            "NotImplementedByEmulator",
        ),
        ("/tags", json!({"a/b": "c"}), "InvalidTagNameCharacters"),
        (
            "/properties/ipAddress",
            json!({"type": "Private", "ports": [{"port": 80}]}),
            "NotImplementedByEmulator",
        ),
        (
            "/properties/ipAddress",
            json!({"type": "Public", "ports": []}),
            "InvalidContainerGroup",
        ),
        (
            "/properties/ipAddress",
            json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "Ab"}),
            "InvalidDnsNameLabel",
        ),
        (
            "/properties/containers/0/name",
            json!("Upper"),
            "InvalidContainerGroup",
        ),
        (
            "/properties/containers/0/properties/image",
            json!(""),
            "InvalidContainerGroup",
        ),
        (
            "/properties/containers/0/properties/image",
            json!("missing:1"),
            "InaccessibleImage",
        ),
        (
            "/properties/containers/0/properties/command",
            json!("ls"),
            "InvalidRequestContent",
        ),
        (
            "/properties/containers/0/properties/ports",
            json!([{"port": 0}]),
            "InvalidContainerGroup",
        ),
        (
            "/properties/containers/0/properties/resources",
            json!({}),
            "ResourceRequestsNotSpecified",
        ),
        (
            "/properties/containers/0/properties/resources",
            json!({"requests": {"cpu": 2, "memoryInGB": 1}, "limits": {"cpu": 1}}),
            "ResourceLimitsLessThanRequests",
        ),
        (
            "/properties/containers/0/properties/livenessProbe",
            json!({"httpGet": {"port": 1}}),
            "NotImplementedByEmulator",
        ),
    ];
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    for (pointer, value, code) in rows {
        let mut body = task("Never");
        let (parent, field) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(slot) = body.pointer_mut(parent) {
            slot[field] = value;
        }
        let answer = stage.put(TASK, body);
        assert_eq!(answer.code(), code, "{pointer}: {answer:?}");
        assert_eq!(stage.get(TASK).code(), "ResourceNotFound", "{pointer}");
        assert!(stage.commands.is_empty(), "{pointer}");
    }
}

#[test]
fn updates_that_need_a_replace_are_refused_with_old_and_new() {
    let at = |pointer: &str, value: Value| {
        let mut body = task("OnFailure");
        let (parent, field) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(slot) = body.pointer_mut(parent) {
            slot[field] = value;
        }
        body
    };
    let requests = "/properties/containers/0/properties/resources/requests";
    let rows = [
        (
            at("/properties/restartPolicy", json!("Always")),
            "RestartPolicy (old \"OnFailure\", new \"Always\")",
        ),
        (
            at("/properties/restartPolicy", Value::Null),
            "RestartPolicy (old \"OnFailure\", new \"Always\")",
        ),
        (
            at(&format!("{requests}/cpu"), json!(2)),
            "Cpu (old \"1\", new \"2\")",
        ),
        (
            at(&format!("{requests}/memoryInGb"), json!(2)),
            "MemoryInGB (old \"1.5\", new \"2\")",
        ),
        (
            at(
                "/properties/ipAddress",
                json!({"type": "Public", "ports": [{"port": 80}]}),
            ),
            "IPAddressType (old \"None\", new \"Public\")",
        ),
    ];
    let mut stage = Stage::running(&[], "OnFailure");
    for (body, expected) in rows {
        let answer = stage.put(TASK, body);
        assert_eq!(answer.code(), "InvalidContainerGroupUpdate");
        let message = answer.json()["error"]["message"]
            .to_string()
            .replace("\\\"", "\"");
        assert!(message.contains(expected), "{message}");
        assert!(stage.commands.is_empty());
    }
    let moved = stage.put(TASK, at("/location", json!("eastus")));
    assert_eq!(moved.code(), "InvalidResourceLocation");
}

#[test]
fn a_dns_label_is_one_groups_own_in_its_region() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let labelled = |location: &str| {
        let mut body = task("Never");
        body["location"] = json!(location);
        body["properties"]["ipAddress"] = json!({"type": "public", "ports": [{"port": 80, "protocol": "tcp"}], "dnsNameLabel": "sample"});
        body
    };
    let created = stage.put(TASK, labelled("westeurope")).json();
    let address = &created["properties"]["ipAddress"];
    assert_eq!(address["fqdn"], "sample.westeurope.azurecontainer.io");
    assert_eq!(
        (&address["ip"], &address["type"]),
        (&Value::Null, &json!("Public"))
    );
    stage.run();
    assert!(stage.get(TASK).json()["properties"]["ipAddress"]["ip"].is_string());
    let other = format!("{TASK}-2");
    assert_eq!(
        stage.put(&other, labelled("westeurope")).code(),
        "DnsNameLabelNotAvailable"
    );
    assert_eq!(stage.put(&other, labelled("eastus")).status, 201);
    assert_eq!(
        stage.put(TASK, labelled("westeurope")).status,
        200,
        "its own label"
    );
}

#[test]
fn secrets_are_launched_and_never_shown() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let created = stage.put(TASK, task("Never"));
    assert!(!format!("{:?}", stage.world).contains("hush-hush"));
    let mut shown = vec![created.json()];
    let sandbox = stage.commands.clone();
    assert!(matches!(sandbox.as_slice(), [Command::Pull { .. }]));
    stage.run();
    let variables =
        stage.get(TASK).json()["properties"]["containers"][0]["properties"]["environmentVariables"]
            .clone();
    assert_eq!(
        variables,
        json!([{"name": "MODE", "value": "fast"}, {"name": "TOKEN"}])
    );
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    shown.extend([
        stage.get(TASK).json(),
        stage.get(&list).json(),
        stage.delete(TASK).json(),
    ]);
    assert!(
        shown
            .iter()
            .all(|view| !view.to_string().contains("hush-hush"))
    );
}

#[test]
fn a_put_writes_tags_as_the_switch_says() {
    for (setting, tags) in [
        ("put.writes-tags=true", json!({"other": "x"})),
        ("put.writes-tags=false", json!({"owner": "us"})),
    ] {
        let mut stage = Stage::running(&[setting], "Always");
        let mut body = task("Always");
        body["tags"] = json!({"other": "x"});
        assert_eq!(stage.put(TASK, body).json()["tags"], tags, "{setting}");
    }
}

#[test]
fn tags_at_each_scope() {
    let mut stage = Stage::running(&[], "Never");
    let foreign = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs");
    stage.put(&foreign, json!({"location": "westeurope"}));
    for scope in [GROUP, TASK, &foreign] {
        let url = format!("{scope}/providers/Microsoft.Resources/tags/default");
        let tags = json!({"properties": {"tags": {"Team": "ops"}}});
        assert_eq!(stage.put(&url, tags).status, 200);
        let merge =
            json!({"operation": "Merge", "properties": {"tags": {"team": "dev", "b": "2"}}});
        let merged = stage.send("PATCH", &url, &merge).json();
        assert_eq!(
            merged["properties"]["tags"],
            json!({"Team": "dev", "b": "2"})
        );
        assert_eq!(merged["id"], json!(url));
        assert_eq!(
            stage.get(scope).json()["tags"],
            json!({"Team": "dev", "b": "2"})
        );
        let wrong = json!({"operation": "Mangle", "properties": {"tags": {}}});
        assert_eq!(
            stage.send("PATCH", &url, &wrong).code(),
            "InvalidRequestContent"
        );
        let more: serde_json::Map<String, Value> =
            (0..49).map(|n| (format!("n{n}"), json!(""))).collect();
        let over = json!({"operation": "Merge", "properties": {"tags": more}});
        assert_eq!(stage.send("PATCH", &url, &over).code(), "InvalidTagCount");
        assert_eq!(stage.delete(&url).status, 200);
        assert_eq!(stage.get(&url).json()["properties"]["tags"], json!({}));
    }
    let states = stage.states();
    assert_eq!(
        states,
        ("Running".into(), "Running".into()),
        "tags restart nothing"
    );
}

#[test]
fn lists_come_in_pages_without_instance_views() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    for n in 0..205 {
        let name = format!("{TASK}-{n:03}");
        assert_eq!(stage.put(&name, task("Never")).status, 201);
    }
    stage.run();
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    let all = "/subscriptions/s/providers/Microsoft.ContainerInstance/containerGroups";
    let resources = format!("{GROUP}/resources");
    for (url, pages) in [
        (list.clone(), 3),
        (all.to_owned(), 3),
        (resources, 3),
        (format!("{list}?api-version=2025-09-01&$top=50"), 5),
    ] {
        let (mut next, mut count, mut names) = (Some(url), 0, Vec::new());
        while let Some(url) = next {
            let page = stage.get(&url).json();
            count += 1;
            names.extend(
                page["value"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|g| g["name"].clone()),
            );
            assert!(!page.to_string().contains("instanceView"));
            next = page["nextLink"].as_str().map(str::to_owned);
            assert!(next.iter().all(|next| next.starts_with(ORIGIN)));
        }
        names.dedup();
        assert_eq!((names.len(), count), (205, pages));
    }
    let wrong = format!("{list}?api-version=2025-09-01&$skiptoken=%%");
    assert_eq!(stage.get(&wrong).code(), "InvalidSkipToken");
}

#[test]
fn additions_follow_the_version() {
    let mut stage = Stage::running(&[], "Never");
    let rows = [
        ("2018-10-01", [false, false, false]),
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
        Body::Logs(query) => Some((
            query.tail,
            query.timestamps,
            query.max_bytes,
            query.max_lines,
        )),
        _ => None,
    };
    assert_eq!(query(&mut stage), Some((Some(5), true, 4 << 20, None)));
    stage.exit(0);
    assert_eq!(
        query(&mut stage),
        Some((Some(5), true, 16 << 10, Some(1000)))
    );
    stage.post(&format!("{TASK}/start"));
    assert_eq!(stage.get(&url).code(), "ContainerGroupTransitioning");
    let other = format!("{TASK}/containers/other/logs");
    assert_eq!(stage.get(&other).code(), "ContainerNotFound");
}

#[test]
fn exec_gives_a_session_that_can_be_taken_once() {
    for (setting, argv) in [
        ("exec.split=true", vec!["/bin/sh", "-c", "a"]),
        ("exec.split=false", vec!["/bin/sh -c  a"]),
    ] {
        let mut stage = Stage::running(&[setting], "Always");
        let wish = json!({"command": "/bin/sh -c  a", "terminalSize": {"rows": 30, "cols": 90}});
        let url = format!("{TASK}/containers/main/exec");
        let given = stage.send("POST", &url, &wish).json();
        let uri = given["webSocketUri"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            uri.starts_with("ws://127.0.0.1:4123/execstream/sessionId/"),
            "{uri}"
        );
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
        assert_eq!(
            stage.send("POST", &url, &wish).code(),
            "ContainerGroupStopped"
        );
    }
}

#[test]
fn unknown_fields_are_added_at_several_levels_but_not_to_tags() {
    let mut stage = Stage::running(&["get.unknown-fields=true"], "Never");
    let view = stage.get(TASK).json();
    for pointer in [
        "",
        "/properties",
        "/properties/instanceView",
        "/properties/containers/0/properties",
    ] {
        assert!(
            view.pointer(&format!("{pointer}/futureSetting")).is_some(),
            "{pointer}"
        );
    }
    assert_eq!(view["tags"], json!({"owner": "us"}));
    let tags = stage
        .get(&format!(
            "{TASK}/providers/Microsoft.Resources/tags/default"
        ))
        .json();
    assert_eq!(tags["properties"], json!({"tags": {"owner": "us"}}));
}

#[test]
fn nothing_panics_and_what_is_not_done_says_so() {
    let mut stage = Stage::running(&[], "Never");
    let mut request = Request {
        method: "GET".into(),
        path: GROUP.into(),
        query: [].into(),
        body: Default::default(),
        origin: String::new(),
    };
    assert_eq!(stage.request(&request).code(), "MissingApiVersionParameter");
    for (version, code) in [
        ("soon", "InvalidApiVersionParameter"),
        ("2025-13-01", "InvalidApiVersionParameter"),
        ("2025-09-01-beta", "InvalidApiVersionParameter"),
        ("ééééééééé", "InvalidApiVersionParameter"),
    ] {
        request.query = [("api-version".to_owned(), version.to_owned())].into();
        assert_eq!(stage.request(&request).code(), code, "{version}");
    }
    request.query = [("api-version".to_owned(), "2025-09-01".to_owned())].into();
    let paths = [
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Authorization/locks/l",
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroupProfiles/p",
        "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/westeurope/usages",
        "/elsewhere",
    ];
    for path in paths {
        request.path = path.into();
        let answer = stage.request(&request);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (501, "NotImplementedByEmulator"),
            "{path}"
        );
    }
    let bodies: [&[u8]; 8] = [b"", b"{", b"[]", b"null", b"\xff", b"{\"location\":1}", b"{\"location\":\"x\",\"properties\":[]}", b"{\"location\":\"x\",\"properties\":{\"containers\":[1,{}],\"osType\":\"Linux\",\"ipAddress\":3}}"];
    for method in ["PUT", "PATCH", "POST", "DELETE", "GET", "BREW"] {
        for path in [
            GROUP,
            TASK,
            &format!("{TASK}/containers/main/exec"),
            &format!("{GROUP}/providers/Microsoft.Resources/tags/default"),
        ] {
            for body in bodies {
                request.method = method.into();
                request.path = path.into();
                request.body = body.into();
                assert!(stage.request(&request).status >= 200, "{method} {path}");
            }
        }
    }
}
