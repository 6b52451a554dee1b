//! What recordings of other times and clients show: azure-sdk-for-net ContainerGroupsStartRestartStopTest (2020-11-01),
//! azure-libraries-for-net and -java session records (2018 to 2021), azure-cli test_container_attach (2023-05-01) and
//! test_container_export_with_identity (2021-09-01), azure-powershell Start-AzContainerGroup (2022-10-01-preview).

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};

const OLD: &str = "2020-11-01";

/// A running group of two containers, the second by name first, and an init container that has ended.
fn recorded() -> Stage {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "West Central US"}));
    let container = |name: &str| {
        let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}});
        json!({"name": name, "properties": {"image": "alpine:latest", "resources": resources}})
    };
    let body = json!({"location": "West Central US", "properties": {
        "osType": "Linux", "restartPolicy": "Never",
        "containers": [container("web"), container("side")],
        "initContainers": [{"name": "before", "properties": {"image": "alpine:latest"}}],
    }});
    assert_eq!(stage.put(&format!("{TASK}?api-version={OLD}"), body).status, 201);
    stage.run();
    stage.end("before", 0, false);
    stage.run();
    stage
}

fn told(events: &Value) -> Vec<String> {
    let events = events.as_array().into_iter().flatten();
    events
        .map(|event| format!("{} {}", event["message"].as_str().unwrap_or_default(), event["count"]))
        .collect()
}

fn shown(stage: &mut Stage, version: &str) -> Value {
    stage.get(&format!("{TASK}?api-version={version}")).json()
}

fn first(view: &Value) -> &Value {
    &view["properties"]["containers"][0]["properties"]["instanceView"]
}

#[test]
fn a_stopped_group_is_started_with_204_and_what_happened_before_is_told_again() {
    let mut stage = recorded();
    stage.post(&format!("{TASK}/stop?api-version={OLD}"));
    stage.run();
    let stopped = shown(&mut stage, OLD);
    assert_eq!(stopped["properties"]["instanceView"]["state"], "Stopped");
    assert!(!stopped["properties"]["containers"].to_string().contains("instanceView"));
    assert!(shown(&mut stage, "2024-05-01-preview").to_string().contains("stopped per client request"));

    stage.pass(5);
    let started = stage.post(&format!("{TASK}/start?api-version={OLD}"));
    assert_eq!((started.status, started.header("location"), started.header("retry-after")), (204, "", ""));
    let operation = started.header("azure-asyncoperation").to_owned();
    let id = started.header("x-ms-request-id").strip_prefix("westcentralus:").map(str::to_owned);
    assert!(
        id.is_some_and(|id| operation.contains(&format!("/westcentralus/operations/{id}?"))),
        "{operation}"
    );
    let pending = stage.get(&operation).json();
    assert_eq!((&pending["status"], &pending["properties"]["events"]), (&json!("Pending"), &json!([])));
    stage.run();
    stage.end("before", 0, false);
    stage.run();
    let done = stage.get(&operation).json();
    assert_eq!(done["status"], "Succeeded");
    let one = [
        "pulling image \"alpine:latest\" 2",
        "Successfully pulled image \"alpine:latest\" 2",
        "Created container 2",
        "Started container 2",
    ];
    assert_eq!(told(&done["properties"]["events"]), [one, one].concat());
}

#[test]
fn events_are_told_in_the_words_of_the_version() {
    let mut stage = recorded();
    stage.post(&format!("{TASK}/restart"));
    stage.run();
    stage.end("before", 0, false);
    stage.run();
    let pulled = |image: &str| {
        [format!("pulling image \"{image}\" 1"), format!("Successfully pulled image \"{image}\" 1")]
    };
    let rows = [
        (OLD, "alpine:latest", vec!["Created container 2", "Started container 2"]),
        ("2022-10-01-preview", "alpine@sha256:0123456789abcdef", vec!["Started container 2", "with id"]),
        (
            "2024-05-01-preview",
            "alpine@sha256:0123456789abcdef",
            vec!["Started container 2", "web (platform initiated). 1"],
        ),
    ];
    for (version, image, rest) in rows {
        let view = shown(&mut stage, version);
        let told = told(&first(&view)["events"]);
        assert_eq!(told[..2], pulled(image), "{version}");
        assert_eq!(told.len(), 2 + rest.len(), "{version}: {told:?}");
        assert!(rest.iter().all(|part| told.iter().any(|told| told.contains(part))), "{version}: {told:?}");
    }
}

#[test]
fn a_container_that_ends_by_itself_was_killed_by_its_id() {
    let mut stage = Stage::running(&[], "Never");
    stage.exit(2);
    let view = shown(&mut stage, "2023-05-01");
    let told = told(&first(&view)["events"]);
    let last = told.last().map_or("", String::as_str);
    let id = last.strip_prefix("Killing container with id ").and_then(|rest| rest.strip_suffix(". 1"));
    assert!(id.is_some_and(|id| id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())), "{told:?}");
    assert_eq!(first(&view)["currentState"]["exitCode"], 2);
}

