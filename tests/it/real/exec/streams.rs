//! Standard input as it comes, output as it comes, many bytes, environment and folder.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Lines, SCRATCH, Stand, apply, executing, one, places, say};

/// Bytes without a pattern that a transport could get right by chance.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut all = Vec::with_capacity(count + 8);
    while all.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.extend_from_slice(&state.to_le_bytes());
    }
    all.truncate(count);
    all
}

#[test]
fn fifty_megabytes_come_back_byte_for_byte() {
    let Some(stand) = Stand::native() else { return };
    one(&stand, SCRATCH);
    let began = Instant::now();
    let sent = bytes(50_000_000);
    std::fs::write(stand.file("sent"), &sent).unwrap();
    let mut child = executing(&stand, &[SCRATCH, "--", "/tools/busybox", "cat"])
        .stdin(Stdio::from(File::open(stand.file("sent")).unwrap()))
        .spawn()
        .unwrap();
    let mut received = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(received.len(), sent.len());
    assert!(received == sent, "other bytes came back");
    say(&format!("exec: 50 MB there and back through the helper in {} s", began.elapsed().as_secs()));
}

#[test]
fn input_and_output_go_through_as_they_come() {
    let Some(stand) = Stand::native() else { return };
    let places = places();
    apply(&stand, &places);
    let echo = "while read -r line; do echo \"heard $line\"; done; echo end; exit 7";
    for place in &places {
        let mut arguments = vec![place.name.as_str(), "--"];
        arguments.extend(place.shell.iter().copied().chain(["-c", echo]));
        let mut child =
            executing(&stand, &arguments).stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (mut typed, mut said) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut expect = |text: &str| {
            let mut heard = vec![0; text.len()];
            if said.read_exact(&mut heard).is_err() {
                panic!("{}: it ended before {text:?}", place.name);
            }
            assert_eq!(String::from_utf8_lossy(&heard), text, "{}", place.name);
        };
        match place.lines {
            Lines::Exact => {
                // Each line is answered before the next is said.
                for line in ["one", "two"] {
                    writeln!(typed, "{line}").unwrap();
                    expect(&format!("heard {line}\n"));
                }
                drop(typed);
                expect("end\n");
            }
            Lines::Returned => {
                // Without stty the terminal would echo it: the command begins when its input is known whole.
                typed.write_all(b"one\ntwo\n").unwrap();
                drop(typed);
                expect("heard one\r\nheard two\r\nend\r\n");
            }
        }
        assert_eq!(child.wait().unwrap().code(), Some(7), "{}", place.name);
        // Output comes before the end.
        let slow = "echo first; sleep 3; echo last";
        let mut arguments = vec![place.name.as_str(), "--"];
        arguments.extend(place.shell.iter().copied().chain(["-c", slow]));
        let began = Instant::now();
        let mut child = executing(&stand, &arguments).spawn().unwrap();
        let mut first = [0; 5];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert!(&first == b"first" && began.elapsed() < Duration::from_secs(3), "{}", place.name);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn environment_and_folder_are_the_commands() {
    let Some(stand) = Stand::native() else { return };
    let places = places();
    apply(&stand, &places);
    for place in &places {
        let told = ["--env", "WORD=a 'b' \"c\" $d", "--env", "EMPTY=", "--workdir", "/proc"];
        let mut arguments = [&["exec", place.name.as_str()], &told[..], &["--"]].concat();
        let show = "printf '%s|' \"$WORD\" \"${EMPTY-unset}\" \"$PWD\"";
        arguments.extend(place.shell.iter().copied().chain(["-c", show]));
        let run = stand.acitask(&arguments).ends(0);
        assert_eq!(run.stdout, "a 'b' \"c\" $d||/proc|", "{}", place.name);
        let nowhere = ["exec", place.name.as_str(), "--workdir", "/no/such/folder", "--", place.shell[0]];
        stand.acitask(&nowhere).ends(126);
        stand.acitask(&["exec", place.name.as_str(), "--", "/no/such/program"]).ends(127);
    }
}
