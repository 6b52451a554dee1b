//! Strong runs in a container that has the helper: cut anywhere, and in a container that is started anew.

use std::time::Duration;

use acitask::engine::event::{End, Limit};
use serde_json::json;

use super::bench::{Bench, images};
use super::runs::strong;
use super::settings::alive;
use super::wire::{Script, Trouble};

async fn bench() -> Bench {
    Bench::open(images([("alive:1", alive(&["cat", "dog"]))]), &[]).await
}

#[tokio::test(start_paused = true)]
async fn output_and_exit_code_come_through_the_helper() {
    let bench = bench().await;
    let applied = bench.apply(&strong("alive:1", "")).await;
    applied.all_done();
    assert_eq!(applied.lines(), ["posted and answered"; 2]);
    assert_eq!(bench.emulator.begun(), [["/post", "cat"], ["/post", "dog"]]);
    bench.settled(&strong("alive:1", "")).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_runs_once_wherever_its_stream_breaks() {
    // The helper says 5 bytes for its hello, 7 for the process, some 40 of output and 5 for the end.
    for after in 0..70 {
        let bench = bench().await;
        let fault = json!({"on": "exec", "effect": {"stream": {"afterBytes": after}}});
        bench.emulator.with_faults(|board| board.add(fault)).unwrap();
        bench.apply(&strong("alive:1", "")).await.all_done();
        assert_eq!(bench.emulator.begun().len(), 2, "the answer breaks after {after} bytes");
    }
    for after in (0..800).step_by(7) {
        let bench = bench().await;
        bench.course.trouble(Script { of: "DIAL", number: 1, trouble: Trouble::HeardUpTo(after) });
        bench.apply(&strong("alive:1", "")).await.all_done();
        assert_eq!(bench.emulator.begun().len(), 2, "{after} bytes are heard");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_container_is_started_anew_follows_its_rule() {
    for (more, times) in [("", 1), ("  interrupted: rerun", 2)] {
        let bench = bench().await;
        // In the middle of the first run.
        let fault = json!({"on": "started", "effect": {"restart": {"after": "5s"}}});
        bench.emulator.with_faults(|board| board.add(fault)).unwrap();
        let manifests = strong("alive:1", more);
        let applied = bench.apply(&manifests).await;
        if times == 1 {
            let told = applied.ends().iter().any(
                |end| matches!(end, End::TaskFailed { exit: None, why } if why.contains("nothing tells how it ended")),
            );
            assert!(told, "{:?}", applied.ends());
        } else {
            applied.all_done();
        }
        let begun = || bench.emulator.begun().iter().filter(|argv| argv[1] == "cat").count();
        assert_eq!(begun(), times, "{more}");
        // What ended is not repeated.
        bench.apply(&manifests).await;
        assert_eq!(begun(), times, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_prints_nothing_for_too_long_is_ended_in_its_container() {
    // It prints after one second and again after four more.
    for (more, ended) in [
        ("  idleTimeout: 10s", None),
        ("  idleTimeout: 3s", Some((Limit::Idle, 3))),
        ("  idleTimeout: 3s\n  timeout: 2s", Some((Limit::Total, 2))),
        ("  timeout: 1m", None),
    ] {
        let bench = bench().await;
        let manifests = strong("alive:1", more);
        let applied = bench.apply(&manifests).await;
        let Some((limit, seconds)) = ended else {
            applied.all_done();
            continue;
        };
        let over = End::TimedOut { limit, allowed: Duration::from_secs(seconds) };
        assert_eq!(applied.ends().into_iter().rfind(|end| matches!(end, End::TimedOut { .. })), Some(&over));
        assert_eq!((applied.tally.timed_out, applied.tally.skipped), (1, 1));
        assert!(!applied.lines().iter().any(|line| line.contains("answered")), "{:?}", applied.lines());
        // It has ended in its container too, so nothing else speaks of it as alive.
        let tags = bench.world().await["jobs"]["tags"]["acitask-run.post-cat"].to_string();
        assert!(tags.contains("timeout"), "{tags}");
        assert_eq!(bench.emulator.begun().len(), 1);
    }
}
