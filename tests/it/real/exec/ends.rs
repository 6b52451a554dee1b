//! A command that is ended here is ended in its container too; a stream that breaks off is no command that ended.

use std::io::Read as _;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{Place, SCRATCH, Stand, apply, executing, one, places, trouble};

const PATIENCE: Duration = Duration::from_secs(20);

/// How many processes of this machine have this word in their command line; those of containers are among them.
fn alive(word: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    // The test's own child has it too, as an argument of `exec`.
    let of = |line: Vec<u8>| !line.windows(4).any(|four| four == b"exec");
    processes
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| line.windows(word.len()).any(|part| part == word.as_bytes()) && of(line.clone()))
        .count()
}

#[track_caller]
fn is_gone(word: &str, which: &str) {
    let began = Instant::now();
    while alive(word) > 0 {
        assert!(began.elapsed() < PATIENCE, "{which}: {word} lives on in its container");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Commands that never end by themselves: one that heeds what it is told, and one that does not.
fn endless(place: &Place, number: usize) -> [(String, String); 2] {
    let word = |what: &str| format!("{what}-{}-{number}-{}", place.name, std::process::id());
    let (mild, stubborn) = (word("mild"), word("stubborn"));
    [
        (format!(": {mild}; echo on; while :; do sleep 1; done"), mild),
        (format!(": {stubborn}; trap '' TERM HUP INT; echo on; while :; do sleep 1; done"), stubborn),
    ]
}

fn arguments<'a>(place: &'a Place, limits: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let mut all = vec![place.name.as_str()];
    all.extend(limits.iter().copied().chain(["--"]).chain(place.shell.iter().copied()));
    all.extend(["-c", script]);
    all
}

/// Tries something in all places at once.
fn at_each(places: &[Place], attempt: impl Fn(&Place) + Sync) {
    std::thread::scope(|scope| {
        for place in places {
            scope.spawn(|| attempt(place));
        }
    });
}

#[test]
fn a_time_out_ends_the_command_in_its_container_too() {
    let Some(stand) = Stand::native() else { return };
    let places = places();
    apply(&stand, &places);
    at_each(&places, |place| {
        for (limits, said) in
            [(["--timeout", "2s"], "longer than 2s"), (["--idle-timeout", "1s"], "said nothing for 1s")]
        {
            for (script, word) in endless(place, limits[0].len()) {
                let all = [&["exec"], &arguments(place, &limits, &script)[..]].concat();
                let run = stand.acitask(&all).ends(124).says(&[said]);
                assert_eq!(run.stdout.trim_end(), "on", "{}", place.name);
                is_gone(&word, &place.name);
            }
        }
    });
}

#[test]
fn ctrl_c_ends_the_command_in_its_container_too() {
    let Some(stand) = Stand::native() else { return };
    let places = places();
    apply(&stand, &places);
    at_each(&places, |place| {
        for (script, word) in endless(place, 0) {
            let mut child = executing(&stand, &arguments(place, &[], &script)).spawn().unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
            assert!(alive(&word) > 0, "{}", place.name);
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(pid, Signal::INT).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(130), "{}", place.name);
            is_gone(&word, &place.name);
        }
    });
}

#[test]
fn a_stream_that_breaks_off_is_no_command_that_ended() {
    let Some(stand) = Stand::native() else { return };
    let places = places();
    apply(&stand, &places);
    for place in &places {
        let told = [&["exec"], &arguments(place, &[], "echo on; exit 3")[..]].concat();
        // The marks have told the end; how the connection ends means nothing any more.
        trouble(&stand, json!({"noClose": true}));
        stand.acitask(&told).ends(3);
        let endless = [&["exec"], &arguments(place, &[], "echo on; while :; do sleep 1; done")[..]].concat();
        trouble(&stand, json!({"afterTime": "2s"}));
        stand.acitask(&endless).ends(125).says(&["broke off while the command ran"]);
        stand.emulator.with_faults(|board| board.clear(None));
    }
}

#[test]
fn who_leaves_does_not_wait() {
    let Some(stand) = Stand::native() else { return };
    one(&stand, SCRATCH);
    let place = places().into_iter().find(|place| place.name == SCRATCH).unwrap();
    let [_, (stubborn, word)] = endless(&place, 9);
    let mut child = executing(&stand, &arguments(&place, &[], &stubborn)).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let left = Instant::now();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());
    // The loss of its stream ends it all the same.
    is_gone(&word, &place.name);
}
