//! The rules of a PUT: each broken once, with code and words, and what stands just inside of them.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::world::{Config, Switches, World};

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v/subnets/n";

/// The body of a group in which some places have other values.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut body = task("Never");
    for (pointer, value) in changes {
        let (parent, field) = pointer.rsplit_once('/').unwrap_or_default();
        match body.pointer_mut(parent) {
            Some(Value::Array(items)) => items.push(value.clone()),
            Some(slot) => slot[field] = value.clone(),
            None => panic!("no such place: {pointer}"),
        }
    }
    body
}

fn container(name: &str, requests: &Value, limits: &Value) -> Value {
    let resources = json!({"requests": requests, "limits": limits});
    json!({"name": name, "properties": {"image": "acitask/weak:1", "resources": resources}})
}

fn many(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn small(name: &str) -> Value {
    container(name, &json!({"cpu": 0.1, "memoryInGB": 0.1}), &Value::Null)
}

const FIRST: &str = "/properties/containers/0/properties";

#[test]
fn each_rule_is_refused_with_its_code_and_words() {
    let at = |field: &str| format!("{FIRST}/{field}");
    let one = |field: &str, value: Value| with(&[(&at(field), value)]);
    let top = |field: &str, value: Value| with(&[(&format!("/properties/{field}"), value)]);
    let port = |number: i64| json!({"port": number});
    let address = |ports: Value| json!({"type": "Public", "ports": ports});
    let volume = |volume: Value| with(&[("/properties/volumes", json!([volume]))]);
    let amounts = json!({"cpu": 1, "memoryInGB": 1});
    let rows: Vec<(Value, &str, &str)> = vec![
        // Known words.
        (
            one("resources", json!({"requests": {"cpu": 1}})),
            "ResourceRequestsNotSpecified",
            "The resource requests are not specified in container 'main' of contain group 'task'. Both memory and CPU requests are required since API version '2017-07-01-preview'.",
        ),
        (
            top("osType", json!("Plan9")),
            "InvalidOsType",
            "The 'osType' for container group '<null>' is invalid. The value must be one of 'Windows,Linux'.",
        ),
        (
            one("resources", json!({"requests": amounts, "limits": {"cpu": 0.5}})),
            "ResourceLimitsLessThanRequests",
            "The 'Cpu' limit value must be greater than or equal to the request value.",
        ),
        (
            one("resources", json!({"requests": amounts, "limits": {"memoryInGB": 3}})),
            "ContainerLimitGreaterThanContainerGroupTotalRequest",
            "The 'MemoryInGB' limit '3' in container 'main' is greater than the total",
        ),
        (
            top(
                "imageRegistryCredentials",
                many(2, |n| json!({"server": format!("s{n}"), "username": "u", "password": "p"})),
            ),
            "MoreImageRegistryCredentialsThanContainers",
            "More image registry credentials provided than containers in container group 'task'.",
        ),
        (
            top("ipAddress", json!({"type": "Private", "ports": [{"port": 80}]})),
            "InvalidIPAddressType",
            "IP Address type in container group 'task' is invalid. Private IP address is only supported when network profile is defined.",
        ),
        (
            with(&[
                ("/properties/ipAddress", address(json!([port(80)]))),
                ("/properties/subnetIds", json!([{"id": SUBNET}])),
            ]),
            "InvalidIPAddressType",
            "IP Address type can't be public when network profile is set.",
        ),
        (
            top("ipAddress", json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "1abc-d"})),
            "InvalidDnsNameLabel",
            "The first character must be a letter.",
        ),
        (
            one(
                "resources",
                json!({"requests": {"cpu": 1, "memoryInGB": 1, "gpu": {"count": 1, "sku": "v100"}}}),
            ),
            "ContainerGroupQuotaReached",
            "container group quota 'V100Cores' exceeded in region 'westeurope'. Limit: '0', Usage: '0' Requested: '1'.",
        ),
        (
            one("resources", json!({"requests": {"cpu": 32, "memoryInGB": 4}})),
            "ServiceUnavailable",
            "Resource requested: '32' CPU '4' GB memory 'Linux' OS.",
        ),
        // Counts.
        (
            top("containers", many(61, |n| small(&format!("c{n}")))),
            "InvalidContainerGroup",
            "'61' containers",
        ),
        (
            top(
                "initContainers",
                many(60, |n| json!({"name": format!("i{n}"), "properties": {"image": "i"}})),
            ),
            "InvalidContainerGroup",
            "'60' init containers",
        ),
        (
            top("volumes", many(21, |n| json!({"name": format!("volume{n}"), "emptyDir": {}}))),
            "InvalidContainerGroup",
            "'21' volumes",
        ),
        (
            top("ipAddress", address(many(6, |n| json!({"port": n + 1})))),
            "InvalidContainerGroup",
            "'6' ports",
        ),
        (top("subnetIds", many(2, |_| json!({"id": SUBNET}))), "InvalidContainerGroup", "'2' subnets"),
        // Names and numbers.
        (top("containers", json!([small("a"), small("a")])), "InvalidContainerGroup", "used more than once"),
        (
            with(&[("/properties/initContainers", json!([{"name": "main", "properties": {"image": "i"}}]))]),
            "InvalidContainerGroup",
            "used more than once",
        ),
        (top("containers", json!([small("a_b")])), "InvalidContainerGroup", "container name 'a_b'"),
        (top("containers", json!([small(&"a".repeat(64))])), "InvalidContainerGroup", "1 to 63"),
        (one("ports", json!([port(65536)])), "InvalidContainerGroup", "between 1 and 65535"),
        (
            top("ipAddress", address(json!([port(80), {"port": 80, "protocol": "tcp"}]))),
            "InvalidContainerGroup",
            "used more than once",
        ),
        (
            one("environmentVariables", json!([{"name": "A.B", "value": ""}])),
            "InvalidContainerGroup",
            "alphanumeric characters or '_'",
        ),
        (
            one("environmentVariables", json!([{"name": "A", "value": "", "secureValue": ""}])),
            "InvalidContainerGroup",
            "one of value",
        ),
        (one("livenessProbe", json!({})), "InvalidContainerGroup", "either an exec command or an httpGet"),
        (
            one("livenessProbe", json!({"exec": {"command": ["a"]}, "httpGet": {"port": 1}})),
            "InvalidContainerGroup",
            "either an exec command or an httpGet",
        ),
        (
            one("readinessProbe", json!({"httpGet": {"port": 0}})),
            "InvalidContainerGroup",
            "between 1 and 65535",
        ),
        (
            one("readinessProbe", json!({"httpGet": {"port": 1}, "periodSeconds": -1})),
            "InvalidContainerGroup",
            "periodSeconds '-1'",
        ),
        (one("securityContext", json!({"runAsUser": -1})), "InvalidContainerGroup", "runAsUser '-1'"),
        (
            one("configMap", json!({"keyValuePairs": {"../x": "y"}})),
            "InvalidContainerGroup",
            "not the name of a file",
        ),
        // Volumes and mounts.
        (volume(json!({"name": "data", "emptyDir": {}})), "InvalidContainerGroup", "5 to 63"),
        (volume(json!({"name": "da--ta", "emptyDir": {}})), "InvalidContainerGroup", "single hyphens"),
        (volume(json!({"name": "volume"})), "InvalidContainerGroup", "one of emptyDir"),
        (
            volume(json!({"name": "volume", "emptyDir": {}, "secret": {}})),
            "InvalidContainerGroup",
            "one of emptyDir",
        ),
        (
            volume(json!({"name": "volume", "secret": {"a": "not base64"}})),
            "InvalidContainerGroup",
            "not base64",
        ),
        (
            volume(json!({"name": "volume", "secret": {"..": "YQ=="}})),
            "InvalidContainerGroup",
            "not the name of a file",
        ),
        (
            volume(json!({"name": "volume", "secretReference": {"a": "nowhere"}})),
            "InvalidContainerGroup",
            "not among the secretReferences",
        ),
        (
            volume(
                json!({"name": "volume", "azureFile": {"shareName": "share", "storageAccountName": "account"}}),
            ),
            "InvalidContainerGroup",
            "storage account key",
        ),
        (
            volume(
                json!({"name": "volume", "azureFile": {"shareName": "../..", "storageAccountName": "account", "storageAccountKey": "k"}}),
            ),
            "InvalidContainerGroup",
            "shareName '../..'",
        ),
        (
            one("volumeMounts", json!([{"name": "volume", "mountPath": "/a"}])),
            "InvalidContainerGroup",
            "no volume of this name",
        ),
        (
            with(&[
                ("/properties/volumes", json!([{"name": "volume", "emptyDir": {}}])),
                (&at("volumeMounts"), json!([{"name": "volume", "mountPath": "/a:b"}])),
            ]),
            "InvalidContainerGroup",
            "path without a colon",
        ),
        (
            with(&[
                ("/properties/volumes", json!([{"name": "volume", "emptyDir": {}}])),
                (
                    &at("volumeMounts"),
                    json!([{"name": "volume", "mountPath": "/a"}, {"name": "volume", "mountPath": "/a"}]),
                ),
            ]),
            "InvalidContainerGroup",
            "used more than once",
        ),
        // Credentials, references, identity.
        (
            top("imageRegistryCredentials", json!([{"server": "s", "username": "u"}])),
            "InvalidContainerGroup",
            "a password, or an identity",
        ),
        (
            top(
                "imageRegistryCredentials",
                json!([{"server": "s", "username": "u", "passwordReference": "r"}]),
            ),
            "InvalidContainerGroup",
            "not among the secretReferences",
        ),
        (
            one("environmentVariables", json!([{"name": "A", "secureValueReference": "r"}])),
            "InvalidContainerGroup",
            "not among the secretReferences",
        ),
        (
            top(
                "secretReferences",
                json!([{"name": "r", "identity": "i", "secretReferenceUri": "http://v"}]),
            ),
            "InvalidContainerGroup",
            "https URI",
        ),
        (
            top(
                "secretReferences",
                many(2, |_| json!({"name": "r", "identity": "i", "secretReferenceUri": "https://v"})),
            ),
            "InvalidContainerGroup",
            "used more than once",
        ),
        (
            with(&[("/identity", json!({"type": "UserAssigned"}))]),
            "InvalidContainerGroup",
            "userAssignedIdentities",
        ),
        (
            with(&[("/identity", json!({"type": "SystemAssigned", "userAssignedIdentities": {"x": {}}}))]),
            "InvalidContainerGroup",
            "userAssignedIdentities",
        ),
        // Networks, spot, confidential, Windows.
        (top("subnetIds", json!([{"id": "n"}])), "InvalidContainerGroup", "resource id of a subnet"),
        (top("dnsConfig", json!({"nameServers": ["10.0.0.1"]})), "InvalidContainerGroup", "needs a subnet"),
        (
            with(&[
                ("/properties/subnetIds", json!([{"id": SUBNET}])),
                ("/properties/dnsConfig", json!({"nameServers": ["dns"]})),
            ]),
            "InvalidContainerGroup",
            "must be an IP address",
        ),
        (
            with(&[
                ("/properties/priority", json!("Spot")),
                ("/properties/ipAddress", address(json!([port(80)]))),
            ]),
            "InvalidContainerGroup",
            "An IP address is not supported for spot",
        ),
        (
            with(&[
                ("/properties/priority", json!("Spot")),
                ("/properties/subnetIds", json!([{"id": SUBNET}])),
            ]),
            "InvalidContainerGroup",
            "A virtual network is not supported for spot",
        ),
        (
            with(&[("/properties/priority", json!("Spot")), ("/zones", json!(["1"]))]),
            "InvalidContainerGroup",
            "zone is not supported for spot",
        ),
        (
            with(&[("/properties/priority", json!("Spot")), ("/properties/sku", json!("Confidential"))]),
            "InvalidContainerGroup",
            "'Confidential' is not supported for spot",
        ),
        (
            with(&[
                ("/properties/priority", json!("Spot")),
                (&at("resources"), json!({"requests": {"cpu": 5, "memoryInGB": 1}})),
            ]),
            "ServiceUnavailable",
            "'5' CPU",
        ),
        (
            top("confidentialComputeProperties", json!({"ccePolicy": "p"})),
            "InvalidContainerGroup",
            "needs the sku 'Confidential'",
        ),
        (with(&[("/zones", json!(["1", "2"]))]), "InvalidContainerGroup", "in one zone"),
        (
            with(&[("/properties/osType", json!("Windows")), ("/properties/containers/-", small("b"))]),
            "InvalidContainerGroup",
            "Windows container groups can have one container only.",
        ),
        // Types.
        (
            one("command", json!([1])),
            "InvalidRequestContent",
            "properties.containers[0].properties.command[0] must be a string",
        ),
        (
            one("resources", json!({"requests": {"cpu": "1", "memoryInGB": 1}})),
            "InvalidRequestContent",
            "requests.cpu must be a number",
        ),
        (top("volumes", json!({})), "InvalidRequestContent", "properties.volumes must be a list"),
        (
            top("ipAddress", json!({"ports": []})),
            "InvalidRequestContent",
            "properties.ipAddress.type is missing",
        ),
        (top("restartPolicy", json!("Sometimes")), "InvalidContainerGroup", "'Always,OnFailure,Never'"),
        (
            top("diagnostics", json!({"logAnalytics": {"workspaceId": "w"}})),
            "InvalidRequestContent",
            "workspaceKey is missing",
        ),
        (top("newThing", json!(1)), "NotImplementedByEmulator", "properties.newThing"),
        (with(&[("/newThing", json!(1))]), "NotImplementedByEmulator", "newThing"),
        (top("networkProfile", json!({"id": "p"})), "NotImplementedByEmulator", "networkProfile"),
    ];
    let mut stage = Stage::new(&["put.unknown-properties=refuse"]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    for (body, code, words) in rows {
        let answer = stage.put(TASK, body);
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer.code(), code, "{words}: {answer:?} {message}");
        assert!(message.contains(words), "{words}: {message}");
        let status = match code {
            "ServiceUnavailable" => 409,
            "NotImplementedByEmulator" => 501,
            _ => 400,
        };
        assert_eq!(answer.status, status, "{words}");
        assert_eq!(stage.get(TASK).code(), "ResourceNotFound", "{words}");
        assert!(stage.commands.is_empty(), "{words}");
    }
}

