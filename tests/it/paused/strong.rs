//! Strong runs in a container that has the helper: cut anywhere, and in a container that is started anew.

use acitask::engine::event::End;
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
