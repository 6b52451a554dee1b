//! Twenty thousand requests made by chance of what real ones are made of: none makes the emulator fail or hang.
//!
//! The chance is seeded, so a request that fails fails again. What it is made of is in `random/parts`.

mod parts;

use std::collections::BTreeMap;

use acitask_emulator::{Emulator, Options};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tokio::time::{Duration, sleep, timeout};
use tower::ServiceExt as _;

use self::parts::Dice;
use super::Outcome;

/// How many requests are sent.
const REQUESTS: usize = 20_000;

/// The longest that an answer may take, in the emulator's time.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(start_paused = true)]
async fn none_of_twenty_thousand_makes_it_fail() -> Outcome {
    let mut options = Options::in_memory();
    options.switches.stale_reads = 1;
    let emulator = Emulator::open(options).await?;
    let router = emulator.router();
    let mut token = format!("Bearer {}", emulator.token());
    let mut dice = Dice::new(0x9e37_79b9_7f4a_7c15);
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut kept = String::new();
    for number in 0..REQUESTS {
        if number % 500 == 0 {
            token = format!("Bearer {}", emulator.token());
        }
        let asked = parts::request(&mut dice, &token, &kept);
        let shown = format!("request {number}: {asked:?}");
        let mut builder = Request::builder().method(asked.method.as_str()).uri(&asked.target);
        for (name, value) in &asked.headers {
            builder = builder.header(*name, value);
        }
        // What cannot be put on the wire cannot be sent.
        let Ok(request) = builder.body(Body::from(asked.body)) else {
            continue;
        };
        let answered = timeout(PATIENCE, async {
            let response = router.clone().oneshot(request).await?;
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, usize::MAX).await?;
            Ok::<_, Box<dyn std::error::Error>>((parts, bytes))
        });
        let Ok(answered) = answered.await else {
            return Err(format!("no answer in {PATIENCE:?}: {shown}").into());
        };
        let (parts, bytes) = answered?;
        let status = parts.status.as_u16();
        assert!(status < 500 || status == 501, "{status} {bytes:?}: {shown}");
        let body: Value =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or_default() };
        let is_arm = parts.headers.contains_key("x-ms-request-id");
        if status >= 400 && is_arm && asked.method != "HEAD" {
            let code = body["error"]["code"].as_str().unwrap_or_default();
            assert_ne!(code, "", "{status}: {shown}");
        }
        // Addresses that were answered are part of what comes next.
        let address = parts.headers.get("azure-asyncoperation").or_else(|| parts.headers.get("location"));
        let address = address.and_then(|value| value.to_str().ok());
        let address = address.or_else(|| body["nextLink"].as_str()).or_else(|| body["webSocketUri"].as_str());
        if let Some(path) = address.and_then(|url| url.splitn(4, '/').nth(3)) {
            kept = format!("/{path}");
        }
        *statuses.entry(status).or_default() += 1;
        if dice.below(2) == 0 {
            sleep(Duration::from_millis(dice.below(3_000) as u64)).await;
        }
    }
    // Chance that only ever meets a closed door would show nothing.
    let seen = |status: u16| statuses.get(&status).copied().unwrap_or_default();
    for (status, least) in [(200, 2_000), (201, 100), (204, 50), (400, 500), (404, 500), (409, 5), (501, 100)]
    {
        assert!(seen(status) >= least, "only {} of {status}: {statuses:?}", seen(status));
    }
    Ok(())
}
