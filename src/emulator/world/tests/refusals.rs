//! What is refused, and that a refusal changes nothing.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::Request;

#[test]
fn bodies_that_are_refused() {
    let rows: [(&str, Value, &str); 17] = [
        ("/location", Value::Null, "LocationRequired"),
        ("/properties", Value::Null, "InvalidRequestContent"),
        ("/properties/containers", json!([]), "InvalidRequestContent"),
        ("/properties/osType", json!("BeOS"), "InvalidOsType"),
        ("/properties/osType", Value::Null, "InvalidOsType"),
        ("/properties/restartPolicy", json!("Sometimes"), "InvalidContainerGroup"),
        ("/tags", json!({"a/b": "c"}), "InvalidTagNameCharacters"),
        ("/properties/ipAddress", json!({"type": "Public", "ports": []}), "InvalidContainerGroup"),
        (
            "/properties/ipAddress",
            json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "Ab"}),
            "InvalidDnsNameLabel",
        ),
        ("/properties/containers/0/name", json!("Upper"), "InvalidContainerGroup"),
        ("/properties/containers/0/properties/image", json!(""), "InvalidContainerGroup"),
        ("/properties/containers/0/properties/image", json!("missing:1"), "InaccessibleImage"),
        ("/properties/containers/0/properties/command", json!("ls"), "InvalidRequestContent"),
        ("/properties/containers/0/properties/ports", json!([{"port": 0}]), "InvalidContainerGroup"),
        ("/properties/containers/0/properties/resources", json!({}), "ResourceRequestsNotSpecified"),
        (
            "/properties/containers/0/properties/resources",
            json!({"requests": {"cpu": 2, "memoryInGB": 1}, "limits": {"cpu": 1}}),
            "ResourceLimitsLessThanRequests",
        ),
        ("/properties/containers/0/properties/image", json!("registry-down:1"), "RegistryErrorResponse"),
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
        (at("/properties/restartPolicy", Value::Null), "RestartPolicy (old \"OnFailure\", new \"Always\")"),
        (at(&format!("{requests}/cpu"), json!(2)), "Cpu (old \"1\", new \"2\")"),
        (at(&format!("{requests}/memoryInGb"), json!(2)), "MemoryInGB (old \"1.5\", new \"2\")"),
        (
            at("/properties/ipAddress", json!({"type": "Public", "ports": [{"port": 80}]})),
            "IPAddressType (old \"None\", new \"Public\")",
        ),
    ];
    let mut stage = Stage::running(&[], "OnFailure");
    for (body, expected) in rows {
        let answer = stage.put(TASK, body);
        assert_eq!(answer.code(), "InvalidContainerGroupUpdate");
        let message = answer.json()["error"]["message"].to_string().replace("\\\"", "\"");
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
        body["properties"]["ipAddress"] =
            json!({"type": "public", "ports": [{"port": 80, "protocol": "tcp"}], "dnsNameLabel": "sample"});
        body
    };
    let created = stage.put(TASK, labelled("westeurope")).json();
    let address = &created["properties"]["ipAddress"];
    assert_eq!(address["fqdn"], "sample.westeurope.azurecontainer.io");
    assert_eq!((&address["ip"], &address["type"]), (&Value::Null, &json!("Public")));
    stage.run();
    assert!(stage.get(TASK).json()["properties"]["ipAddress"]["ip"].is_string());
    let other = format!("{TASK}-2");
    assert_eq!(stage.put(&other, labelled("westeurope")).code(), "DnsNameLabelNotAvailable");
    assert_eq!(stage.put(&other, labelled("eastus")).status, 201);
    assert_eq!(stage.put(TASK, labelled("westeurope")).status, 200, "its own label");
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
        "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/westeurope/nothing",
        "/elsewhere",
    ];
    for path in paths {
        request.path = path.into();
        let answer = stage.request(&request);
        assert_eq!((answer.status, answer.code().as_str()), (501, "NotImplementedByEmulator"), "{path}");
    }
    let bodies: [&[u8]; 8] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{\"location\":1}",
        b"{\"location\":\"x\",\"properties\":[]}",
        b"{\"location\":\"x\",\"properties\":{\"containers\":[1,{}],\"osType\":\"Linux\",\"ipAddress\":3}}",
    ];
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
