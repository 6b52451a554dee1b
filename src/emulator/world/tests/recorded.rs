//! The world answers as the service was recorded to: status, headers (present and absent) and body.
//!
//! The exchanges are transcribed from public recordings, each with its source. Every one of them is played: what led
//! to it is done first, then its own request is sent. Ids, times, digests and addresses are masked; everything else
//! must be equal, and no key may be there that was not recorded. What cannot be equal stands in the table with a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde_json::{Value, json};

use super::stage::{Answer, Stage};

const EXCHANGES: &str = include_str!("../../tests/data/exchanges.json");

/// What is done before an exchange.
#[derive(Clone, Copy)]
enum Step {
    Put,
    Run,
    Exit(i32),
    Post(&'static str),
}
use Step::{Exit, Post, Put, Run};

/// Why an answer is not equal to the recording, and in what.
#[derive(Clone, Copy)]
enum Difference {
    /// In nothing.
    None,
    /// In the events of containers: this recording's platform told none at all.
    NoEvents,
    /// In what was left out of the transcription: only what it has is compared.
    Elided,
    /// In the header of the operation: of the recorded headers only those of rates were transcribed.
    Headers,
    /// In the numbers of usages: they are those of the recorded subscription.
    Numbers,
}
use Difference::{Elided, Headers, NoEvents, Numbers};

const EQUAL: Difference = Difference::None;
const RESTARTED_AND_STOPPED: &[Step] = &[Put, Run, Post("restart"), Post("restart"), Run, Post("stop"), Run];

/// Each exchange with the one whose group it is about, the steps that lead to it, and in what it differs.
const SCRIPTS: [(&str, &str, &[Step], Difference); 22] = [
    ("create-2023", "create-2023", &[], EQUAL),
    ("create-2024", "create-2024", &[], EQUAL),
    ("create-secret-volume", "create-secret-volume", &[], Headers),
    ("create-spot", "create-spot", &[], Headers),
    ("operation-pending", "create-2023", &[Put], EQUAL),
    ("operation-succeeded", "create-2023", &[Put, Run], NoEvents),
    ("list-2018", "create-secret-volume", &[Put, Run], EQUAL),
    ("start-running", "get-updating", &[Put, Run], EQUAL),
    ("restart-running", "get-updating", &[Put, Run], EQUAL),
    ("get-updating", "get-updating", &[Put, Run, Post("restart")], EQUAL),
    ("restart-updating", "get-updating", &[Put, Run, Post("restart")], EQUAL),
    ("stop-running", "get-updating", &[Put, Run], EQUAL),
    ("get-stopped", "get-stopped", RESTARTED_AND_STOPPED, EQUAL),
    ("stop-stopped", "get-stopped", RESTARTED_AND_STOPPED, EQUAL),
    ("patch-stopped", "get-stopped", RESTARTED_AND_STOPPED, EQUAL),
    ("delete-running", "delete-running", &[Put, Run], EQUAL),
    ("delete-log-analytics", "delete-log-analytics", &[Put, Run], Elided),
    ("get-failed", "get-failed", &[Put, Run, Exit(2)], NoEvents),
    ("get-failed", "create-2023", &[Put, Run, Exit(2)], NoEvents),
    ("exec-terminated", "get-failed", &[Put, Run, Exit(2)], EQUAL),
    ("attach", "get-updating", &[Put, Run], EQUAL),
    ("usages", "get-updating", &[Put, Run], Numbers),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What was sent to make the group of an exchange.
fn wish(group: &Value) -> Value {
    // The transcription has only two properties of this one; the rest is what its note says.
    if group["name"] == "delete-log-analytics" {
        let analytics =
            json!({"logAnalytics": {"workspaceId": "workspaceid", "workspaceKey": "workspaceKey"}});
        let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1}});
        let container = json!({"name": "accdemo", "properties": {"image": "nginx", "resources": resources}});
        return json!({
            "location": "westus",
            "identity": {"type": "SystemAssigned"},
            "properties": {"osType": "Linux", "containers": [container], "diagnostics": analytics},
        });
    }
    // What was written only to be dropped is not in the recording of an exchange that reads.
    if group["request"].is_null() { group["response"].clone() } else { group["request"].clone() }
}

/// A stage on which the steps were done with the group of an exchange, and the operation that its PUT began.
fn prepared(group: &Value, steps: &[Step]) -> (Stage, String) {
    let mut stage = Stage::new(&[]);
    let (path, query) = text(&group["path"]).split_once('?').unwrap_or_default();
    let end = path.match_indices('/').nth(4).map_or(path.len(), |(at, _)| at);
    stage.put(&path[..end], json!({"location": "northeurope"}));
    let own = path.match_indices('/').nth(8).map_or(path, |(at, _)| &path[..at]);
    let mut operation = String::new();
    for step in steps {
        stage.pass(1);
        match step {
            Put => {
                let answer = stage.put(&format!("{path}?{query}"), wish(group));
                assert_eq!(answer.status, 201, "{answer:?}");
                operation = answer.header("azure-asyncoperation").to_owned();
            }
            Run => stage.run(),
            Exit(code) => stage.exit(*code),
            Post(what) => assert_eq!(stage.post(&format!("{own}/{what}?{query}")).status, 204),
        }
    }
    stage.pass(1);
    (stage, operation)
}

