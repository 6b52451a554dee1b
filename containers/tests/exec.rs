//! The exec helper over a real terminal: bytes, codes, signals, and the loss of the stream.

mod pty;

use std::time::{Duration, Instant};

use pty::{BINARY, Call, Id, Outcome, Said, query, run};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// A command that says `ready` and lives until a file stands; then it ends with 5.
const UNTIL: &str = "echo ready; while [ ! -e \"$0\" ]; do sleep 0.05; done; exit 5";

/// Waits until something holds.
fn eventually(mut holds: impl FnMut() -> Outcome<bool>) -> Outcome {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds()? {
        if Instant::now() > until {
            return Err("it never came to hold".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Whether a process is no more.
fn gone(pid: i32) -> bool {
    Pid::from_raw(pid).is_none_or(|pid| test_kill_process(pid).is_err())
}

/// Bytes that look random and hold every value.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24).try_into().unwrap_or_default()
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn every_argument_arrives_as_it_is() -> Outcome {
    let long = "ä\n\x03\x04\t".repeat(15_000);
    let words = ["%s\\0", "", "two words", "line\nfeed", "\"q'u`o$t\\es", "größe 犬", "-n", "\x1e", &long];
    let mut call = Call::new()?;
    call.say('a', "printf")?;
    for word in words {
        let mut pieces = word.as_bytes().chunks(3001);
        call.say('a', pieces.next().unwrap_or_default())?;
        pieces.try_for_each(|piece| call.say('+', piece))?;
    }
    call.write("g\nz\n")?;
    let said = call.finish()?;
    let expected: String = words.iter().skip(1).map(|word| format!("{word}\0")).collect();
    assert!(said.output == expected.as_bytes(), "{} bytes", said.output.len());
    assert_eq!((said.end.as_str(), said.code), ("x 0", Some(0)));
    Ok(())
}

#[test]
fn the_environment_is_added_to_and_the_folder_set() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut call = Call::new()?;
    call.command(&["sh", "-c", "printf '%s|%s|' \"$ADDED\" \"${PATH:+kept}\"; pwd -P"])?;
    call.say('e', "ADDED=a=b\nc")?;
    call.say('d', folder.path().as_os_str().as_encoded_bytes())?;
    call.write("g\r\nz\r\n")?;
    let said = call.finish()?;
    let expected = format!("a=b\nc|kept|{}\n", folder.path().canonicalize()?.display());
    assert_eq!(String::from_utf8(said.output)?, expected);
    Ok(())
}

#[test]
fn input_arrives_byte_for_byte() -> Outcome {
    let sent = noise(1_000_000);
    let mut call = Call::new()?;
    call.command(&["cat"])?;
    call.write("g\n")?;
    sent.chunks(30_000).try_for_each(|piece| call.say('i', piece))?;
    call.write("z\n")?;
    let said = call.finish()?;
    assert!(said.output == sent, "{} bytes", said.output.len());
    assert_eq!(said.end, "x 0");
    Ok(())
}

#[test]
fn ten_megabytes_of_output_arrive_byte_for_byte() -> Outcome {
    let file = tempfile::NamedTempFile::new()?;
    let bytes = noise(10 << 20);
    std::fs::write(file.path(), &bytes)?;
    let said = run(&["cat", &file.path().to_string_lossy()])?;
    assert!(said.output == bytes, "{} bytes", said.output.len());
    assert_eq!(said.end, "x 0");
    Ok(())
}

#[test]
fn errors_stay_apart_and_the_code_is_told() -> Outcome {
    let said = run(&["sh", "-c", "echo out; echo err >&2; exit 3"])?;
    let expected =
        Said { output: b"out\n".to_vec(), errors: b"err\n".to_vec(), end: "x 3".to_owned(), code: Some(3) };
    assert_eq!(said, expected);
    Ok(())
}

#[test]
fn a_command_has_no_terminal() -> Outcome {
    let script = "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || true 2>&1 </dev/tty || echo none";
    let said = run(&["sh", "-c", script])?;
    assert!(said.output.ends_with(b"none\n"), "{said:?}");
    Ok(())
}

#[test]
fn a_signal_is_told_as_128_and_its_number() -> Outcome {
    assert_eq!(run(&["sh", "-c", "kill -9 $$"])?.end, "x 137");
    assert_eq!(run(&["sh", "-c", "kill -TERM $$"])?.end, "x 143");
    // The helper's own way to live with a closed pipe is not handed down.
    assert_eq!(run(&["sh", "-c", "kill -PIPE $$"])?.end, "x 141");
    Ok(())
}

#[test]
fn what_cannot_start_says_why() -> Outcome {
    let said = run(&["/no/such/program"])?;
    assert_eq!((said.end.as_str(), said.code), ("f 127 \"/no/such/program\": not found", Some(127)));
    let said = run(&["/etc/passwd"])?;
    assert_eq!((said.end.as_str(), said.code), ("f 126 \"/etc/passwd\": permission denied", Some(126)));
    let said = run(&["echo", &"x".repeat(140_000)])?;
    assert_eq!((said.end.as_str(), said.code), ("f 126 \"echo\": argument list too long", Some(126)));
    let mut call = Call::new()?;
    call.command(&["true"])?;
    call.say('d', "/no/such/folder")?;
    call.write("g\n")?;
    let end = call.finish()?.end;
    assert_eq!(end, "f 126 working directory \"/no/such/folder\": not a directory");
    Ok(())
}

#[test]
fn a_bad_frame_starts_nothing() -> Outcome {
    for (text, why) in [
        ("ls -l\n", "no such frame: 'l'"),
        ("a ###\n", "the value of 'a' is not base64"),
        ("g\n", "no program is named"),
        ("q Li4v\n", "\"../\" is no run id"),
        ("c\n", "cancelled before it began"),
    ] {
        let mut call = Call::new()?;
        call.write(text)?;
        let said = call.finish()?;
        assert_eq!((said.end, said.code), (format!("f 125 {why}"), Some(125)));
    }
    Ok(())
}

#[test]
fn a_cancel_ends_the_whole_group() -> Outcome {
    let mut call = Call::new()?;
    call.command(&["sh", "-c", "sleep 60 & echo $!; wait"])?;
    call.write("g\n")?;
    call.pid()?;
    let child = String::from_utf8(call.output()?)?.trim().parse()?;
    call.write("c\n")?;
    assert_eq!(call.finish()?.end, "x 143");
    // The orphan is gone or waits for process 1 to collect it.
    eventually(|| {
        let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        Ok(gone(child) || state.contains(") Z "))
    })
}

#[test]
fn a_cancel_that_is_not_heard_becomes_a_kill() -> Outcome {
    let mut call = Call::new()?;
    call.command(&["sh", "-c", "trap '' TERM; while :; do echo busy; done"])?;
    call.write("g\n")?;
    call.pid()?;
    call.output()?;
    call.write("c\n")?;
    assert_eq!(call.finish()?.end, "x 137");
    Ok(())
}

#[test]
fn what_a_command_leaves_behind_does_not_hold_up_its_end() -> Outcome {
    let begun = Instant::now();
    let said = run(&["sh", "-c", "sleep 15 & echo done"])?;
    assert_eq!((said.output.as_slice(), said.end.as_str()), (b"done\n".as_slice(), "x 0"));
    assert!(begun.elapsed() < Duration::from_secs(12));
    Ok(())
}

#[test]
fn a_plain_command_dies_with_its_stream() -> Outcome {
    for script in ["echo ready; exec sleep 60", "trap '' TERM HUP; echo ready; while :; do sleep 1; done"] {
        let mut call = Call::new()?;
        call.command(&["sh", "-c", script])?;
        call.write("g\nz\n")?;
        let pid = call.pid()?;
        call.output()?;
        let mut helper = call.hang_up()?;
        eventually(|| Ok(gone(pid)))?;
        helper.wait()?;
    }
    Ok(())
}

#[test]
fn a_run_survives_its_stream_and_its_trace_tells() -> Outcome {
    let id = Id::new("survives");
    let folder = tempfile::tempdir()?;
    let flag = folder.path().join("flag");
    assert_eq!(query(&id.0)?, "t none");

    let mut call = Call::new()?;
    // It also goes on writing, more than any buffer holds.
    let script = format!("head -c 300000 /dev/zero; {UNTIL}");
    call.command(&["sh", "-c", &script, &flag.to_string_lossy()])?;
    call.say('r', &id.0)?;
    call.write("g\n")?;
    let pid = call.pid()?;
    let mut helper = call.hang_up()?;
    assert_eq!(query(&id.0)?, format!("t running {pid}"));

    let mut second = Call::new()?;
    second.command(&["true"])?;
    second.say('r', &id.0)?;
    second.write("g\n")?;
    assert_eq!(second.finish()?.end, "f 125 already");

    std::fs::write(&flag, "")?;
    helper.wait()?;
    assert_eq!(query(&id.0)?, "t ended 5");
    let text = std::fs::read_to_string(id.trace())?;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("begun 1"), "{text}");
    assert_eq!(lines[1..], [format!("pid {pid}"), "exit 5".to_owned()]);
    Ok(())
}

#[test]
fn a_client_that_does_not_read_does_not_hide_the_end_of_a_run() -> Outcome {
    let id = Id::new("stalled");
    let mut call = Call::new()?;
    // More than the terminal holds once it is written as frames, and less than the pipe does: how much the helper holds
    // depends on the pieces in which it comes.
    let script = "read line; head -c 60000 /dev/zero; exit 6";
    call.command(&["sh", "-c", script])?;
    call.say('r', &id.0)?;
    call.write("g\n")?;
    call.pid()?;
    call.stall();
    call.say('i', "go\n")?;
    eventually(|| {
        let told = query(&id.0)?;
        assert_ne!(told, "t lost");
        Ok(told == "t ended 6")
    })?;
    call.hang_up()?.wait()?;
    Ok(())
}

#[test]
fn a_run_is_ended_by_a_second_call() -> Outcome {
    for (word, ended) in [("TERM", "t ended 143"), ("KILL", "t ended 137")] {
        let id = Id::new(&format!("signal-{}", word.to_lowercase()));
        let mut run = Call::new()?;
        run.command(&["sleep", "60"])?;
        run.say('r', &id.0)?;
        run.write("g\n")?;
        run.pid()?;
        let mut call = Call::new()?;
        call.say('k', format!("{} {word}", id.0))?;
        // The signal is sent; whether the end is already written is the run's own business.
        let end = call.finish()?.end;
        assert!(end == ended || end.starts_with("t running "), "{end}");
        run.finish()?;
        assert_eq!(query(&id.0)?, ended);
    }
    Ok(())
}

#[test]
fn a_run_that_cannot_start_leaves_that_in_its_trace() -> Outcome {
    let id = Id::new("not-found");
    let mut call = Call::new()?;
    call.command(&["/no/such/program"])?;
    call.say('r', &id.0)?;
    call.write("g\n")?;
    assert_eq!(call.finish()?.code, Some(127));
    assert_eq!(query(&id.0)?, "t ended 127");
    Ok(())
}

#[test]
fn a_run_whose_helper_and_process_are_gone_is_lost() -> Outcome {
    let id = Id::new("lost");
    let mut call = Call::new()?;
    call.command(&["sleep", "60"])?;
    call.say('r', &id.0)?;
    call.write("g\n")?;
    let pid = call.pid()?;
    let mut helper = call.hang_up()?;
    assert_eq!(query(&id.0)?, format!("t running {pid}"));
    helper.kill()?;
    helper.wait()?;
    assert_eq!(query(&id.0)?, format!("t running {pid}"));
    kill_process(Pid::from_raw(pid).ok_or("no pid")?, Signal::KILL)?;
    // A process that was sent SIGKILL still lives until it is next scheduled.
    eventually(|| Ok(query(&id.0)? == "t lost"))
}

#[test]
fn pipes_do_where_there_is_no_terminal() -> Outcome {
    use std::io::{Read, Write};
    let mut helper = std::process::Command::new(BINARY)
        .arg("acitask-exec")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut input = helper.stdin.take().ok_or("no input")?;
    input.write_all(b"a ZWNobw==\na aGk=\ng\nz\n")?;
    let mut text = String::new();
    helper.stdout.take().ok_or("no output")?.read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2], lines[3]), ("\x1eh 1", "\x1eo aGkK", "\x1ex 0"));
    Ok(())
}
