//! Limits of CPU and memory, and that no control group is left.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use acitask_emulator::contract::{Command, Event, Launch};
use acitask_emulator::image::Settings;

use crate::Outcome;
use crate::bench::{Bench, SANDBOX, eventually, script};

/// The control groups of a bench, as it remembers them for the next one in its folder.
pub(crate) fn groups(bench: &std::path::Path) -> Vec<PathBuf> {
    let note = fs::read_to_string(bench.join("scratch/groups")).unwrap_or_default();
    note.lines().map(PathBuf::from).collect()
}

/// A bench whose containers have limits; none, said so, where this machine allows none.
async fn limited() -> Result<Option<Bench>, Box<dyn std::error::Error>> {
    let bench = Bench::with(Settings::default()).await?;
    if let Some(why) = bench.unlimited() {
        println!("skipped: no limits on this machine: {why}");
        return Ok(None);
    }
    Ok(Some(bench))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_too_much_memory_is_ended_and_it_is_told() -> Outcome {
    let Some(mut bench) = limited().await? else {
        return Ok(());
    };
    let small = |text: &str| Launch { memory_mib: Some(24), ..script(text) };
    let hog = "x=x; while :; do x=$x$x; done";
    for (text, end) in [
        (hog.to_owned(), (137, true)),
        (format!("sh -c '{hog}'; exit $?"), (137, true)),
        // A parent that could do without its child.
        (format!("sh -c '{hog}'; exit 0"), (0, false)),
        ("exit 137".to_owned(), (137, false)),
        ("kill -9 $$; sh -c 'kill -9 $PPID'; exit 1".to_owned(), (1, false)),
    ] {
        bench.started(small(&text)).await?;
        let Event::Exited { code, out_of_memory, .. } = bench.event().await? else {
            return Err("no end".into());
        };
        assert_eq!((code, out_of_memory), end, "{text}");
    }
    for own in groups(bench.folder()) {
        let left = fs::read_dir(&own)?.flatten().filter(|entry| entry.path().is_dir());
        assert_eq!(left.count(), 0, "{own:?}");
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn execs_are_within_the_limits() -> Outcome {
    let Some(mut bench) = limited().await? else {
        return Ok(());
    };
    bench
        .started(Launch { memory_mib: Some(24), cpu_milli: Some(500), ..script("echo up; sleep 1000") })
        .await?;
    bench.said(1).await?;
    let mut stream = bench.exec(&["sh", "-c", "sh -c 'x=x; while :; do x=$x$x; done'; echo code $?"]).await?;
    let mut shown = Vec::new();
    while let Some(chunk) = stream.output.recv().await {
        shown.extend_from_slice(&chunk);
    }
    assert!(String::from_utf8_lossy(&shown).contains("code 137"), "{:?}", String::from_utf8_lossy(&shown));
    bench.runtime.perform(Command::Kill { sandbox: SANDBOX, container: "main".into() });
    assert_eq!(bench.exited().await?, 137);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_its_share_of_the_processor() -> Outcome {
    let Some(mut bench) = limited().await? else {
        return Ok(());
    };
    // A fifth of a core: what takes it a second of processor time takes at least four on the clock.
    let busy = "i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; \
        read -r all < /proc/self/stat; set -- $all; echo $((${14} + ${15}))";
    let before = Instant::now();
    bench.started(Launch { cpu_milli: Some(200), ..script(busy) }).await?;
    let code = tokio::time::timeout(std::time::Duration::from_secs(120), bench.events.recv()).await?;
    assert!(matches!(code, Some(Event::Exited { code: 0, .. })), "{code:?}");
    let took = before.elapsed().as_secs_f64();
    let used = bench.lines().await.first().ok_or("it said nothing")?.parse::<f64>()? / 100.0;
    println!("{used} s of processor time took {took} s");
    assert!(took >= (used - 0.1) * 4.0, "{used} s of processor time took {took} s");
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_group_is_left() -> Outcome {
    let Some(mut bench) = limited().await? else {
        return Ok(());
    };
    bench.started(script("echo up; sleep 1000")).await?;
    let own = groups(bench.folder());
    assert!(!own.is_empty());
    let inside =
        |own: &PathBuf| Some(fs::read_dir(own).ok()?.flatten().filter(|entry| entry.path().is_dir()).count());
    assert!(own.iter().all(|own| inside(own) == Some(1)));
    bench.runtime.perform(Command::Stop { sandbox: SANDBOX });
    bench.exited().await?;
    let empty = || async { own.iter().all(|own| inside(own) == Some(0)).then_some(()) };
    eventually(empty).await?;
    bench.runtime.shutdown().await;
    assert!(own.iter().all(|own| !own.exists()));
    Ok(())
}
