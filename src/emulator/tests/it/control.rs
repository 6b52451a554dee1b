//! The control routes, and who may ask at all.

use acitask_emulator::{Emulator, Options};
use serde_json::{Value, json};

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy, send, until};

#[tokio::test(start_paused = true)]
async fn what_changes_something_needs_a_token() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let rows = [
        ("GET", "/healthz", 200),
        ("GET", "/_emulator/health", 200),
        ("GET", "/_emulator/requests", 200),
        ("GET", "/_emulator/requests?since=x", 400),
        ("GET", "/_emulator/switches", 200),
        ("PATCH", "/_emulator/switches", 401),
        ("GET", "/_emulator/behaviours", 200),
        ("PUT", "/_emulator/behaviours", 401),
        ("POST", "/_emulator/reset", 401),
        ("POST", "/_emulator/stop", 401),
        ("POST", "/_emulator/advance", 401),
        ("GET", "/_emulator/stop", 405),
        ("GET", "/_emulator/other", 404),
    ];
    for (method, target, status) in rows {
        let answer = bare(&emulator, method, target, &[], "").await?;
        assert_eq!(answer.status, status, "{method} {target}");
    }
    assert_eq!(emulator.journal().last(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_page_from_elsewhere_reaches_nothing() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    for target in ["/healthz", "/_emulator/health", "/sink", "/execstream/sessionId/x", "/subscriptions"] {
        for (name, value, status) in [("host", "evil.example", 421), ("origin", "http://evil.example", 403)] {
            let answer = bare(&emulator, "GET", target, &[(name, value)], "").await?;
            assert_eq!(answer.status, status, "{target} {name}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn requests_are_listed_from_a_number_on() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    for number in 0..3 {
        send(&emulator, "GET", &format!("/subscriptions{VERSION}&n={number}"), Value::Null).await?;
    }
    let answer = bare(&emulator, "GET", "/_emulator/requests?since=1", &[], "").await?;
    assert_eq!(answer.body["last"], 3);
    let requests = answer.body["requests"].as_array().cloned().unwrap_or_default();
    let seen: Vec<_> = requests.iter().map(|it| (&it["number"], &it["target"], &it["status"])).collect();
    let target = |n: u8| json!(format!("/subscriptions?api-version=2025-09-01&n={n}"));
    let (second, third, ok) = (target(1), target(2), json!(200));
    assert_eq!(seen, [(&json!(2), &second, &ok), (&json!(3), &third, &ok)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn switches_are_set_by_name_all_or_none() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let path = "/_emulator/switches";
    let set = send(&emulator, "PATCH", path, json!({"exec.split": false, "view.stale-reads": 2})).await?;
    assert_eq!((set.status, &set.body["exec.split"]), (200, &json!("false")));
    let refused = send(&emulator, "PATCH", path, json!({"exec.split": true, "no.such": true})).await?;
    assert_eq!((refused.status, refused.code()), (400, "InvalidSwitch"));
    let seen = bare(&emulator, "GET", path, &[], "").await?;
    assert_eq!((&seen.body["exec.split"], &seen.body["view.stale-reads"]), (&json!("false"), &json!("2")));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reset_leaves_nothing() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    bare(&emulator, "POST", "/sink", &[("content-type", "application/json")], "1").await?;
    assert_eq!(send(&emulator, "POST", "/_emulator/reset", Value::Null).await?.status, 200);
    assert_eq!(send(&emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?.status, 404);
    assert_eq!(emulator.sink().posts(), []);
    deploy(&emulator, "simulated/run:forever", "Always").await
}

#[tokio::test(start_paused = true)]
async fn behaviours_are_data_that_a_control_call_can_replace() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let path = "/_emulator/behaviours";
    let given = json!({"mine:1": {"exit": {"afterMs": 5000, "code": 3}}});
    let set = send(&emulator, "PUT", path, given).await?;
    assert_eq!((set.status, &set.body["behaviours"]["mine:1"]["exit"]["code"]), (200, &json!(3)));
    for wrong in [json!([]), json!({"mine:1": {"exits": 3}})] {
        let refused = send(&emulator, "PUT", path, wrong).await?;
        assert_eq!((refused.status, refused.code()), (400, "InvalidBehaviours"));
    }
    deploy(&emulator, "mine:1", "Never").await?;
    until(&emulator, |group| {
        let view = &group["properties"]["containers"][0]["properties"]["instanceView"];
        view["currentState"]["exitCode"] == 3
    })
    .await
    .map(drop)
}
