//! Every effect of a fault, seen from outside: what is answered, and what the world is afterwards.

use acitask_emulator::{Cut, Emulator, Options, Time};
use axum::body::Body;
use axum::http::Request;
use futures::{SinkExt as _, StreamExt as _};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};
use tower::ServiceExt as _;

use super::Outcome;
use super::wire::{Answer, GROUP, VERSION, bare, deploy, dial, send, until};

type Failure = Box<dyn std::error::Error>;

const RESOURCE_GROUP: &str = "/subscriptions/s/resourceGroups/rg";

async fn emulator(script: Value) -> Result<Emulator, Failure> {
    let emulator = Emulator::open(Options::in_memory()).await?;
    add(&emulator, script).await?;
    Ok(emulator)
}

async fn add(emulator: &Emulator, script: Value) -> Outcome {
    let added = send(emulator, "POST", "/_emulator/faults", script).await?;
    if added.status == 201 { Ok(()) } else { Err(added.body.to_string().into()) }
}

async fn put_group(emulator: &Emulator) -> Result<Answer, Failure> {
    let body = json!({"location": "westeurope"});
    send(emulator, "PUT", &format!("{RESOURCE_GROUP}{VERSION}"), body).await
}

async fn put_task(emulator: &Emulator, policy: &str) -> Result<Answer, Failure> {
    put_tagged_task(emulator, policy, json!({"a": "1"})).await
}

async fn put_tagged_task(emulator: &Emulator, policy: &str, tags: Value) -> Result<Answer, Failure> {
    let resources = json!({"requests": {"cpu": 1.0, "memoryInGB": 1.0}});
    let container =
        json!({"name": "c", "properties": {"image": "simulated/run:forever", "resources": resources}});
    let properties = json!({"osType": "Linux", "restartPolicy": policy, "containers": [container]});
    let body = json!({"location": "westeurope", "tags": tags, "properties": properties});
    send(emulator, "PUT", &format!("{GROUP}{VERSION}"), body).await
}

async fn get(emulator: &Emulator, path: &str) -> Result<Answer, Failure> {
    send(emulator, "GET", &format!("{path}{VERSION}"), Value::Null).await
}

