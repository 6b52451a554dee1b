//! What a subscription and a region are: registration, versions, locations, lists, quotas, rates, labels, attach.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::Body;

const PROVIDER: &str = "/subscriptions/s/providers/Microsoft.ContainerInstance";

fn with_cpu(cpu: f64) -> Value {
    let mut body = task("Never");
    body["properties"]["containers"][0]["properties"]["resources"]["requests"]["cpu"] = json!(cpu);
    body
}

fn message(answer: &super::stage::Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_subscription_must_be_registered() {
    let mut stage = Stage::new(&["provider.registered=false"]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let refused = stage.put(TASK, task("Never"));
    assert_eq!((refused.status, refused.code().as_str()), (409, "MissingSubscriptionRegistration"));
    assert_eq!(
        message(&refused),
        "The subscription is not registered to use namespace 'Microsoft.ContainerInstance'. See https://aka.ms/rps-not-found for how to register subscriptions."
    );
    assert_eq!(refused.json()["error"]["details"][0]["target"], "Microsoft.ContainerInstance");
    let state = |stage: &mut Stage| stage.get(PROVIDER).json()["registrationState"].clone();
    assert_eq!(state(&mut stage), "NotRegistered");
    assert_eq!(stage.post(&format!("{PROVIDER}/register")).json()["registrationState"], "Registering");
    assert_eq!(stage.put(TASK, task("Never")).code(), "MissingSubscriptionRegistration");
    stage.pass(2);
    assert_eq!(state(&mut stage), "Registered");
    assert_eq!(stage.put(TASK, task("Never")).status, 201);
    stage.post(&format!("{PROVIDER}/unregister"));
    stage.pass(2);
    assert_eq!(state(&mut stage), "NotRegistered");
    assert_eq!(stage.get(&format!("{PROVIDER}/locations/westeurope/usages")).status, 409);
    assert_eq!(stage.get(TASK).status, 200, "what is there stays");
    let unknown = stage.get("/subscriptions/s/providers/Microsoft.Nothing");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "InvalidResourceNamespace"));
    let all = stage.get("/subscriptions/s/providers").json();
    assert!(all["value"].as_array().is_some_and(|all| all.len() > 5));
}

#[test]
fn versions_that_never_were_are_refused() {
    let mut stage = Stage::running(&[], "Never");
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    let rows = [
        ("GET", TASK.to_owned(), "2016-01-01", 404, "InvalidResourceType"),
        ("GET", list, "2025-09-02", 404, "InvalidResourceType"),
        ("POST", format!("{TASK}/stop"), "soon", 404, "InvalidResourceType"),
        ("PUT", TASK.to_owned(), "2016-01-01", 400, "NoRegisteredProviderFound"),
        ("GET", GROUP.to_owned(), "2013-01-01", 400, "InvalidApiVersionParameter"),
        ("GET", GROUP.to_owned(), "", 400, "MissingApiVersionParameter"),
        ("GET", TASK.to_owned(), "2024-05-01-PREVIEW", 200, ""),
        ("GET", GROUP.to_owned(), "2022-09-01", 200, ""),
    ];
    for (method, path, version, status, code) in rows {
        let answer = stage.send(method, &format!("{path}?api-version={version}"), &task("Never"));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {path} {version}");
    }
    let refused = message(&stage.put(&format!("{TASK}?api-version=2016-01-01"), task("Never")));
    let begins = "No registered resource provider found for location 'westeurope' and API version '2016-01-01' for type 'containerGroups'. The supported api-versions are '2017-08-01-preview, 2017-10-01-preview, ";
    assert!(refused.starts_with(begins), "{refused}");
}

#[test]
fn only_regions_are_locations() {
    let mut stage = Stage::new(&[]);
    let refused = stage.put(GROUP, json!({"location": "atlantis"}));
    assert_eq!((refused.status, refused.code().as_str()), (400, "LocationNotAvailableForResourceGroup"));
    let begins = "The provided location 'atlantis' is not available for resource group. List of available regions is 'eastasia,southeastasia,";
    assert!(message(&refused).starts_with(begins), "{}", message(&refused));
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("Never");
    body["location"] = json!("atlantis");
    assert_eq!(stage.put(TASK, body).code(), "LocationNotAvailableForResourceType");
    let named = |name: &str| format!("/subscriptions/s/resourceGroups/{name}");
    for (name, code) in
        [("ends.", "InvalidResourceGroup"), (&"x".repeat(91), "InvalidResourceGroup"), ("a(b)_c-d.e", "")]
    {
        assert_eq!(stage.put(&named(name), json!({"location": "eastus"})).code(), code, "{name}");
    }
    let locations = stage.get("/subscriptions/s/locations").json();
    assert!(locations["value"].as_array().is_some_and(|all| {
        all.len() > 40
            && all.iter().any(|it| it["name"] == "westeurope" && it["displayName"] == "West Europe")
    }));
}

