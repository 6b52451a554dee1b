//! 200 generated argvs, however they are carried: by the helper and by each shell, with and without `stty`, where the
//! service splits the command and where it does not, whole streams and streams whose messages cut marks and characters and
//! that end without a close.
//!
//! Each argv is tried in some combination; `ACITASK_ARGVS=all` tries all of them in all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use super::{Lines, Place, Stand, apply, places, say, trouble};

const COUNT: usize = 200;
/// A long argument; the kernel allows 128 KiB.
const LONG: usize = 100_000;
/// How often an argv is a long one.
const OFTEN: usize = 40;
/// How many commands are under way at once.
const WIDTH: usize = 4;

/// What the service does to an exec: whether it splits the command, and how many bytes a message holds.
const SETTINGS: [(bool, Option<u64>); 4] = [(true, None), (false, None), (true, Some(3)), (false, Some(1))];

/// Arguments that are hard to hand on, the same in each run of the tests.
fn argvs() -> Vec<Vec<String>> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[6; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let hard = prop_oneof![
        Just(String::new()),
        "[ -~]{0,40}",
        "['\"\\\\$`!*?~#&|;<>(){} ]{1,20}",
        "[\n\t ab]{1,12}",
        "[\u{1}-\u{8}\u{b}-\u{1f}\u{7f}]{1,8}",
        "\\PC{0,30}",
        Just("-n".to_owned()),
        Just("--".to_owned()),
        Just(".".to_owned()),
        Just("%s\\n\\c".to_owned()),
    ];
    let some = vec(hard, 0..6);
    let long: String = "0123456789 '\"\\$é漢\n".chars().cycle().take(LONG * 16 / 20).collect();
    let argv = |number: usize, runner: &mut TestRunner| match number % OFTEN {
        0 => vec![long.clone()],
        _ => some.new_tree(runner).unwrap().current(),
    };
    (0..COUNT).map(|number| argv(number, &mut runner)).collect()
}

#[test]
fn any_argument_arrives_however_it_is_carried() {
    let Some(stand) = Stand::native() else { return };
    let began = Instant::now();
    let places = places();
    apply(&stand, &places);
    let argvs = argvs();
    let all = std::env::var_os("ACITASK_ARGVS").is_some_and(|which| which == "all");
    let combinations = places.len() * SETTINGS.len();
    let (count, tried) = (AtomicUsize::new(0), Mutex::new(vec![false; COUNT]));
    for (turn, (split, pieces)) in SETTINGS.into_iter().enumerate() {
        stand.switch(&format!("exec.split={split}"));
        match pieces {
            Some(pieces) => trouble(&stand, json!({"pieces": pieces, "noClose": true})),
            None => drop(stand.emulator.with_faults(|board| board.clear(None))),
        }
        let due: Vec<(&Place, usize)> = places
            .iter()
            .enumerate()
            .flat_map(|(number, place)| {
                let combination = turn * places.len() + number;
                (0..COUNT)
                    .filter(move |argv| all || argv % combinations == combination)
                    .map(move |argv| (place, argv))
            })
            .collect();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..WIDTH {
                scope.spawn(|| {
                    while let Some((place, number)) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let setting = format!("split {split}, pieces {pieces:?}");
                        arrives(&stand, place, &argvs[*number], *number, &setting);
                        count.fetch_add(1, Ordering::Relaxed);
                        tried.lock().unwrap()[*number] = true;
                    }
                });
            }
        });
    }
    let count = count.into_inner();
    let seconds = began.elapsed().as_secs();
    let (places, settings) = (places.len(), SETTINGS.len());
    say(&format!(
        "exec: {COUNT} argvs, {count} commands in {places} containers under {settings} settings, in {seconds} s"
    ));
    assert!(tried.into_inner().unwrap().into_iter().all(|tried| tried));
}

/// One command whose output is its arguments.
fn arrives(stand: &Stand, place: &Place, argv: &[String], number: usize, setting: &str) {
    let code = i32::try_from(number * 17 % 120).unwrap();
    let script = format!("for a do printf '%s|' \"$a\"; done; exit {code}");
    let mut arguments = vec!["exec", &place.name, "--"];
    arguments.extend(place.shell.iter().copied().chain(["-c", &script, "x"]));
    arguments.extend(argv.iter().map(String::as_str));
    let run = stand.acitask(&arguments);
    let mut expected: String = argv.iter().map(|argument| format!("{argument}|")).collect();
    if place.lines == Lines::Returned {
        expected = expected.replace('\n', "\r\n");
    }
    let long = argv.iter().any(|argument| argument.len() > 1_000);
    let shown = if long { "(a long one)".to_owned() } else { format!("{argv:?}") };
    let which = format!("{} under {setting}: argv {number}: {shown}", place.name);
    assert_eq!(run.code, Some(code), "{which}: {}", run.stderr);
    if run.stdout != expected {
        let at = run.stdout.bytes().zip(expected.bytes()).take_while(|(one, other)| one == other).count();
        panic!(
            "{which}: differs at {at} of {}: {:?}",
            expected.len(),
            String::from_utf8_lossy(&run.stdout.as_bytes()[at.saturating_sub(20)..])
                .chars()
                .take(60)
                .collect::<String>()
        );
    }
}