#[test]
fn what_is_added_and_what_stays_as_it_was_sent() {
    let mut stage = recorded();
    let view = shown(&mut stage, OLD);
    assert_eq!(view["location"], "West Central US");
    assert_eq!(stage.get(GROUP).json()["location"], "westcentralus");
    let init = &view["properties"]["initContainers"][0]["properties"];
    assert_eq!(told(&init["instanceView"]["events"]).len(), 4);
    let late = shown(&mut stage, "2023-05-01");
    let late = &late["properties"]["initContainers"][0]["properties"]["instanceView"];
    assert_eq!((&late["events"], &late["currentState"]["exitCode"]), (&json!([]), &json!(0)));
    assert_eq!((&init["environmentVariables"], init.get("ports")), (&json!([]), None));

    let mut body = task("Never");
    let identities = json!({"/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me": {}});
    body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": identities});
    body["properties"]["ipAddress"] = json!({"type": "Public", "ports": [{"port": 80}]});
    let other = format!("{TASK}2");
    stage.put(&other, body);
    let mut at = |version: &str| stage.get(&format!("{other}?api-version={version}")).json();
    let identity = at("2021-09-01")["identity"].clone();
    assert!(identity["tenantId"].is_string() && identity.get("principalId").is_none(), "{identity}");
    let scope = |view: Value| view["properties"]["ipAddress"]["autoGeneratedDomainNameLabelScope"].clone();
    assert_eq!([scope(at("2021-10-01")), scope(at("2023-05-01"))], [json!("Unsecure"), Value::Null]);
}

#[test]
fn an_answer_says_who_gave_it() {
    let mut stage = recorded();
    let provider = "/subscriptions/s/providers/Microsoft.ContainerInstance";
    let rows = [
        (TASK.to_owned(), "westcentralus", ""),
        (format!("{TASK}/containers/web/logs"), "westcentralus", ""),
        (format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups"), "westcentralus", ""),
        (format!("{provider}/containerGroups"), "westcentralus", ""),
        (format!("{provider}/containerGroups").replace("/s/", "/empty/"), "", ""),
        (format!("{provider}/locations/northeurope/usages"), "northeurope", ""),
        (GROUP.to_owned(), "", ""),
        (format!("{TASK}-none"), "", "gateway"),
        (TASK.replace("/rg/", "/none/"), "", "gateway"),
    ];
    for (path, region, cause) in rows {
        let answer = stage.get(&path);
        let id = answer.header("x-ms-request-id");
        assert_eq!(id.split_once(':').map_or("", |(region, _)| region), region, "{path}: {id}");
        assert_eq!(answer.header("x-ms-failure-cause"), cause, "{path}");
        assert_eq!(id == answer.header("x-ms-correlation-request-id"), region.is_empty(), "{path}: {id}");
    }
}

#[test]
fn lists_and_resource_groups_follow_the_version() {
    let mut stage = recorded();
    let typed = |answer: Value| answer.get("type").is_some();
    assert!(typed(stage.get(&format!("{GROUP}?api-version=2018-05-01")).json()));
    assert!(!typed(stage.get(&format!("{GROUP}?api-version=2017-05-10")).json()));
    for (version, count) in [("2018-06-01", 11), ("2018-10-01", 20), ("2021-03-01", 24), ("2025-09-01", 24)] {
        let answer =
            stage.get(&format!("/providers/Microsoft.ContainerInstance/operations?api-version={version}"));
        assert_eq!(answer.json()["value"].as_array().map(Vec::len), Some(count), "{version}");
    }
}

#[test]
fn times_are_as_fine_as_recorded() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    stage.now += jiff::SignedDuration::from_nanos(123_456_789);
    let created = stage.put(TASK, task("Never"));
    stage.run();
    let fraction = |value: &Value| {
        let text = value.as_str().unwrap_or_default().trim_end_matches('Z').to_owned();
        text.split_once('.').map(|(_, fraction)| fraction.to_owned()).unwrap_or_default()
    };
    let started = stage.get(created.header("azure-asyncoperation")).json()["startTime"].clone();
    assert_eq!(fraction(&started), "1234567");
    for (version, expected) in [(OLD, ""), ("2021-03-01", "123"), ("2025-09-01", "123")] {
        let view = shown(&mut stage, version);
        assert_eq!(fraction(&first(&view)["currentState"]["startTime"]), expected, "{version}");
    }
}

