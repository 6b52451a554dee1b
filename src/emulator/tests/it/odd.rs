//! Requests that no client sends: each is refused by name, and none makes the emulator fail.

use acitask_emulator::{Emulator, Options};

use super::Outcome;
use super::wire::{GROUP, VERSION, bare, deploy};

#[tokio::test(start_paused = true)]
async fn none_makes_the_emulator_fail() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    deploy(&emulator, "simulated/run:forever", "Always").await?;
    let token = format!("Bearer {}", emulator.token());
    let deep = "/a".repeat(5_000);
    let nested = "[".repeat(100_000);
    let group = format!("{GROUP}{VERSION}");
    let targets = [
        "/",
        "//",
        "/%2e%2e/%2F",
        "/%00",
        "/%FF",
        "/%",
        "/subscriptions/%F0%9F%90%95/resourceGroups/%20",
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Resources/tags/default",
        "/?api-version=%FF&api-version&=&$top=-1&$skiptoken=x",
        deep.as_str(),
        group.as_str(),
    ];
    let bodies = ["", "{", "null", "[]", "{\"properties\": 1}", "\u{0}", nested.as_str()];
    for method in ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "X-ODD"] {
        for target in targets {
            for body in bodies {
                let headers = [("authorization", token.as_str())];
                let answer = bare(&emulator, method, target, &headers, body.to_owned()).await?;
                let fine = answer.status < 500 || answer.status == 501;
                assert!(fine, "{method} {target} {body:.40}: {}", answer.status);
                if answer.status >= 400 && method != "HEAD" {
                    assert_ne!(answer.code(), "", "{method} {target} {body:.40}");
                }
            }
        }
    }
    Ok(())
}