#[test]
fn usages_count_what_is_there_and_quotas_hold() {
    let mut stage = Stage::new(&["quota.enforced=true", "quota.groups=3", "quota.cores=4"]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let usage = |stage: &mut Stage, name: &str| {
        let usages =
            stage.get(&format!("{PROVIDER}/locations/West%20Europe/usages").replace("%20", " ")).json();
        let all = usages["value"].as_array().cloned().unwrap_or_default();
        let usage = all.into_iter().find(|usage| usage["name"]["value"] == name).unwrap_or_default();
        (usage["currentValue"].clone(), usage["limit"].clone())
    };
    assert_eq!(stage.put(&format!("{TASK}-1"), with_cpu(1.5)).status, 201);
    assert_eq!(stage.put(&format!("{TASK}-2"), with_cpu(1.5)).status, 201);
    stage.run();
    assert_eq!(usage(&mut stage, "StandardCores"), (json!(3), json!(4)));
    assert_eq!(usage(&mut stage, "ContainerGroups"), (json!(2), json!(3)));
    let refused = stage.put(&format!("{TASK}-3"), with_cpu(2.0));
    assert_eq!(
        (refused.status, refused.code().as_str(), message(&refused).as_str()),
        (
            400,
            "ContainerGroupQuotaReached",
            "Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota 'StandardCores' exceeded in region 'westeurope'. Limit: '4', Usage: '3' Requested: '2'."
        )
    );
    assert_eq!(
        stage.put(&format!("{TASK}-1"), with_cpu(1.5)).status,
        200,
        "its own cores are not counted twice"
    );
    stage.run();
    assert_eq!(stage.post(&format!("{TASK}-1/stop")).status, 204);
    assert_eq!(usage(&mut stage, "StandardCores"), (json!(2), json!(4)));
    assert_eq!(stage.put(&format!("{TASK}-3"), with_cpu(2.0)).status, 201);
    stage.run();
    assert_eq!(stage.post(&format!("{TASK}-1/start")).code(), "ContainerGroupQuotaReached");
    stage.exit(0);
    let full = stage.put(&format!("{TASK}-4"), with_cpu(1.0));
    assert!(message(&full).contains("'ContainerGroups' exceeded"), "{}", message(&full));
    let mut elsewhere = with_cpu(1.0);
    elsewhere["location"] = json!("eastus");
    assert_eq!(stage.put(&format!("{TASK}-4"), elsewhere).status, 201, "a quota is a region's");
    let other = TASK.replace("/s/", "/t/");
    stage.put(&GROUP.replace("/s/", "/t/"), json!({"location": "westeurope"}));
    assert_eq!(stage.put(&other, with_cpu(1.0)).status, 201, "and a subscription's");
}

#[test]
fn writes_and_deletes_are_counted_told_and_refused() {
    let settings =
        ["quota.enforced=true", "quota.writes-pt5m=2", "quota.writes-pt1h=3", "quota.deletes-pt5m=1"];
    let mut stage = Stage::new(&settings);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let left = |answer: &super::stage::Answer| {
        let name = "x-ms-ratelimit-remaining-subscription-resource-requests";
        [answer.header(&format!("{name}-pt5m")), answer.header(&format!("{name}-pt1h"))].map(str::to_owned)
    };
    for (number, expected) in [(1, ["1", "2"]), (2, ["0", "1"])] {
        let answer = stage.put(&format!("{TASK}-{number}"), task("Never"));
        assert_eq!((answer.status, left(&answer)), (201, expected.map(str::to_owned)));
        stage.pass(100);
    }
    stage.run();
    let refused = stage.put(&format!("{TASK}-3"), task("Never"));
    assert_eq!((refused.status, refused.code().as_str()), (429, "ResourceRequestsThrottled"));
    assert_eq!(refused.header("retry-after"), "101");
    assert_eq!(
        message(&refused),
        "Number of requests for action 'Microsoft.ContainerInstance/containerGroups/write' exceeded the limit of '2' for time interval '00:05:00'. Please try again after '101' seconds."
    );
    stage.pass(101);
    let third = stage.put(&format!("{TASK}-3"), task("Never"));
    assert_eq!((third.status, left(&third)), (201, ["0", "0"].map(str::to_owned)));
    stage.run();
    stage.pass(300);
    let refused = stage.put(&format!("{TASK}-4"), task("Never"));
    assert!(message(&refused).contains("'01:00:00'"), "{}", message(&refused));
    stage.pass(3600);
    assert_eq!(stage.put(&format!("{TASK}-4"), task("Never")).status, 201);

    let deleted = stage.delete(&format!("{TASK}-1"));
    assert_eq!((deleted.status, left(&deleted)), (200, ["0", "299"].map(str::to_owned)));
    assert_eq!(stage.delete(&format!("{TASK}-2")).status, 429);
    assert_eq!(stage.get(&format!("{TASK}-2")).status, 200, "a refused deletion deletes nothing");
}

#[test]
fn arm_has_buckets_that_fill_up_again() {
    let mut stage = Stage::new(&["quota.enforced=true", "quota.arm-reads=30", "quota.arm-writes=2"]);
    let reads = "x-ms-ratelimit-remaining-subscription-reads";
    assert_eq!(stage.put(GROUP, json!({"location": "westeurope"})).status, 201);
    for number in (0..30).rev() {
        assert_eq!(stage.get(GROUP).header(reads), number.to_string());
    }
    let refused = stage.get(GROUP);
    assert_eq!((refused.status, refused.code().as_str()), (429, "SubscriptionRequestsThrottled"));
    assert_eq!((refused.header("retry-after"), refused.header(reads)), ("1", "0"));
    assert_eq!(stage.send("PATCH", GROUP, &json!({})).status, 200, "writes have a bucket of their own");
    assert_eq!(stage.get(&GROUP.replace("/s/", "/t/")).status, 404, "and so has another subscription");
    assert_eq!(stage.get("/subscriptions").header("x-ms-ratelimit-remaining-tenant-reads"), "29");
    stage.pass(1);
    assert_eq!(stage.get(GROUP).header(reads), "24");
    stage.pass(10);
    assert_eq!(stage.get(GROUP).header(reads), "29");
}

#[test]
fn nothing_is_refused_for_quotas_unless_they_are_enforced() {
    let mut stage =
        Stage::new(&["quota.groups=1", "quota.cores=1", "quota.writes-pt5m=1", "quota.arm-reads=1"]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    for number in 0..120 {
        assert_eq!(stage.put(&format!("{TASK}-{number}"), with_cpu(2.0)).status, 201);
    }
    for _ in 0..1_200 {
        assert_eq!(stage.get(GROUP).status, 200);
    }
    assert_eq!(stage.get(GROUP).header("x-ms-ratelimit-remaining-subscription-reads"), "0");
}

#[test]
fn a_label_is_free_again_after_a_while() {
    let mut stage = Stage::new(&["dns.release-seconds=60"]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("Never");
    body["properties"]["ipAddress"] =
        json!({"type": "Public", "ports": [{"port": 80}], "dnsNameLabel": "sample"});
    assert_eq!(stage.put(TASK, body.clone()).status, 201);
    stage.run();
    assert_eq!(stage.put(TASK, body.clone()).status, 200);
    stage.run();
    assert_eq!(stage.delete(TASK).status, 200);
    assert_eq!(stage.put(TASK, body.clone()).code(), "DnsNameLabelNotAvailable");
    stage.pass(59);
    assert_eq!(stage.put(TASK, body.clone()).code(), "DnsNameLabelNotAvailable");
    stage.pass(1);
    assert_eq!(stage.put(TASK, body).status, 201);
}

#[test]
fn lists_take_filters() {
    let mut stage = Stage::running(&[], "Never");
    let foreign = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs");
    stage.put(&foreign, json!({"location": "West Europe", "tags": {"owner": "them"}}));
    let tagged = "/subscriptions/s/resourceGroups/tagged";
    stage.put(tagged, json!({"location": "eastus", "tags": {"Team": "ops"}}));
    let names = |stage: &mut Stage, list: &str, filter: &str| -> Vec<String> {
        let page = stage
            .get(&format!("{list}?api-version=2025-09-01&$filter={}", filter.replace('=', "%3D")))
            .json();
        let all = page["value"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|it| it["name"].as_str().map(str::to_owned)).collect()
    };
    let all = "/subscriptions/s/resources";
    let rows = [
        (all, "resourceType eq 'Microsoft.ContainerInstance/containerGroups'", vec!["task"]),
        (all, "tagName eq 'owner' and tagValue eq 'them'", vec!["theirs"]),
        (all, "tagName eq 'OWNER'", vec!["task", "theirs"]),
        (all, "resourceGroup eq 'tagged'", vec![]),
        (&format!("{GROUP}/resources"), "substringof('heir', name)", vec!["theirs"]),
        ("/subscriptions/s/resourceGroups", "tagName eq 'team' and tagValue eq 'ops'", vec!["tagged"]),
        ("/subscriptions/s/resourceGroups", "tagName eq 'team' and tagValue eq 'dev'", vec![]),
    ];
    for (list, filter, wanted) in rows {
        assert_eq!(names(&mut stage, list, filter), wanted, "{list} {filter}");
    }
    let wrong = stage.get(&format!("{all}?api-version=2025-09-01&$filter=color"));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "InvalidFilterInQueryString"));
    let page = stage
        .get("/subscriptions/s/resources?api-version=2025-09-01&$top=1&$filter=tagName eq 'owner'")
        .json();
    let next = page["nextLink"].as_str().unwrap_or_default().to_owned();
    assert!(next.contains("%24filter=tagName%20eq%20%27owner%27"), "{next}");
    let expanded =
        stage.get("/subscriptions/s/resources?api-version=2025-09-01&$expand=provisioningState").json();
    assert_eq!(expanded["value"][0]["provisioningState"], "Succeeded");
}

#[test]
fn resources_that_only_sit_there_can_be_looked_for_and_patched() {
    let mut stage = Stage::running(&[], "Never");
    let foreign = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs");
    assert_eq!(stage.send("HEAD", &foreign, &Value::Null).status, 404);
    assert_eq!(stage.send("PATCH", &foreign, &json!({})).code(), "ResourceNotFound");
    let body =
        json!({"location": "westeurope", "tags": {"a": "1"}, "properties": {"x": {"y": 1, "z": 2}, "w": 3}});
    stage.put(&foreign, body);
    assert_eq!(stage.send("HEAD", &foreign, &Value::Null).status, 204);
    assert_eq!(stage.send("HEAD", TASK, &Value::Null).status, 204);
    let patch = json!({"tags": {"b": "2"}, "properties": {"x": {"y": null, "n": [1]}}, "id": "mine", "location": "eastus"});
    let patched = stage.send("PATCH", &foreign, &patch).json();
    assert_eq!(patched["properties"], json!({"x": {"z": 2, "n": [1]}, "w": 3}));
    assert_eq!(
        (&patched["tags"], &patched["location"], &patched["id"]),
        (&json!({"b": "2"}), &json!("westeurope"), &json!(foreign))
    );
    let tags = "/subscriptions/s/providers/Microsoft.Resources/tags/default";
    stage.put(tags, json!({"properties": {"tags": {"cost": "c-17"}}}));
    assert_eq!(stage.get(tags).json()["properties"]["tags"], json!({"cost": "c-17"}));
    assert_eq!(stage.get("/subscriptions/s").json()["tags"], json!({"cost": "c-17"}));
}

#[test]
fn an_attach_is_an_address_a_password_and_one_stream() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    stage.put(TASK, task("Always"));
    let attach = format!("{TASK}/containers/MAIN/attach");
    assert_eq!(stage.post(&attach).code(), "ContainerGroupTransitioning");
    stage.run();
    let answer = stage.post(&attach);
    let uri = answer.json()["webSocketUri"].as_str().unwrap_or_default().to_owned();
    assert!(
        uri.starts_with("ws://127.0.0.1:4123/logstream/sessionId/") && uri.ends_with("?api-version=1.0"),
        "{uri}"
    );
    let path = uri.trim_start_matches("ws://127.0.0.1:4123").to_owned();
    let crossed = path.replace("logstream", "execstream");
    assert_eq!(stage.get(&crossed).code(), "SessionNotFound", "an attach is no exec");
    let stream = stage.get(&path);
    assert!(matches!(stream.body, Body::Follow(_)), "{stream:?}");
    assert_eq!(stage.get(&path).code(), "SessionNotFound", "it can be taken once");
    stage.post(&format!("{TASK}/stop"));
    assert_eq!(stage.post(&attach).code(), "ContainerGroupStopped");
    assert_eq!(stage.post(&format!("{TASK}/containers/none/attach")).code(), "ContainerNotFound");
}
