//! The main process of the strong image: it waits, it reaps, it ends at once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const BINARY: &str = env!("CARGO_BIN_EXE_acitask-tasks");

/// Starts a command and waits for its first line.
fn start(command: &mut Command) -> Outcome<(Child, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok((child, line))
}

#[test]
fn it_says_what_it_waits_for_and_ends_when_told() -> Outcome {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut child, line) = start(Command::new(BINARY).arg("strong"))?;
        assert_eq!(line, "strong: waiting for tasks; exec /strong_task/post to run one\n");
        let pid = Pid::from_raw(child.id().try_into()?).ok_or("no pid")?;
        kill_process(pid, signal)?;
        assert_eq!(child.wait()?.code(), Some(0));
    }
    Ok(())
}

/// A process that somebody else started becomes its child when it is process 1 of a namespace;
/// a shell that turns into it is the simplest such case.
#[test]
fn it_collects_the_children_that_it_did_not_start() -> Outcome {
    let script = "sleep 0.2 & exec \"$0\" strong";
    let (mut child, _) = start(Command::new("sh").args(["-c", script, BINARY]))?;
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !std::fs::read_to_string(&children)?.is_empty() {
        assert!(std::time::Instant::now() < until, "a child is left");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(child.try_wait()?, None, "it lives on without children");
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[test]
fn the_name_it_is_called_by_says_which_program_it_is() -> Outcome {
    let folder = tempfile::tempdir()?;
    let link = folder.path().join("post");
    std::os::unix::fs::symlink(BINARY, &link)?;
    let said = Command::new(&link).arg("--help").output()?;
    assert!(said.stdout.starts_with(b"post [--name NAME]"));
    assert_eq!(said.status.code(), Some(0));
    let said = Command::new(BINARY).arg("nonsense").output()?;
    assert_eq!(said.status.code(), Some(2));
    Ok(())
}
