//! The sink over HTTP.

use acitask_emulator::{Emulator, Options};
use serde_json::{Value, json};

use super::Outcome;
use super::wire::bare;

#[tokio::test(start_paused = true)]
async fn takes_json_and_nothing_else() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let rows = [
        ("/sink", Some("application/json"), r#"{"name":"dog"}"#, 200, Value::Null),
        ("/sink/a/b", Some("application/cloudevents+json; charset=utf-8"), "[1]", 200, Value::Null),
        ("/sink", Some("text/plain"), "{}", 415, json!("NotJson")),
        ("/sink", None, "{}", 415, json!("NotJson")),
        ("/sink", Some("application/json"), "{", 400, json!("InvalidJson")),
        ("/sink", Some("application/json"), "", 400, json!("InvalidJson")),
    ];
    for (path, kind, body, status, code) in rows {
        let headers: Vec<_> = kind.iter().map(|kind| ("content-type", *kind)).collect();
        let answer = bare(&emulator, "POST", path, &headers, body).await?;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &code), "{path} {kind:?} {body}");
    }
    for path in ["/sink", "/_emulator/sink"] {
        let listed = bare(&emulator, "GET", path, &[], "").await?;
        let posts: Vec<_> = listed.body["posts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|post| (post["number"].clone(), post["path"].clone(), post["body"].clone()))
            .collect();
        let wanted =
            [(json!(1), json!("/sink"), json!({"name": "dog"})), (json!(2), json!("/sink/a/b"), json!([1]))];
        assert_eq!(posts, wanted);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_post_has_a_largest_size() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let kind = [("content-type", "application/json")];
    for (length, status) in [(1024 * 1024 - 2, 200), (1024 * 1024, 413)] {
        let body = format!("\"{}\"", "x".repeat(length));
        assert_eq!(bare(&emulator, "POST", "/sink", &kind, body).await?.status, status);
    }
    Ok(())
}
