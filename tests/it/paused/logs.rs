//! What a weak task prints is kept whole, however much it is.

use acitask::engine::archive::Archive;
use acitask::model::name::{Name, Owner};
use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exit, Line};

use super::bench::{Bench, images};
use super::runs::ephemeral;

/// Prints so many lines of 100 bytes, so many a second.
fn chatty(lines: u64, a_second: u64) -> Behaviour {
    let line = |number: u64| Line {
        after_ms: 1_000 + number * 1_000 / a_second,
        text: format!("{number:06} {}", "x".repeat(92)),
    };
    Behaviour {
        pull_ms: 500,
        lines: (0..lines).map(line).collect(),
        exit: Some(Exit { after_ms: 1_500 + lines * 1_000 / a_second, ..Exit::default() }),
        ..Behaviour::default()
    }
}

#[tokio::test(start_paused = true)]
async fn three_megabytes_are_told_and_kept_whole() {
    const LINES: u64 = 30_000;
    // All at once, and over a minute while it is followed.
    for a_second in [LINES * 4, LINES / 60] {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Bench::open(images([("task:1", chatty(LINES, a_second))]), &[]).await;
        bench.archive = Some(Archive::new(folder.path().to_owned(), Owner::new(&Name::from("paused"), None)));
        let applied = bench.apply(&ephemeral("task:1", "")).await;
        applied.all_done();
        let lines = applied.lines();
        let missing =
            (0..LINES).zip(&lines).find(|(number, line)| !line.starts_with(&format!("{number:06} ")));
        assert_eq!(missing, None, "{a_second} lines a second");
        assert_eq!(lines.len(), usize::try_from(LINES).unwrap(), "{a_second} lines a second");
        let kept = kept(folder.path());
        assert_eq!(kept.len(), usize::try_from(LINES).unwrap() * 100, "bytes of the log that was kept");
        assert!(kept.lines().eq(lines), "the log that was kept differs");
    }
}

/// The one log below a folder.
fn kept(folder: &std::path::Path) -> String {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "log") {
                found.push(path);
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    std::fs::read_to_string(&found[0]).unwrap()
}
