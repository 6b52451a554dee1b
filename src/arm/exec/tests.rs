//! The script against real shells on a real terminal.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::script::Fed;
use super::shell::{Event, Line, Marks};
use super::{Command, Signal, Trace, script};
use crate::clock::Clock;
use crate::model::record::RunId;
use crate::model::secret::Secret;

type Fault = Box<dyn std::error::Error>;

const NONCE: &str = "t3st";
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell on a terminal of its own, as an exec of `/bin/sh` gives it.
struct Session {
    typed: File,
    said: Receiver<Vec<u8>>,
    child: Child,
    marks: Marks,
    /// What was heard and not yet looked at.
    heard: VecDeque<Event>,
    line: Line,
}

impl Session {
    fn begin(shell: &[&str]) -> Result<Self, Fault> {
        Self::begin_slow(shell, Duration::ZERO)
    }

    /// Hears no more than 777 bytes, and then pauses.
    fn begin_slow(shell: &[&str], pause: Duration) -> Result<Self, Fault> {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        let name = ptsname(&terminal, Vec::new())?.into_string()?;
        let other = || File::options().read(true).write(true).open(&name);
        let child = Process::new("setsid")
            .args(["--ctty", "--wait"])
            .args(shell)
            .stdin(Stdio::from(other()?))
            .stdout(Stdio::from(other()?))
            .stderr(Stdio::from(other()?))
            .spawn()?;
        let mut heard = File::from(terminal);
        let typed = heard.try_clone()?;
        let (sender, said) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 777];
            while let Ok(count @ 1..) = heard.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
                std::thread::sleep(pause);
            }
        });
        Ok(Self { typed, said, child, marks: Marks::new(NONCE), heard: VecDeque::new(), line: Line::Raw })
    }

    /// Types in the background, so that two full buffers cannot hold each other up.
    fn type_in(&self, text: String) -> Result<(), Fault> {
        let mut typed = self.typed.try_clone()?;
        std::thread::spawn(move || typed.write_all(text.as_bytes()));
        Ok(())
    }

    /// Everything until the event that ends it.
    fn until(&mut self, end: impl Fn(&Event) -> bool) -> Result<(Vec<u8>, Event), Fault> {
        let deadline = Instant::now() + PATIENCE;
        let mut output = Vec::new();
        loop {
            while let Some(event) = self.heard.pop_front() {
                match event {
                    event if end(&event) => return Ok((output, event)),
                    Event::Output(bytes) => output.extend_from_slice(&bytes),
                    _ => {}
                }
            }
            match self.said.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.heard.extend(self.marks.feed(&bytes)),
                Err(RecvTimeoutError::Timeout) => return Err("the shell says nothing more".into()),
                Err(RecvTimeoutError::Disconnected) => return Err("the shell is gone".into()),
            }
        }
    }

    fn open(shell: &[&str]) -> Result<Self, Fault> {
        let mut session = Self::begin(shell)?;
        session.type_in(script::opening(NONCE))?;
        if let (_, Event::Ready(line)) = session.until(|event| matches!(event, Event::Ready(_)))? {
            session.line = line;
        }
        Ok(session)
    }

    /// Answers a terminal that echoes.
    fn settle(&mut self) -> Result<(), Fault> {
        if self.line == Line::Cooked {
            self.until(|event| matches!(event, Event::Ready(_)))?;
            self.type_in(script::SETTLED.to_owned())?;
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shells of this machine, as an interactive shell of an image would be.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["/bin/sh"], vec!["/bin/dash"], vec!["/bin/bash", "--posix"], vec!["/bin/busybox", "ash"]];
    all.into_iter().filter(|shell| Path::new(shell[0]).exists()).collect()
}

fn command(argv: &[&str]) -> Command {
    Command {
        argv: argv.iter().map(|text| (*text).to_owned()).collect(),
        env: Vec::new(),
        dir: None,
        run: None,
        attempt: 1,
        nonce: NONCE.into(),
    }
}

fn carry(shell: &[&str], command: &Command) -> Result<(Vec<u8>, Event), Fault> {
    carry_fed(shell, command, Fed::Nothing, "")
}

/// The same with input in the script, or typed after it.
fn carry_fed(
    shell: &[&str],
    command: &Command,
    fed: Fed<'_>,
    after: &str,
) -> Result<(Vec<u8>, Event), Fault> {
    let mut session = Session::open(shell)?;
    let line = session.line;
    session.type_in(script::command(command, line, fed)? + after)?;
    session.settle()?;
    session.until(|event| matches!(event, Event::Ended(_) | Event::Already | Event::NoFolder))
}

fn ask(shell: &[&str], run: &RunId, signal: Option<Signal>) -> Result<Event, Fault> {
    let mut session = Session::open(shell)?;
    session.type_in(script::question(run, signal, NONCE))?;
    Ok(session.until(|event| matches!(event, Event::Trace(_)))?.1)
}

/// An id that no other test and no test before has used.
fn fresh(what: &str) -> RunId {
    RunId::new(format!("{what}-{}", Clock::system().draw(16)))
}

