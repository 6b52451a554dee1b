//! A client of the exec helper over a real terminal, for the tests.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// What a test ends with.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_acitask-tasks");

/// How long any answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A helper at the other end of a terminal, past its hello.
pub(crate) struct Call {
    helper: Child,
    master: Arc<File>,
    lines: Receiver<Vec<u8>>,
    listening: Arc<AtomicBool>,
    listener: JoinHandle<()>,
}

/// All that a helper said after its hello.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    /// The last line, its value decoded where it has one.
    pub(crate) end: String,
    /// The exit code of the helper itself.
    pub(crate) code: Option<i32>,
}

impl Call {
    /// Starts a helper as the leader of a session whose terminal is a new one.
    pub(crate) fn new() -> Outcome<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let slave = File::options().read(true).write(true).open(name)?;
        let helper = Command::new("setsid")
            .args(["--ctty", BINARY, "acitask-exec"])
            .stdin(slave.try_clone()?)
            .stdout(slave.try_clone()?)
            .stderr(slave)
            .spawn()?;
        let master = Arc::new(File::from(master));
        let listening = Arc::new(AtomicBool::new(true));
        let (sender, lines) = channel();
        let (end, go_on) = (Arc::clone(&master), Arc::clone(&listening));
        let listener = std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut chunk = vec![0; 1 << 16];
            let tick = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            while go_on.load(Ordering::Acquire) {
                if poll(&mut [PollFd::new(&*end, PollFlags::IN)], Some(&tick)) == Ok(0) {
                    continue;
                }
                let Ok(read) = (&*end).read(&mut chunk) else {
                    return;
                };
                text.extend_from_slice(&chunk[..read]);
                while let Some(at) = text.iter().position(|byte| *byte == b'\n') {
                    let rest = text.split_off(at + 1);
                    if sender.send(std::mem::replace(&mut text, rest)).is_err() {
                        return;
                    }
                }
            }
        });
        let mut call = Self { helper, master, lines, listening, listener };
        assert_eq!(call.answer()?, ('h', "1".to_owned()));
        Ok(call)
    }

    /// Says a frame.
    pub(crate) fn say(&mut self, letter: char, value: impl AsRef<[u8]>) -> Outcome {
        self.write(&format!("{letter} {}\n", STANDARD.encode(value)))
    }

    /// Says a letter alone, or anything else.
    pub(crate) fn write(&mut self, text: &str) -> Outcome {
        Ok((&*self.master).write_all(text.as_bytes())?)
    }

    /// Says a command without its `g`.
    pub(crate) fn command(&mut self, words: &[&str]) -> Outcome {
        words.iter().try_for_each(|word| self.say('a', word))
    }

    /// The next line: its letter and the rest.
    pub(crate) fn answer(&mut self) -> Outcome<(char, String)> {
        let line = String::from_utf8(self.lines.recv_timeout(PATIENCE)?)?;
        let line = line.strip_suffix('\n').ok_or("no line end")?;
        let text = line.strip_prefix('\u{1e}').ok_or("no mark")?;
        let letter = text.chars().next().ok_or("no letter")?;
        Ok((letter, text.get(2..).unwrap_or_default().to_owned()))
    }

    /// The process of the command, once `g` has been said.
    pub(crate) fn pid(&mut self) -> Outcome<i32> {
        let (letter, pid) = self.answer()?;
        assert_eq!(letter, 'p', "{pid}");
        Ok(pid.parse()?)
    }

    /// Waits until the command has said something.
    pub(crate) fn output(&mut self) -> Outcome<Vec<u8>> {
        let (letter, value) = self.answer()?;
        assert_eq!(letter, 'o', "{value}");
        Ok(STANDARD.decode(value)?)
    }

    /// Listens to the end.
    pub(crate) fn finish(mut self) -> Outcome<Said> {
        let mut said = Said::default();
        loop {
            let (letter, value) = self.answer()?;
            match letter {
                'p' => {}
                'o' => said.output.extend(STANDARD.decode(value)?),
                's' => said.errors.extend(STANDARD.decode(value)?),
                'f' => {
                    let (code, why) = value.split_once(' ').ok_or("no reason")?;
                    let why = String::from_utf8(STANDARD.decode(why)?)?;
                    said.end = format!("f {code} {why}");
                    break;
                }
                _ => {
                    said.end = format!("{letter} {value}");
                    break;
                }
            }
        }
        said.code = self.helper.wait()?.code();
        self.hang_up()?;
        Ok(said)
    }

    /// Reads no more, and does not hang up.
    pub(crate) fn stall(&self) {
        self.listening.store(false, Ordering::Release);
    }

    /// Hangs up. The helper comes back, since it may go on.
    pub(crate) fn hang_up(self) -> Outcome<Child> {
        let Self { helper, master, lines: _, listening, listener } = self;
        listening.store(false, Ordering::Release);
        listener.join().map_err(|_| "the listener died")?;
        drop(master);
        Ok(helper)
    }
}

/// Runs a command without input to its end.
pub(crate) fn run(words: &[&str]) -> Outcome<Said> {
    let mut call = Call::new()?;
    call.command(words)?;
    call.write("g\nz\n")?;
    call.finish()
}

/// Asks what became of a run.
pub(crate) fn query(id: &str) -> Outcome<String> {
    let mut call = Call::new()?;
    call.say('q', id)?;
    Ok(call.finish()?.end)
}

/// A run id of this test alone, whose trace goes with it.
pub(crate) struct Id(pub(crate) String);

impl Id {
    pub(crate) fn new(name: &str) -> Self {
        Self(format!("test-{name}-{}", std::process::id()))
    }

    pub(crate) fn trace(&self) -> String {
        format!("/tmp/.acitask-{}", self.0)
    }
}

impl Drop for Id {
    fn drop(&mut self) {
        // There may be none.
        let _ = std::fs::remove_file(self.trace());
    }
}