/// The path and query of an address.
fn target(answer: &Answer, header: &str) -> Result<String, Failure> {
    let address = answer.headers.get(header).ok_or(format!("no {header}"))?.to_str()?;
    Ok(address
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()))
        .ok_or("no path")?)
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_in_place_of_the_request() -> Outcome {
    let emulator = emulator(json!([
        {"on": "resourceGroups/put", "nth": 2, "times": 2, "resource": "r*",
         "effect": {"answer": {"status": 429, "code": "Slow", "message": "down", "retryAfter": 5, "headers": {"x-why": "test"}}}},
        {"on": "resourceGroups/put", "nth": 4, "effect": {"answer": {"status": 200, "body": {"any": [1]}}}},
        {"on": "containerGroups/put", "effect": {"answer": {"status": 503}}},
    ]))
    .await?;
    assert_eq!(put_group(&emulator).await?.status, 201);
    for _ in 0..2 {
        let answer = put_group(&emulator).await?;
        assert_eq!(
            (answer.status, answer.code(), &answer.body["error"]["message"]),
            (429, "Slow", &json!("down"))
        );
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!((header("retry-after"), header("x-why")), (Some("5"), Some("test")));
    }
    assert_eq!(put_group(&emulator).await?.body, json!({"any": [1]}));
    let refused = put_task(&emulator, "Never").await?;
    assert_eq!((refused.status, refused.code()), (503, "ServiceUnavailable"));
    assert_eq!(get(&emulator, GROUP).await?.status, 404, "it was not carried out");
    assert_eq!(put_task(&emulator, "Never").await?.status, 201);
    let met: Vec<_> = emulator.journal().since(0).into_iter().map(|entry| entry.faults).collect();
    let fault = |name: &str| vec![name.to_owned()];
    let wanted =
        [vec![], fault("fault-1"), fault("fault-1"), fault("fault-2"), fault("fault-3"), vec![], vec![]];
    assert_eq!(met, wanted);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn presets_have_the_words_of_the_service() -> Outcome {
    for (preset, status) in [
        ("ScopeLocked", 409),
        ("RequestDisallowedByPolicy", 403),
        ("AuthorizationFailed", 403),
        ("MissingSubscriptionRegistration", 409),
        ("SubscriptionRequestsThrottled", 429),
        ("ContainerGroupTransitioning", 409),
        ("RegistryErrorResponse", 409),
        ("ServiceUnavailable", 409),
        ("InternalServerError", 500),
    ] {
        let emulator = emulator(json!({"on": "*/put", "effect": {"preset": preset}})).await?;
        let answer = put_group(&emulator).await?;
        assert_eq!((answer.status, answer.code()), (status, preset));
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429, "{preset}");
        assert_eq!(put_group(&emulator).await?.status, 201, "{preset} was for once");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cut_has_no_answer_and_is_before_or_after() -> Outcome {
    for (side, exists) in [("before", 404), ("after", 200)] {
        let emulator = emulator(json!({"on": "resourceGroups/put", "effect": {"cut": side}})).await?;
        let request = Request::put(format!("{RESOURCE_GROUP}{VERSION}"))
            .header("authorization", format!("Bearer {}", emulator.token()))
            .body(Body::from(r#"{"location": "westeurope"}"#))?;
        let response = emulator.router().oneshot(request).await?;
        assert_eq!(response.extensions().get::<Cut>(), Some(&Cut), "{side}");
        assert_eq!(get(&emulator, RESOURCE_GROUP).await?.status, exists, "{side}");
        let statuses: Vec<_> = emulator.journal().since(0).into_iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [None, Some(exists)], "{side}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_comes_later_and_is_true() -> Outcome {
    let emulator = emulator(json!([
        {"on": "PUT */resourcegroups/*", "effect": {"slow": "90s"}},
        {"on": "resourceGroups/put", "nth": 2, "effect": {"slow": "1s"}},
        {"on": "resourceGroups/put", "nth": 2, "effect": {"preset": "ScopeLocked"}},
    ]))
    .await?;
    for (time, status) in [(90, 201), (1, 409), (0, 200)] {
        let began = Instant::now();
        assert_eq!(put_group(&emulator).await?.status, status);
        assert_eq!(began.elapsed(), Duration::from_secs(time));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_not_found_for_some_reads() -> Outcome {
    let emulator = emulator(json!({"on": "containerGroups/put", "effect": {"notFound": 2}})).await?;
    put_group(&emulator).await?;
    assert_eq!(put_task(&emulator, "Never").await?.status, 201);
    let logs = format!("{GROUP}/containers/c/logs");
    for (path, status) in [(GROUP, 404), (RESOURCE_GROUP, 200), (logs.as_str(), 404), (GROUP, 200)] {
        let answer = get(&emulator, path).await?;
        assert_eq!(answer.status, status, "{path}");
        if status == 404 {
            let text = answer.body["error"]["message"].as_str().unwrap_or_default();
            let wanted = "The Resource 'Microsoft.ContainerInstance/containerGroups/g' under resource group 'rg' was not found.";
            assert_eq!((answer.code(), text), ("ResourceNotFound", wanted));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_what_was_before_the_last_change() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    add(&emulator, json!({"on": "containerGroups/get", "nth": 2, "effect": "stale"})).await?;
    let body = json!({"tags": {"b": "2"}});
    assert_eq!(send(&emulator, "PATCH", &format!("{GROUP}{VERSION}"), body).await?.status, 200);
    for tags in [json!({"b": "2"}), Value::Null, json!({"b": "2"})] {
        assert_eq!(get(&emulator, GROUP).await?.body["tags"], tags);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_deployed_again_though_only_its_tags_change() -> Outcome {
    let fails = json!({"operation": {"fails": {"code": "Broken", "message": "by a script"}}});
    let emulator = emulator(json!({"on": "containerGroups/put", "effect": fails})).await?;
    let switched =
        send(&emulator, "PATCH", "/_emulator/switches", json!({"put.tags-restart": "false"})).await?;
    assert_eq!(switched.status, 200, "{}", switched.body);
    put_group(&emulator).await?;
    assert_eq!(put_task(&emulator, "Always").await?.status, 201);
    until(&emulator, |group| group["properties"]["provisioningState"] == "Failed").await?;
    assert_eq!(put_tagged_task(&emulator, "Always", json!({"a": "2"})).await?.status, 200);
    until(&emulator, |group| group["properties"]["instanceView"]["state"] == "Running").await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_operation_fails() -> Outcome {
    let fails = json!({"operation": {"fails": {"code": "Broken", "message": "by a script"}}});
    let emulator = emulator(json!([
        {"on": "containerGroups/put", "effect": fails},
        {"on": "resourceGroups/delete", "effect": fails},
    ]))
    .await?;
    put_group(&emulator).await?;
    let put = put_task(&emulator, "Never").await?;
    assert_eq!(put.status, 201);
    let operation = send(&emulator, "GET", &target(&put, "azure-asyncoperation")?, Value::Null).await?;
    assert_eq!(
        (&operation.body["status"], &operation.body["error"]["code"]),
        (&json!("Failed"), &json!("Broken"))
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    let group = get(&emulator, GROUP).await?.body;
    assert_eq!(group["properties"]["provisioningState"], "Failed");
    let shown = &group["properties"]["containers"][0]["properties"]["instanceView"]["currentState"]["state"];
    assert_ne!(shown, "Running", "nothing was begun");
    assert_eq!(put_task(&emulator, "Never").await?.status, 200, "it can be mended");
    until(&emulator, |group| group["properties"]["provisioningState"] == "Succeeded").await?;

    let group = format!("{RESOURCE_GROUP}{VERSION}");
    let gone = send(&emulator, "DELETE", &group, Value::Null).await?;
    assert_eq!(gone.status, 202);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(get(&emulator, RESOURCE_GROUP).await?.body["properties"]["provisioningState"], "Succeeded");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_operation_hangs() -> Outcome {
    let hangs = json!({"operation": "hangs"});
    let emulator = emulator(json!([
        {"on": "containerGroups/put", "effect": hangs},
        {"on": "resourceGroups/delete", "effect": hangs},
    ]))
    .await?;
    put_group(&emulator).await?;
    let put = put_task(&emulator, "Never").await?;
    let operation = target(&put, "azure-asyncoperation")?;
    for (minutes, status, state) in [(29, "Pending", "Pending"), (2, "Failed", "Failed")] {
        tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
        let seen = send(&emulator, "GET", &operation, Value::Null).await?;
        assert_eq!(seen.body["status"], status);
        assert_eq!(get(&emulator, GROUP).await?.body["properties"]["provisioningState"], state);
    }
    send(&emulator, "DELETE", &format!("{RESOURCE_GROUP}{VERSION}"), Value::Null).await?;
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(get(&emulator, RESOURCE_GROUP).await?.body["properties"]["provisioningState"], "Deleting");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pull_fails_and_is_tried_again() -> Outcome {
    let emulator =
        emulator(json!({"on": "pull", "resource": "g", "effect": {"pull": "too many requests"}})).await?;
    put_group(&emulator).await?;
    put_task(&emulator, "Never").await?;
    let events = |group: &Value| {
        group["properties"]["containers"][0]["properties"]["instanceView"]["events"].to_string()
    };
    until(&emulator, |group| events(group).contains("too many requests")).await?;
    let began = Instant::now();
    until(&emulator, |group| group["properties"]["provisioningState"] == "Succeeded").await?;
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_platform_restarts_a_container_that_is_never_restarted() -> Outcome {
    let emulator = emulator(json!({"on": "started", "effect": {"restart": {"after": "30s"}}})).await?;
    put_group(&emulator).await?;
    put_task(&emulator, "Never").await?;
    let view = |group: &Value| group["properties"]["containers"][0]["properties"]["instanceView"].clone();
    let first = until(&emulator, |group| view(group)["currentState"]["state"] == "Running").await?;
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(view(&get(&emulator, GROUP).await?.body), view(&first));
    let second = until(&emulator, |group| view(group)["restartCount"] == 1).await?;
    assert_eq!(view(&second)["previousState"]["exitCode"], 7147);
    assert!(view(&second)["events"].to_string().contains("Killing container c (platform initiated)."));
    assert_eq!(view(&second)["currentState"]["state"], "Running");
    Ok(())
}

#[tokio::test]
async fn an_evicted_group_comes_back_by_itself() -> Outcome {
    let options = Options { time: Time::Explicit, ..Options::in_memory() };
    let emulator = Emulator::open(options).await?;
    deploy(&emulator, "simulated/run:forever", "Never").await?;
    add(&emulator, json!({"on": "containerGroups/get", "effect": "evict"})).await?;
    let state = async |emulator: &Emulator| -> Result<Value, Failure> {
        let group = get(emulator, GROUP).await?.body;
        let view = &group["properties"]["containers"][0]["properties"]["instanceView"];
        Ok(json!([view["currentState"]["state"], view["previousState"]["exitCode"]]))
    };
    assert_eq!(state(&emulator).await?, json!(["Waiting", 7147]));
    emulator.advance(SignedDuration::from_secs(59)).await?;
    assert_eq!(state(&emulator).await?, json!(["Waiting", 7147]));
    emulator.advance(SignedDuration::from_secs(1)).await?;
    assert_eq!(state(&emulator).await?, json!(["Running", 7147]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stream_breaks_without_a_close() -> Outcome {
    let rows = [
        (json!({"afterBytes": 3}), vec!["abc"], 0),
        (json!({"afterTime": "5s"}), vec!["abcdef"], 5),
        (json!({"afterBytes": 100, "afterTime": "2s"}), vec!["abcdef"], 2),
    ];
    for (cut, wanted, seconds) in rows {
        let emulator = emulator(json!({"on": "exec", "effect": {"stream": cut}})).await?;
        deploy(&emulator, "simulated/run:forever", "Always").await?;
        let (mut socket, password) = dial(&emulator, "cat").await?;
        socket.send(Message::text(password)).await?;
        let began = Instant::now();
        socket.send(Message::text("abcdef")).await?;
        let mut seen = Vec::new();
        let end = loop {
            match socket.next().await {
                Some(Ok(message)) => seen.push(message.to_text()?.to_owned()),
                other => break other,
            }
        };
        assert_eq!(seen, wanted, "{cut}");
        let reset = Error::Protocol(ProtocolError::ResetWithoutClosingHandshake);
        assert!(matches!(&end, Some(Err(error)) if error.to_string() == reset.to_string()), "{cut}: {end:?}");
        assert_eq!(began.elapsed().as_secs(), seconds, "{cut}");
        let (mut socket, password) = dial(&emulator, "cat").await?;
        for text in [password.as_str(), "abcdef", "\u{4}"] {
            socket.send(Message::text(text)).await?;
        }
        assert_eq!(socket.next().await.transpose()?, Some(Message::binary(b"abcdef".as_slice())));
        assert!(matches!(socket.next().await.transpose()?, Some(Message::Close(_))), "the next one is whole");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn faults_are_listed_cleared_and_never_meet_a_control_route() -> Outcome {
    let emulator = emulator(json!([
        {"id": "all", "on": "* /*", "times": "always", "effect": {"preset": "InternalServerError"}},
        {"on": "logs", "effect": {"cut": "before"}},
    ]))
    .await?;
    assert_eq!(put_group(&emulator).await?.status, 500);
    for (method, path) in [
        ("GET", "/healthz"),
        ("GET", "/_emulator/health"),
        ("GET", "/_emulator/requests"),
        ("GET", "/_emulator/faults"),
        ("POST", "/_emulator/reset"),
    ] {
        assert_eq!(send(&emulator, method, path, Value::Null).await?.status, 200, "{path}");
    }
    let list = bare(&emulator, "GET", "/_emulator/faults", &[], "").await?.body;
    let seen: Vec<_> = list["faults"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| json!([it["id"], it["seen"], it["fired"]]))
        .collect();
    assert_eq!(seen, [json!(["all", 1, 1]), json!(["fault-1", 0, 0])]);
    let rows = [
        ("POST", "/_emulator/faults", json!([{"on": "x"}, {"on": "logs", "effect": "stale"}]), 400),
        ("DELETE", "/_emulator/faults/nobody", Value::Null, 404),
        ("DELETE", "/_emulator/faults/all", Value::Null, 200),
        ("DELETE", "/_emulator/faults", Value::Null, 200),
    ];
    for (method, path, body, status) in rows {
        assert_eq!(
            bare(&emulator, method, path, &[], body.to_string()).await?.status,
            401,
            "{method} {path}"
        );
        let answer = send(&emulator, method, path, body).await?;
        assert_eq!(answer.status, status, "{method} {path}");
        if status == 400 {
            assert_eq!(answer.body["error"]["details"].as_array().map(Vec::len), Some(2));
        }
    }
    assert_eq!(put_group(&emulator).await?.status, 201);
    Ok(())
}
