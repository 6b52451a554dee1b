//! Explicit time: it stands, moves when it is told to, and everything due on the way happens in order.

use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Line};
use acitask_emulator::{AdvanceError, Choice, Emulator, OpenError, Options, Time};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy, send};

type Failure = Box<dyn std::error::Error>;

const RESOURCE_GROUP: &str = "/subscriptions/s/resourceGroups/rg";

fn options() -> Options {
    let line = |seconds: u64, text: &str| Line { after_ms: seconds * 1000, text: text.to_owned() };
    let crashing = Behaviour {
        pull_ms: 3000,
        lines: vec![line(0, "begun"), line(4, "soon")],
        exit: Some(Exit { after_ms: 5000, code: 1, ..Exit::default() }),
        ..Behaviour::default()
    };
    let start = Some("2026-03-01T00:00:00Z".parse().unwrap_or_default());
    let behaviours = [("crashing:1".to_owned(), crashing)].into();
    Options { time: Time::Explicit, start, behaviours, ..Options::in_memory() }
}

async fn put(emulator: &Emulator, image: &str, policy: &str) -> Outcome {
    let group = format!("{RESOURCE_GROUP}{VERSION}");
    send(emulator, "PUT", &group, json!({"location": "westeurope"})).await?;
    let resources = json!({"requests": {"cpu": 1.0, "memoryInGB": 1.0}});
    let container = json!({"name": "c", "properties": {"image": image, "resources": resources}});
    let properties = json!({"osType": "Linux", "restartPolicy": policy, "containers": [container]});
    let body = json!({"location": "westeurope", "properties": properties});
    assert_eq!(send(emulator, "PUT", &format!("{GROUP}{VERSION}"), body).await?.status, 201);
    Ok(())
}

async fn get(emulator: &Emulator) -> Result<Value, Failure> {
    Ok(send(emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?.body)
}

async fn state(emulator: &Emulator) -> Result<(String, u64), Failure> {
    let group = get(emulator).await?;
    let view = &group["properties"]["containers"][0]["properties"]["instanceView"];
    let state = view["currentState"]["state"].as_str().unwrap_or("-").to_owned();
    Ok((state, view["restartCount"].as_u64().unwrap_or_default()))
}

async fn advance(emulator: &Emulator, by: &str) -> Result<Value, Failure> {
    let answer = send(emulator, "POST", "/_emulator/advance", json!({"by": by})).await?;
    assert_eq!(answer.status, 200, "{by}: {:?}", answer.body);
    Ok(answer.body["time"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stands_and_moves_only_when_told() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    put(&emulator, "crashing:1", "Always").await?;
    let rows = [
        ("0s", "-", 0),
        ("2s", "-", 0),
        // It is pulled at 3 s, ends at 8 s and is started again at once, ends at 13 s and waits for 10 s.
        ("1s", "Running", 0),
        ("4s", "Running", 0),
        ("1s", "Running", 1),
        ("5s", "Waiting", 1),
        ("9999ms", "Waiting", 1),
        ("1ms", "Running", 2),
    ];
    for (by, wanted, restarts) in rows {
        let time = advance(&emulator, by).await?;
        assert_eq!(state(&emulator).await?, (wanted.to_owned(), restarts), "at {time}");
    }
    assert_eq!(emulator.clock().now().to_string(), "2026-03-01T00:00:23Z");
    let logs = format!("{GROUP}/containers/c/logs{VERSION}");
    for (by, wanted) in [("0s", "begun\n"), ("4s", "begun\nsoon\n")] {
        advance(&emulator, by).await?;
        let content = send(&emulator, "GET", &logs, Value::Null).await?.body["content"].clone();
        assert_eq!(content, wanted, "{by}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_long_way_and_many_short_ones_end_in_the_same_world() -> Outcome {
    let mut worlds = Vec::new();
    for steps in [1_i32, 7, 3600] {
        let emulator = Emulator::open(options()).await?;
        put(&emulator, "crashing:1", "Always").await?;
        for _ in 0..steps {
            emulator.advance(SignedDuration::from_secs(3600 * 7 / i64::from(steps))).await?;
        }
        worlds.push(get(&emulator).await?);
    }
    let restarts =
        worlds[0]["properties"]["containers"][0]["properties"]["instanceView"]["restartCount"].as_u64();
    assert!(restarts.is_some_and(|restarts| restarts > 60), "{restarts:?}");
    assert_eq!(worlds[0], worlds[1]);
    assert_eq!(worlds[0], worlds[2]);
    Ok(())
}

#[tokio::test]
async fn a_deletion_ends_on_the_way() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    let group = format!("{RESOURCE_GROUP}{VERSION}");
    assert_eq!(send(&emulator, "DELETE", &group, Value::Null).await?.status, 202);
    tokio::time::sleep(tokio::time::Duration::from_millis(1500)).await;
    let seen = send(&emulator, "GET", &group, Value::Null).await?;
    assert_eq!(seen.body["properties"]["provisioningState"], "Deleting");
    advance(&emulator, "1s").await?;
    assert_eq!(send(&emulator, "GET", &group, Value::Null).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn tokens_go_by_the_time_of_their_clients() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    let token = format!("Bearer {}", emulator.token());
    advance(&emulator, "720h").await?;
    let seen =
        bare(&emulator, "GET", &format!("/subscriptions{VERSION}"), &[("authorization", &token)], "").await?;
    assert_eq!(seen.status, 200);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_moved_says_why() -> Outcome {
    let explicit = Emulator::open(options()).await?;
    let real = Emulator::open(Options { time: Time::Real, ..options() }).await?;
    let rows = [
        (&explicit, json!({"by": "-1s"}), 400, "InvalidDuration"),
        (&explicit, json!({"by": "10000h"}), 400, "InvalidDuration"),
        (&explicit, json!({"by": "soon"}), 400, "InvalidDuration"),
        (&explicit, json!({"by": "30 days"}), 400, "InvalidDuration"),
        (&explicit, json!({"by": "1s", "to": 3}), 400, "InvalidDuration"),
        (&real, json!({"by": "1s"}), 409, "TimeIsReal"),
    ];
    for (emulator, body, status, code) in rows {
        let answer = send(emulator, "POST", "/_emulator/advance", body.clone()).await?;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
    }
    assert!(matches!(real.advance(SignedDuration::ZERO).await, Err(AdvanceError::RealTime)));
    let native = Emulator::open(Options { runtime: Choice::Native, ..options() }).await;
    assert!(matches!(native, Err(OpenError::Runtime(why)) if why.to_string().contains("time is explicit")));
    let auto = Emulator::open(Options { runtime: Choice::Auto, ..options() }).await?;
    assert_eq!(auto.chosen().name, "simulated");
    Ok(())
}

#[tokio::test]
async fn it_does_not_go_back_when_opened_again() -> Outcome {
    let folder = tempfile::tempdir()?;
    let options = || Options { state: Some(folder.path().to_owned()), ..options() };
    let emulator = Emulator::open(options()).await?;
    emulator.advance(SignedDuration::from_hours(5)).await?;
    let stood = emulator.clock().now();
    emulator.shutdown().await;
    drop(emulator);
    assert_eq!(Emulator::open(options()).await?.clock().now(), stood);
    Ok(())
}
