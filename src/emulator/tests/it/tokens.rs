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

#[tokio::test(start_paused = true)]
async fn clients_find_their_way_to_the_token_endpoint() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let host = [("host", "localhost:4000")];
    let cloud = bare(&emulator, "GET", "/metadata/endpoints?api-version=2022-09-01", &host, "").await?.body;
    assert_eq!(cloud["resourceManager"], "http://localhost:4000/");
    assert_eq!(cloud["authentication"]["loginEndpoint"], "http://localhost:4000");
    let older = bare(&emulator, "GET", "/metadata/endpoints?api-version=2019-05-01", &host, "").await?.body;
    assert_eq!(older, serde_json::json!([cloud]));

    let target = "/tenant/v2.0/.well-known/openid-configuration";
    let openid = bare(&emulator, "GET", target, &host, "").await?.body;
    let endpoint = openid["token_endpoint"].as_str().unwrap_or_default();
    assert_eq!(endpoint, "http://localhost:4000/tenant/oauth2/v2.0/token");
    for (name, method, status) in [("token_endpoint", "POST", 400), ("jwks_uri", "GET", 200)] {
        let target = openid[name].as_str().unwrap_or_default().replace("http://localhost:4000", "");
        assert_eq!(bare(&emulator, method, &target, &host, "").await?.status, status, "{name}");
    }
    Ok(())
}