#[test]
fn what_comes_with_the_provisioning() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("Never");
    let subnet = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/n";
    body["properties"]["subnetIds"] = json!([{"id": subnet}]);
    body["properties"]["ipAddress"] = json!({"type": "Private", "ports": [{"protocol": "TCP", "port": 80}]});
    let created = stage.put(TASK, body).json();
    assert_eq!(created["properties"].get("ipAddress"), None, "azure-cli, test_container_create_with_vnet");
    stage.run();
    let address = shown(&mut stage, "2021-09-01")["properties"]["ipAddress"].clone();
    assert_eq!((&address["type"], address["ip"].is_string()), (&json!("Private"), true));

    let mut body = task("Never");
    body["properties"]["sku"] = json!("Confidential");
    body["properties"]["confidentialComputeProperties"] = json!({});
    let created = stage.put(&format!("{TASK}2"), body.clone()).json();
    let policy = |view: &Value| view["properties"]["confidentialComputeProperties"]["ccePolicy"].clone();
    assert!(policy(&created).as_str().is_some_and(|policy| policy.starts_with("cGFja2FnZSBwb2xpY3kK")));
    body["properties"]["confidentialComputeProperties"]["ccePolicy"] = json!("b3du");
    assert_eq!(policy(&stage.put(&format!("{TASK}3"), body).json()), "b3du");
}

#[test]
fn what_was_taken_once() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("OnFailure");
    let container = &mut body["properties"]["containers"][0]["properties"];
    container["resources"]["requests"]["gpu"] = json!({"count": 1, "sku": "K80"});
    container["volumeMounts"] = json!([{"name": "empty-volume", "mountPath": "mnt/mydir"}]);
    body["properties"]["volumes"] = json!([{"name": "empty-volume", "emptyDir": {}}]);
    assert_eq!(stage.put(&format!("{TASK}?api-version=2025-09-01"), body.clone()).status, 400);
    // azure-sdk-for-js, containerGroups create test.
    let created = stage.put(&format!("{TASK}?api-version=2021-10-01"), body);
    assert_eq!(created.status, 201, "{}", created.json());
    let container = created.json()["properties"]["containers"][0]["properties"].clone();
    assert_eq!(container["volumeMounts"], json!([{"name": "empty-volume", "mountPath": "mnt/mydir"}]));
    assert_eq!(container["resources"]["requests"]["gpu"], json!({"count": 1, "sku": "K80"}));
    let mounted = |stage: &mut Stage| {
        stage.run_one();
        stage.run_one();
        stage.commands.iter().find_map(|command| match command {
            crate::contract::Command::Start { launch, .. } => launch.mounts.first().map(|it| it.path.clone()),
            _ => None,
        })
    };
    assert_eq!(mounted(&mut stage).as_deref(), Some("/mnt/mydir"));
    for (version, count) in [(OLD, 65), ("2022-10-01-preview", 42)] {
        let url = "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/eastus/cachedImages";
        let answer = stage.get(&format!("{url}?api-version={version}")).json();
        assert_eq!(answer["value"].as_array().map(Vec::len), Some(count), "{version}");
    }
}

#[test]
fn what_waited_before_a_stop_shows_as_waiting() {
    let mut stage = Stage::running(&[], "Always");
    for _ in 0..2 {
        stage.exit(1);
        stage.run();
    }
    assert_eq!(stage.states(), ("Running".to_owned(), "Waiting".to_owned()));
    stage.post(&format!("{TASK}/stop"));
    let view = shown(&mut stage, "2021-03-01");
    let previous = &first(&view)["previousState"];
    assert_eq!(previous["state"], "Waiting", "{previous}");
    let missing = stage.send("HEAD", &GROUP.replace("/rg", "/none"), &Value::Null);
    assert_eq!((missing.status, missing.header("x-ms-failure-cause")), (404, "gateway"));
}

#[test]
fn a_region_is_seen_as_it_was() {
    // azure-sdk-for-net, LocationListUsageTest and LocationListCapabilitieTest; azure-powershell,
    // Get-AzContainerInstanceUsage and Get-AzContainerInstanceCapability.
    let mut stage = Stage::new(&[]);
    let region = "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/West Central US";
    let mut list = |what: &str, version: &str| {
        let answer = stage.get(&format!("{region}/{what}?api-version={version}")).json();
        answer["value"].as_array().cloned().unwrap_or_default()
    };
    let usages = list("usages", OLD);
    assert_eq!((usages.len(), list("usages", "2024-05-01-preview").len()), (7, 10));
    assert_eq!(usages[1]["id"], format!("{region}/usages/standardCores"));
    assert_eq!(usages[1]["name"], json!({"value": "StandardCores", "localizedValue": "Container Groups"}));
    let capabilities = list("capabilities", OLD);
    assert_eq!((capabilities.len(), &capabilities[2]["osType"]), (3, &json!("Windows")));
    assert_eq!(capabilities[0]["location"], "WESTCENTRALUS");
    let late = list("capabilities", "2024-05-01-preview");
    let largest = json!({"maxMemoryInGB": 256.0, "maxCpu": 32.0, "maxGpuCount": 0});
    assert_eq!((&late[0]["capabilities"], &late[0]["location"]), (&largest, &json!("westcentralus")));
}
