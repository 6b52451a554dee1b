//! Runs of containers from PUT to log, in no time, on fixed dates.

use std::collections::BTreeMap;

use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Line};
use acitask_emulator::{Emulator, Options};
use axum::http::header::WWW_AUTHENTICATE;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy, send, until};

fn options() -> Options {
    let line = |after_ms, text: &str| Line { after_ms, text: text.to_owned() };
    let job = Behaviour {
        pull_ms: 4000,
        lines: vec![line(0, "begun"), line(90_000, "done")],
        exit: Some(Exit { after_ms: 120_000, code: 3, ..Exit::default() }),
        ..Behaviour::default()
    };
    Options {
        behaviours: BTreeMap::from([("job".to_owned(), job)]),
        start: Some(Timestamp::UNIX_EPOCH),
        ..Options::in_memory()
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_runs_prints_and_ends() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    deploy(&emulator, "job", "Never").await?;
    let state = |group: &Value| {
        group["properties"]["containers"][0]["properties"]["instanceView"]["currentState"].clone()
    };
    let ended = until(&emulator, |group| state(group)["state"] == "Terminated").await?;
    assert_eq!(state(&ended)["exitCode"], 3);
    assert_eq!(state(&ended)["startTime"], "1970-01-01T00:00:04Z");
    assert_eq!(state(&ended)["finishTime"], "1970-01-01T00:02:04Z");

    let logs = format!("{GROUP}/containers/c/logs{VERSION}");
    let log = send(&emulator, "GET", &format!("{logs}&tail=1&timestamps=true"), Value::Null).await?;
    let content = log.body["content"].as_str().unwrap_or_default();
    assert!(content.starts_with("1970-01-01T00:01:34."), "{content}");
    assert!(content.ends_with("Z done\n"), "{content}");
    assert_eq!(content.lines().count(), 1);
    let log = send(&emulator, "GET", &logs, Value::Null).await?;
    assert_eq!(log.body, json!({"content": "begun\ndone\n"}));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_unknown_image_is_refused() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    let refused = deploy(&emulator, "simulated/missing:1", "Never").await;
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("InaccessibleImage"), "{text}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_a_token_there_is_no_arm() -> Outcome {
    let emulator = Emulator::open(options()).await?;
    let target = format!("/subscriptions{VERSION}");
    let good = format!("Bearer {}", emulator.token());
    let forged = format!("{good}x");
    let foreign = token_for(&emulator, "https://graph.microsoft.com/.default").await?;
    let rows = [
        (None, "AuthenticationFailed", "missing"),
        (Some("Basic abc"), "AuthenticationFailedInvalidHeader", "invalid format"),
        (Some("Bearer"), "AuthenticationFailedInvalidHeader", "invalid format"),
        (Some("Bearer abc"), "InvalidAuthenticationToken", "invalid"),
        (Some(forged.as_str()), "InvalidAuthenticationToken", "invalid"),
        (Some(foreign.as_str()), "InvalidAuthenticationTokenAudience", "'https://graph.microsoft.com/'"),
    ];
    for (value, code, words) in rows {
        let headers: Vec<_> = value.iter().map(|value| ("authorization", *value)).collect();
        let answer = bare(&emulator, "GET", &target, &headers, "").await?;
        assert_eq!((answer.status, answer.code()), (401, code), "{value:?}");
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
        let challenge = answer.headers.get(WWW_AUTHENTICATE).ok_or("no challenge")?.to_str()?;
        let place = "Bearer authorization_uri=\"http://localhost/00000000-0000-0000-0000-00000000ac17\"";
        assert!(challenge.starts_with(place), "{challenge}");
    }
    let answer = bare(&emulator, "GET", &target, &[("authorization", &good)], "").await?;
    assert_eq!(answer.status, 200);
    tokio::time::advance(tokio::time::Duration::from_secs(3600)).await;
    let answer = bare(&emulator, "GET", &target, &[("authorization", &good)], "").await?;
    assert_eq!((answer.status, answer.code()), (401, "ExpiredAuthenticationToken"));
    assert_eq!(
        answer.body["error"]["message"],
        "The access token expiry UTC time '1/1/1970 1:00:00 AM' is earlier than current UTC time \
         '1/1/1970 1:00:00 AM'."
    );
    Ok(())
}

async fn token_for(emulator: &Emulator, scope: &str) -> Result<String, Box<dyn std::error::Error>> {
    let secret = emulator.secret().reveal();
    let form = format!("grant_type=client_credentials&client_id=me&client_secret={secret}&scope={scope}");
    let answer = bare(emulator, "POST", "/common/oauth2/v2.0/token", &[], form).await?;
    Ok(format!("Bearer {}", answer.body["access_token"].as_str().ok_or("no token")?))
}

#[tokio::test(start_paused = true)]
async fn the_same_requests_give_the_same_answers() -> Outcome {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let emulator = Emulator::open(options()).await?;
        deploy(&emulator, "job", "OnFailure").await?;
        seen.push(send(&emulator, "GET", &format!("{GROUP}{VERSION}"), Value::Null).await?.body);
    }
    assert_eq!(seen.first(), seen.last());
    Ok(())
}
