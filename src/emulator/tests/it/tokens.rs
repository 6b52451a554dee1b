//! The token endpoint.

use acitask_emulator::{Emulator, Options};
use serde_json::Value;

use super::Outcome;
use super::wire::{VERSION, bare};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test(start_paused = true)]
async fn a_token_is_had_for_the_secret_and_opens_arm() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let rows = [
        ("/tenant/oauth2/v2.0/token", "scope=https%3A%2F%2Fmanagement.azure.com%2F.default"),
        ("/tenant/oauth2/token", "resource=https%3A%2F%2Fmanagement.azure.com%2F"),
    ];
    for (path, audience) in rows {
        let form = |secret: &str| {
            format!("grant_type=client_credentials&client_id=me&client_secret={secret}&{audience}")
        };
        let answer = bare(&emulator, "POST", path, &[FORM], form("guess")).await?;
        assert_eq!((answer.status, &answer.body["error"]), (401, &Value::from("invalid_client")));
        let answer = bare(&emulator, "POST", path, &[FORM], form(emulator.secret().reveal())).await?;
        assert_eq!(answer.status, 200);
        let token = answer.body["access_token"].as_str().unwrap_or_default();
        let header = format!("Bearer {token}");
        let target = format!("/subscriptions{VERSION}");
        let answer = bare(&emulator, "GET", &target, &[("authorization", &header)], "").await?;
        assert_eq!(answer.status, 200);
    }
    let targets: Vec<_> = emulator.journal().since(0).into_iter().map(|entry| entry.target).collect();
    assert_eq!(targets, ["/subscriptions?api-version=2025-09-01"; 2]);
    Ok(())
}