#[test]
#[expect(clippy::print_stdout, reason = "the test tells how many exchanges it played")]
fn every_exchange_is_answered_as_recorded() -> Result<(), Box<dyn Error>> {
    let all: Vec<Value> = serde_json::from_str(EXCHANGES)?;
    let by_name: BTreeMap<&str, &Value> =
        all.iter().map(|exchange| (text(&exchange["name"]), exchange)).collect();
    let played: BTreeSet<&str> = SCRIPTS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(played, by_name.keys().copied().collect(), "every exchange is in the table, and no other");
    for (name, group, steps, difference) in SCRIPTS {
        let exchange = by_name[name];
        let (mut stage, operation) = prepared(by_name[group], steps);
        // The recorded id of an operation is not ours.
        let path = if name.starts_with("operation-") { &operation } else { text(&exchange["path"]) };
        let answer = stage.send(text(&exchange["method"]), path, &exchange["request"]);
        assert_eq!(json!(answer.status), exchange["status"], "{name}: {answer:?}");
        compare_headers(name, exchange, &answer, difference);
        let (mut answered, mut recorded) = (answer.json(), exchange["response"].clone());
        for view in [&mut answered, &mut recorded] {
            mask(view);
            match difference {
                Difference::None | Headers => {}
                NoEvents => drop_fields(view, &["events"]),
                Elided => elide(view),
                Numbers => drop_fields(view, &["currentValue", "limit"]),
            }
        }
        assert_eq!(answered, recorded, "{name}: {}", exchange["source"]);
    }
    println!("{} exchanges were answered as recorded, in {} scripts", played.len(), SCRIPTS.len());
    Ok(())
}

/// All that were recorded are sent; of those that steer a client, no other. Where an exchange was transcribed without
/// headers, only the latter is known.
fn compare_headers(name: &str, exchange: &Value, answer: &Answer, difference: Difference) {
    let steers = |header: &&str| {
        if matches!(difference, Headers) && *header == "azure-asyncoperation" {
            return false;
        }
        matches!(*header, "azure-asyncoperation" | "location" | "retry-after")
            || header.ends_with("-pt5m")
            || header.ends_with("-pt1h")
    };
    let recorded: BTreeSet<&str> = exchange["headers"].as_array().into_iter().flatten().map(text).collect();
    let sent: BTreeSet<&str> = answer.headers.keys().map(String::as_str).collect();
    assert!(recorded.is_subset(&sent), "{name}: {recorded:?} in {sent:?}");
    let steering = |headers: &BTreeSet<&str>| -> Vec<String> {
        headers.iter().copied().filter(|header| steers(header)).map(str::to_owned).collect()
    };
    assert_eq!(steering(&sent), steering(&recorded), "{name}");
}

#[test]
fn an_operation_has_its_id_in_the_answer_and_no_other_version() -> Result<(), Box<dyn Error>> {
    let all: Vec<Value> = serde_json::from_str(EXCHANGES)?;
    let create = all.iter().find(|exchange| exchange["name"] == "create-2023").unwrap_or(&Value::Null);
    let (mut stage, _) = prepared(create, &[]);
    let created = stage.put(text(&create["path"]), create["request"].clone());
    let url = created.header("azure-asyncoperation").to_owned();
    assert!(url.ends_with("?api-version=2018-06-01"), "{url}");
    let operation = url.rsplit('/').next().and_then(|end| end.split('?').next());
    let request_id = created.header("x-ms-request-id").split_once(':');
    assert_eq!(request_id, operation.map(|operation| ("westus", operation)));
    Ok(())
}

/// Leaves what the transcription of an elided body has.
fn elide(view: &mut Value) {
    if let Some(fields) = view.as_object_mut() {
        fields.retain(|name, _| name == "identity" || name == "properties");
    }
    if let Some(fields) = view["properties"].as_object_mut() {
        fields.retain(|name, _| name == "diagnostics");
    }
}

fn drop_fields(view: &mut Value, dropped: &[&str]) {
    match view {
        Value::Object(fields) => {
            fields.retain(|name, _| !dropped.contains(&name.as_str()));
            fields.values_mut().for_each(|value| drop_fields(value, dropped));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_fields(item, dropped)),
        _ => {}
    }
}

/// Replaces what differs between any two recordings.
fn mask(view: &mut Value) {
    match view {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match (name.as_str(), value.as_str()) {
                    (
                        "startTime" | "finishTime" | "firstTimestamp" | "lastTimestamp" | "ip" | "password"
                        | "principalId" | "tenantId",
                        Some(_),
                    ) => *value = json!("…"),
                    ("message", Some(message)) => {
                        let head = message.split("sha256:").next().unwrap_or_default();
                        *value = json!(head);
                    }
                    ("webSocketUri", Some(uri)) => {
                        let (address, query) = uri.split_once('?').unwrap_or((uri, ""));
                        let mut steps = address.rsplit('/');
                        let id = steps.next().map_or(0, str::len);
                        let kind: Vec<&str> = steps.take(2).collect();
                        *value = json!([kind, id, query]);
                    }
                    _ => mask(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}