fn trace_file(run: &RunId) -> String {
    format!("/tmp/.acitask-{run}")
}

#[test]
fn arguments_environment_folder_and_code_arrive() -> Result<(), Fault> {
    let wild = "a b'\"`$(x)\\\t\x03\x04\r\né漢\u{1f415}\n\n";
    let long: String = (0..20_000u32).filter_map(|n| char::from_u32(n * 7919 % 0x2fff + 1)).collect();
    for shell in shells() {
        let shown = Command {
            argv: ["sh", "-c", r#"printf '%s|' "$@" "$VAR" "$PWD";exit 37"#, "x", wild, "", &long]
                .map(str::to_owned)
                .to_vec(),
            env: vec![("VAR".into(), Secret::new(wild))],
            dir: Some("/usr".into()),
            ..command(&[])
        };
        let (output, end) = carry(&shell, &shown)?;
        let expected = format!("{wild}||{long}|{wild}|/usr|");
        assert!(output == expected.as_bytes(), "{shell:?}: {}", String::from_utf8_lossy(&output));
        assert_eq!(end, Event::Ended(37), "{shell:?}");
    }
    Ok(())
}

#[test]
fn input_is_exact_and_ends() -> Result<(), Fault> {
    let bytes: Vec<u8> = (0..=255u8).cycle().take(20_000).collect();
    for shell in shells() {
        let cat = command(&["cat"]);
        let typed = script::input(&bytes) + script::INPUT_END;
        for (fed, after) in [(Fed::Whole(&bytes), ""), (Fed::Lines, typed.as_str())] {
            let carried = carry_fed(&shell, &cat, fed, after)?;
            assert!(carried == (bytes.clone(), Event::Ended(0)), "{shell:?}");
        }
        // Who does not read does not wait for the end of the input.
        let deaf = command(&["sh", "-c", "exit 4"]);
        assert_eq!(carry_fed(&shell, &deaf, Fed::Lines, "abc\n")?.1, Event::Ended(4), "{shell:?}");
        // Without input a command that reads ends at once.
        assert_eq!(carry(&shell, &command(&["cat"]))?, (Vec::new(), Event::Ended(0)), "{shell:?}");
    }
    Ok(())
}

#[test]
fn what_cannot_start_says_so() -> Result<(), Fault> {
    for shell in shells() {
        assert_eq!(carry(&shell, &command(&["/no/such/program"]))?.1, Event::Ended(127), "{shell:?}");
        // A builtin's name is a program's name here.
        assert_eq!(carry(&shell, &command(&["exit", "5"]))?.1, Event::Ended(127), "{shell:?}");
        let elsewhere = Command { dir: Some("/no/such/folder".into()), ..command(&["true"]) };
        assert_eq!(carry(&shell, &elsewhere)?.1, Event::NoFolder, "{shell:?}");
    }
    Ok(())
}

#[test]
fn a_run_leaves_a_trace_and_is_not_begun_twice() -> Result<(), Fault> {
    for shell in shells() {
        let run = fresh("once");
        assert_eq!(ask(&shell, &run, None)?, Event::Trace(Trace::NeverBegan), "{shell:?}");
        let once = Command { run: Some(run.clone()), ..command(&["sh", "-c", "cat;exit 3"]) };
        let carried = carry_fed(&shell, &once, Fed::Whole(b"input"), "")?;
        assert_eq!(carried, (b"input".to_vec(), Event::Ended(3)), "{shell:?}");
        assert_eq!(carry(&shell, &once)?.1, Event::Already, "{shell:?}");
        assert_eq!(ask(&shell, &run, None)?, Event::Trace(Trace::Ended(3)), "{shell:?}");
        std::fs::remove_file(trace_file(&run))?;
    }
    Ok(())
}

#[test]
fn a_run_needs_nothing_beside_the_shell() -> Result<(), Fault> {
    let bare = ["/usr/bin/env", "-i", "PATH=/nowhere", "/bin/sh"];
    let run = fresh("bare");
    let program = "echo one;printf 'two\\\\\nthree';exit 3";
    let once = Command { run: Some(run.clone()), ..command(&["/bin/sh", "-c", program]) };
    let (output, end) = carry(&bare, &once)?;
    // Without stty the terminal puts a return before each line end, and the shell's copy passes that on.
    let text = String::from_utf8_lossy(&output).replace('\r', "");
    assert_eq!((text.as_str(), end), ("one\ntwo\\\nthree", Event::Ended(3)));
    assert_eq!(ask(&bare, &run, None)?, Event::Trace(Trace::Ended(3)));
    std::fs::remove_file(trace_file(&run))?;
    Ok(())
}

#[test]
fn no_echo_is_taken_for_output_however_slowly_it_is_heard() -> Result<(), Fault> {
    let bare = ["/usr/bin/env", "-i", "PATH=/nowhere", "/bin/sh"];
    let long = "0123456789 '\"\\$é漢".repeat(2_000);
    let shown = command(&["/bin/sh", "-c", "printf '%s|' \"$1\"", "x", &long]);
    for pause in [0, 1, 3] {
        let mut session = Session::begin_slow(&bare, Duration::from_millis(pause))?;
        session.type_in(script::opening(NONCE))?;
        session.until(|event| *event == Event::Ready(Line::Cooked))?;
        session.line = Line::Cooked;
        session.type_in(script::command(&shown, Line::Cooked, Fed::Nothing)?)?;
        session.settle()?;
        let (output, end) = session.until(|event| matches!(event, Event::Ended(_)))?;
        assert_eq!(end, Event::Ended(0));
        let expected = format!("{long}|");
        let same = output.iter().zip(expected.as_bytes()).take_while(|(one, other)| one == other).count();
        assert!(output == expected.as_bytes(), "{pause} ms: differs at {same} of {}", expected.len());
    }
    Ok(())
}

#[test]
fn a_run_survives_its_terminal_and_can_be_ended() -> Result<(), Fault> {
    for shell in shells() {
        let run = fresh("alive");
        let program = "while :;do echo tick;sleep 0.1;done";
        let alive = Command { run: Some(run.clone()), ..command(&["sh", "-c", program]) };
        let mut session = Session::open(&shell)?;
        session.type_in(script::command(&alive, Line::Raw, Fed::Nothing)?)?;
        session.until(|event| matches!(event, Event::Output(_)))?;
        drop(session);
        assert!(matches!(ask(&shell, &run, None)?, Event::Trace(Trace::Running(_))), "{shell:?}");
        ask(&shell, &run, Some(Signal::Term))?;
        let deadline = Instant::now() + PATIENCE;
        let mut told = ask(&shell, &run, None)?;
        // Whoever waits for the process needs a moment to write down how it ended.
        while matches!(told, Event::Trace(Trace::Running(_))) && Instant::now() < deadline {
            told = ask(&shell, &run, None)?;
        }
        assert_eq!(told, Event::Trace(Trace::Ended(143)), "{shell:?}");
        std::fs::remove_file(trace_file(&run))?;
    }
    Ok(())
}

/// Whether a process has this word among its arguments; one that is dead and not yet waited for has none.
fn is_alive(word: &str) -> Result<bool, Fault> {
    let lines = std::fs::read_dir("/proc")?.flatten().map(|entry| entry.path().join("cmdline"));
    Ok(lines
        .filter_map(|path| std::fs::read(path).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(word)))
}

#[test]
fn the_processes_of_a_plain_command_can_be_ended() -> Result<(), Fault> {
    for shell in shells() {
        // It does not listen to what a cancel sends first, and has a child.
        let program = "trap '' TERM HUP;sleep 600 & echo on;wait;while :;do sleep 600;done";
        let word = fresh("stubborn").to_string();
        let stubborn = command(&["sh", "-c", program, &word]);
        let mut session = Session::open(&shell)?;
        session.type_in(script::command(&stubborn, Line::Raw, Fed::Nothing)?)?;
        let (_, Event::Begun(leader)) = session.until(|event| matches!(event, Event::Begun(_)))? else {
            return Err("it did not begin".into());
        };
        session.until(|event| matches!(event, Event::Output(_)))?;
        let told = |signal| -> Result<Event, Fault> {
            let mut session = Session::open(&shell)?;
            session.type_in(script::group(leader, signal, NONCE))?;
            let told = session.until(|event| matches!(event, Event::Trace(_)));
            Ok(told.map_err(|fault| format!("{shell:?}, {signal:?}: {fault}"))?.1)
        };
        assert_eq!(told(Some(Signal::Term))?, Event::Trace(Trace::Running(leader)), "{shell:?}");
        told(Some(Signal::Kill))?;
        let deadline = Instant::now() + PATIENCE;
        while is_alive(&word)? {
            assert!(Instant::now() < deadline, "{shell:?}: it lives on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

#[test]
fn a_person_has_the_terminal_and_learns_the_code() -> Result<(), Fault> {
    for shell in shells() {
        let mut session = Session::open(&shell)?;
        let program =
            "test -t 0&&test -t 1&&echo tty;read -r line;printf '%s|' \"got $line\" \"$1\";exec sleep 600";
        let shown = command(&["sh", "-c", program, "x", "a b"]);
        session.type_in(script::interactive(&shown, Line::Raw)?)?;
        session.until(|event| matches!(event, Event::Begun(_)))?;
        session.type_in("typed\r".to_owned())?;
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains("got typed|a b|") {
            let (_, event) = session.until(|event| matches!(event, Event::Output(_) | Event::Ended(_)))?;
            let Event::Output(bytes) = event else { return Err(format!("{shell:?}: {event:?}").into()) };
            said.extend_from_slice(&bytes);
        }
        assert!(String::from_utf8_lossy(&said).contains("tty\r\n"), "{shell:?}");
        // Ctrl-C ends the command, and the shell that carries it tells so.
        session.type_in("\u{3}".to_owned())?;
        let (_, end) = session.until(|event| matches!(event, Event::Ended(_)))?;
        assert_eq!(end, Event::Ended(130), "{shell:?}");
    }
    Ok(())
}
