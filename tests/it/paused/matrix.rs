//! The fault matrix: each request of four scenarios, each fault, before and after its effect; one more apply ends with
//! exactly what an undisturbed run has, and nothing that ended is repeated: under every switch of the emulator, and with
//! our clock wrong by ten minutes either way. It prints its counts.

use acitask::engine::event::End;
use acitask::plan::reconcile::Verb;

use super::bench::Bench;
use super::runs::ephemeral;
use super::settings::{Ending, Scenario, every_point, register};
use super::wire::Trouble;

/// How many points are left out between two that are taken.
const STRIDE: usize = 199;

fn faults(scenario: &Scenario) -> Vec<(&'static str, Trouble, Ending)> {
    let wait = || vec![("retry-after".to_owned(), "3".to_owned())];
    let mut faults = vec![
        ("429", Trouble::Answered(429, "TooManyRequests", wait())),
        ("409 transitioning", Trouble::Answered(409, "ContainerGroupTransitioning", vec![])),
        ("409 concurrent", Trouble::Answered(409, "ConflictingConcurrentWriteNotAllowed", vec![])),
        ("409 locked", Trouble::Answered(409, "ScopeLocked", vec![])),
        ("409 no room", Trouble::Answered(409, "ServiceUnavailable", vec![])),
        ("500", Trouble::Answered(500, "InternalServerError", vec![])),
        ("503", Trouble::Answered(503, "ServiceUnavailable", wait())),
        ("403", Trouble::Answered(403, "AuthorizationFailed", vec![])),
        ("cut before", Trouble::CutBefore),
        ("cut after", Trouble::CutAfter),
        ("slow", Trouble::Scripted("*", r#"{"slow": "40s"}"#)),
        ("stale", Trouble::Scripted("containerGroups/get", r#""stale""#)),
        ("not found", Trouble::Scripted("*/put", r#"{"notFound": 2}"#)),
    ];
    if scenario.name == "strong" {
        // The next stream of an exec.
        faults.extend([
            ("stream cut at once", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 0}}"#)),
            ("stream cut in the hello", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 3}}"#)),
            ("stream cut after the hello", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 5}}"#)),
            ("stream cut when it began", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 12}}"#)),
            ("stream cut in a line", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 20}}"#)),
            ("stream cut in the end", Trouble::Scripted("exec", r#"{"stream": {"afterBytes": 51}}"#)),
            (
                "stream in pieces, no close",
                Trouble::Scripted("exec", r#"{"stream": {"pieces": 1, "noClose": true}}"#),
            ),
            ("stream cut after a while", Trouble::Scripted("exec", r#"{"stream": {"afterTime": "3s"}}"#)),
            ("password not heard", Trouble::HeardUpTo(300)),
            ("command not heard", Trouble::HeardUpTo(430)),
            ("end of the command not heard", Trouble::HeardUpTo(520)),
        ]);
    }
    let ends = [
        ("pull fails", Trouble::Scripted("pull", r#"{"pull": "the registry is on fire"}"#)),
        ("evicted", Trouble::Scripted("containerGroups/*", r#"{"evict": {}}"#)),
        ("evicted later", Trouble::Scripted("containerGroups/*", r#"{"evict": {"after": "2s"}}"#)),
        ("restarted later", Trouble::Scripted("containerGroups/*", r#"{"restart": {"after": "2s"}}"#)),
        (
            "operation fails",
            Trouble::Scripted(
                "containerGroups/*",
                r#"{"operation": {"fails": {"code": "Odd", "message": "m"}}}"#,
            ),
        ),
    ];
    let same = faults.into_iter().map(|(name, trouble)| (name, trouble, Ending::Same));
    same.chain(ends.into_iter().map(|(name, trouble)| (name, trouble, Ending::Settled))).collect()
}

#[test]
fn every_fault_at_every_request_ends_the_same() {
    let counts = every_point("fault matrix", STRIDE, &faults);
    assert!(counts.points > 100 && counts.disturbed > 0, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_not_registered_is_told_with_the_command_that_mends_it() {
    let images = super::bench::images([("task:1", super::bench::ends(0, 2))]);
    let bench = Bench::open(images, &["provider.registered=false"]).await;
    let manifests = ephemeral("task:1", "");
    let first = bench.apply(&manifests).await;
    let Some(End::Failed { why, help: Some(help) }) = first.ends().last() else {
        panic!("{:?}", first.ends())
    };
    assert!(why.contains("MissingSubscriptionRegistration"), "{why}");
    assert!(help.contains("az provider register --namespace Microsoft.ContainerInstance"), "{help}");
    register(&bench).await;
    bench.try_apply(&manifests, Verb::Apply).await.unwrap().all_done();
    bench.settled(&manifests).await;
}
