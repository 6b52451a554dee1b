//! What the service or the net does to a request, and what an apply makes of it.

use std::time::Duration;

use acitask::engine::event::{End, EventKind};
use tokio::time::Instant;

use super::bench::{Bench, ends, images};
use super::runs::ephemeral;
use super::wire::{Script, Trouble};

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_told() {
    let wait = vec![("retry-after".to_owned(), "17".to_owned())];
    for trouble in [
        Trouble::Answered(429, "TooManyRequests", wait.clone()),
        Trouble::Answered(503, "ServiceUnavailable", wait),
        Trouble::Answered(500, "InternalServerError", vec![]),
        Trouble::Answered(409, "ContainerGroupTransitioning", vec![]),
        Trouble::CutBefore,
        Trouble::CutAfter,
    ] {
        for of in ["PUT /", "PATCH /", "DELETE /"] {
            let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
            bench.course.trouble(Script { of, number: 1, trouble: trouble.clone() });
            let began = Instant::now();
            let applied = bench.apply(&ephemeral("task:1", "")).await;
            applied.all_done();
            assert!(!bench.course.clear(), "no {of} was sent");
            if let Trouble::Answered(429, ..) = trouble {
                assert!(began.elapsed() >= Duration::from_secs(17), "{of}: {:?}", began.elapsed());
                let told = |kind: &EventKind| matches!(kind, EventKind::Retrying { .. });
                assert!(applied.events.iter().any(|event| told(&event.kind)), "{of}: nobody is told");
            }
            bench.settled(&ephemeral("task:1", "")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_is_lost_is_not_sent_twice() {
    let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
    let of = "Microsoft.ContainerInstance/containerGroups/job";
    bench.course.trouble(Script { of, number: 2, trouble: Trouble::CutAfter });
    let applied = bench.apply(&ephemeral("task:1", "")).await;
    applied.all_done();
    assert!(!bench.course.clear());
    let puts = bench.emulator.journal().since(0);
    let puts =
        puts.iter().filter(|entry| entry.method == "PUT" && entry.target.contains("containerGroups/job"));
    assert_eq!(puts.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_ends_the_step_with_what_to_do() {
    for (status, code) in [
        (403, "AuthorizationFailed"),
        (409, "MissingSubscriptionRegistration"),
        (400, "InvalidRequestContent"),
    ] {
        let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
        let trouble = Trouble::Answered(status, code, vec![]);
        bench.course.trouble(Script { of: "PUT /", number: 1, trouble });
        let applied = bench.apply(&ephemeral("task:1", "")).await;
        assert_eq!((applied.tally.failed, applied.tally.skipped), (1, 1), "{code}");
        let told = matches!(applied.ends().first(), Some(End::Failed { why, .. }) if why.contains(code));
        assert!(told, "{code}: {:?}", applied.ends());
        // Once that is mended, the next apply goes on.
        bench.apply(&ephemeral("task:1", "")).await.all_done();
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_broken_is_given_up_on() {
    let bench = Bench::open(images([("task:1", ends(0, 5))]), &[]).await;
    for _ in 0..20 {
        let trouble = Trouble::Answered(503, "ServiceUnavailable", vec![]);
        bench.course.trouble(Script { of: "PUT /", number: 1, trouble });
    }
    let applied = bench.apply(&ephemeral("task:1", "")).await;
    assert_eq!(applied.tally.failed, 1);
    bench.course.clear();
    bench.apply(&ephemeral("task:1", "")).await.all_done();
}