#[test]
fn what_is_just_inside_of_the_rules_is_taken() {
    let credential = json!({"server": "s", "username": "u", "password": "p"});
    let by_identity = json!({"server": "s.azurecr.io", "identity": "i"});
    let user = json!({"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {"/x": {}}});
    let rows = [
        with(&[("/properties/containers", many(60, |n| small(&format!("c{n}"))))]),
        with(&[(
            "/properties/initContainers",
            many(59, |n| json!({"name": format!("i{n}"), "properties": {"image": "i"}})),
        )]),
        with(&[("/properties/volumes", many(20, |n| json!({"name": format!("volume{n}"), "emptyDir": {}})))]),
        with(&[(
            "/properties/ipAddress",
            json!({"type": "Public", "ports": many(5, |n| json!({"port": n + 20}))}),
        )]),
        with(&[("/properties/imageRegistryCredentials", json!([credential]))]),
        with(&[("/properties/imageRegistryCredentials", json!([by_identity]))]),
        with(&[("/identity", user)]),
        with(&[
            ("/properties/sku", json!("confidential")),
            ("/properties/confidentialComputeProperties", json!({"ccePolicy": "p"})),
        ]),
        with(&[("/properties/osType", json!("windows"))]),
        with(&[
            ("/properties/ipAddress", json!({"type": "private", "ports": [{"port": 80}]})),
            ("/properties/subnetIds", json!([{"id": SUBNET}])),
            ("/properties/dnsConfig", json!({"nameServers": ["10.0.0.1"], "searchDomains": "a b"})),
        ]),
        with(&[(&format!("{FIRST}/resources"), json!({"requests": {"cpu": 31, "memoryInGB": 240}}))]),
        with(&[(
            "/properties/containers",
            json!([
                container(
                    "a",
                    &json!({"cpu": 0.5, "memoryInGB": 0.3}),
                    &json!({"cpu": 1.2, "memoryInGB": 0.6})
                ),
                container("b", &json!({"cpu": 0.7, "memoryInGB": 0.3}), &Value::Null),
            ]),
        )]),
        with(&[("/apiVersion", json!("2019-12-01")), ("/type", json!("x"))]),
    ];
    for body in rows {
        let mut stage = Stage::new(&[]);
        stage.put(GROUP, json!({"location": "westeurope"}));
        let answer = stage.put(TASK, body.clone());
        assert_eq!(answer.status, 201, "{body}: {}", answer.json());
    }
}

#[test]
fn windows_is_refused_by_name_where_the_runtime_is_linux() {
    let mut stage = Stage::new(&[]);
    let config = Config { switches: Switches::default(), seed: 7, windows: false };
    stage.world = World::new(config);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let answer = stage.put(TASK, with(&[("/properties/osType", json!("Windows"))]));
    assert_eq!((answer.status, answer.code().as_str()), (501, "NotImplementedByEmulator"));
    assert!(answer.json().to_string().contains("properties.osType Windows"));
}

#[test]
fn a_malformed_value_at_any_place_is_refused_and_nothing_panics() {
    let mut body = with(&[
        ("/identity", json!({"type": "UserAssigned", "userAssignedIdentities": {"/x": {}}})),
        ("/zones", json!(["1"])),
        (
            "/properties/initContainers",
            json!([{"name": "init", "properties": {"image": "i", "command": ["a"]}}]),
        ),
        (
            "/properties/volumes",
            json!([
                {"name": "empty", "emptyDir": {}}, {"name": "files", "secret": {"a": "YQ=="}},
                {"name": "share", "azureFile": {"shareName": "share", "storageAccountName": "account", "storageAccountKey": "k", "readOnly": true}},
                {"name": "clone", "gitRepo": {"repository": "https://x", "directory": ".", "revision": "r"}},
            ]),
        ),
        ("/properties/ipAddress", json!({"type": "Private", "ports": [{"port": 80, "protocol": "TCP"}]})),
        ("/properties/subnetIds", json!([{"id": SUBNET, "name": "n"}])),
        (
            "/properties/diagnostics",
            json!({"logAnalytics": {"workspaceId": "w", "workspaceKey": "k", "metadata": {"a": "b"}}}),
        ),
        (
            "/properties/secretReferences",
            json!([{"name": "r", "identity": "i", "secretReferenceUri": "https://v"}]),
        ),
        (
            "/properties/imageRegistryCredentials",
            json!([{"server": "s", "username": "u", "passwordReference": "r"}]),
        ),
        (
            "/properties/extensions",
            json!([{"name": "e", "properties": {"extensionType": "t", "version": "1", "settings": {}}}]),
        ),
        (
            "/properties/identityAcls",
            json!({"defaultAccess": "All", "acls": [{"access": "User", "identity": "i"}]}),
        ),
    ]);
    let first = json!({
        "image": "i", "command": ["a"], "ports": [{"port": 1}],
        "resources": {"requests": {"cpu": 1, "memoryInGB": 1}, "limits": {"cpu": 1}},
        "volumeMounts": [{"name": "empty", "mountPath": "/a", "readOnly": true}],
        "livenessProbe": {"exec": {"command": ["a"]}, "periodSeconds": 1},
        "readinessProbe": {"httpGet": {"port": 1, "path": "/", "httpHeaders": [{"name": "a", "value": "b"}]}},
        "securityContext": {"privileged": false, "capabilities": {"add": ["A"]}, "runAsUser": 1},
        "configMap": {"keyValuePairs": {"a": "b"}},
        "environmentVariables": [{"name": "A", "secureValueReference": "r"}],
    });
    body["properties"]["containers"][0]["properties"] = first;
    let mut places = Vec::new();
    name(&body, "", &mut places);
    assert!(places.len() > 100, "{}", places.len());
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!("\u{0}é/../"),
        json!([]),
        json!([null, 1, {}]),
        json!({}),
        json!({"": {"x": [1]}}),
    ];
    let mut codes = std::collections::BTreeMap::new();
    for place in &places {
        for value in &odd {
            let mut stage = Stage::new(&[]);
            stage.put(GROUP, json!({"location": "westeurope"}));
            let mut body = body.clone();
            if let Some(slot) = body.pointer_mut(place) {
                *slot = value.clone();
            }
            let answer = stage.put(TASK, body);
            let fine = match answer.status {
                201 => true,
                400 | 409 | 501 => !answer.code().is_empty(),
                _ => false,
            };
            assert!(fine, "{place} {value}: {answer:?}");
            stage.run();
            stage.pass(1);
            stage.get(TASK);
            *codes.entry(answer.status).or_insert(0) += 1;
        }
    }
    assert!(codes.get(&400).is_some_and(|count| *count > 500), "{codes:?}");
}

/// Names every place of a document, as JSON pointers.
fn name(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(key, inner)| name(inner, &format!("{at}/{}", key.replace('/', "~1")), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| name(inner, &format!("{at}/{index}"), places));
        }
        _ => {}
    }
}
