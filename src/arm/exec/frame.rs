//! The helper's protocol, version 1: bytes in, events out, and the lines that we send. Pure.
//!
//! Lines of the helper begin with byte 0x1E, which no echo of ours can hold. What comes before the hello is kept, cut
//! short, because it says why there is no helper.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{Command, Signal, Trace};
use crate::model::record::RunId;

/// Raw bytes a line, so that a line stays below what a terminal takes at once.
const PIECE: usize = 2_048;
/// A line of 32 KiB in base64 with room to spare; a longer one is no helper's.
const LONGEST: usize = 256 * 1024;
const NOISE: usize = 4_096;

/// What the helper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It is there and speaks this version.
    Hello(u32),
    /// The command has started.
    Started,
    /// Bytes of its standard output.
    Stdout(Bytes),
    /// Bytes of its standard error.
    Stderr(Bytes),
    /// It has ended.
    Ended(i32),
    /// It could not be started.
    Failed { code: i32, message: String },
    /// What became of a run.
    Trace(Trace),
    /// A line that is none of the protocol.
    Odd,
}

/// The reader of the helper's lines.
#[derive(Default)]
pub(super) struct Frames {
    line: Vec<u8>,
    noise: Vec<u8>,
}

impl Frames {
    /// Takes bytes as they come and gives the events that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => events.extend(self.end_of_line()),
                // A mark begins a line wherever it stands: what was before it is not the helper's.
                0x1e => {
                    self.keep_noise();
                    self.line.push(0x1e);
                }
                byte if self.line.len() < LONGEST => self.line.push(*byte),
                _ => {}
            }
        }
        events
    }

    /// What came before the hello or between frames, including a line that has not ended.
    pub(super) fn noise(mut self) -> String {
        self.keep_noise();
        String::from_utf8_lossy(&self.noise).trim().to_owned()
    }

    fn end_of_line(&mut self) -> Option<Event> {
        if self.line.first() != Some(&0x1e) {
            self.line.push(b'\n');
            self.keep_noise();
            return None;
        }
        let line = std::mem::take(&mut self.line);
        let text = std::str::from_utf8(&line[1..]).ok().map(str::trim_end);
        Some(text.and_then(event).unwrap_or(Event::Odd))
    }

    fn keep_noise(&mut self) {
        let room = NOISE.saturating_sub(self.noise.len());
        self.noise.extend(self.line.drain(..).take(room));
    }
}

fn event(line: &str) -> Option<Event> {
    let (letter, rest) = line.split_once(' ').unwrap_or((line, ""));
    Some(match letter {
        "h" => Event::Hello(rest.parse().ok()?),
        "p" => Event::Started,
        "o" => Event::Stdout(decode(rest)?),
        "s" => Event::Stderr(decode(rest)?),
        "x" => Event::Ended(rest.parse().ok()?),
        "f" => {
            let (code, message) = rest.split_once(' ').unwrap_or((rest, ""));
            let message = String::from_utf8_lossy(&decode(message)?).into_owned();
            Event::Failed { code: code.parse().ok()?, message }
        }
        "t" => Event::Trace(trace(rest)?),
        _ => return None,
    })
}

/// `running <pid>`, `ended <code>`, `none`, `lost`, `unknown`; the shell's script says the same words.
pub(super) fn trace(text: &str) -> Option<Trace> {
    let (word, number) = text.split_once(' ').unwrap_or((text, ""));
    Some(match word {
        "running" => Trace::Running(number.parse().ok()?),
        "ended" => Trace::Ended(number.parse().ok()?),
        "none" => Trace::NeverBegan,
        "lost" => Trace::Lost,
        "unknown" => Trace::Unknown,
        _ => return None,
    })
}

fn decode(text: &str) -> Option<Bytes> {
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// The lines that start a command.
pub(super) fn request(command: &Command) -> Bytes {
    let Command { argv, env: _, dir, run, attempt: _, nonce: _ } = command;
    let mut lines = String::new();
    for argument in argv {
        value(&mut lines, 'a', argument.as_bytes());
    }
    for (name, secret) in command.environment() {
        value(&mut lines, 'e', format!("{name}={}", secret.expose()).as_bytes());
    }
    if let Some(dir) = dir {
        value(&mut lines, 'd', dir.as_bytes());
    }
    if let Some(run) = run {
        value(&mut lines, 'r', run.as_str().as_bytes());
    }
    lines.push_str("g\n");
    lines.into()
}

/// The lines of a piece of standard input.
pub(super) fn input(bytes: &[u8]) -> Bytes {
    let mut lines = String::new();
    for piece in bytes.chunks(PIECE) {
        value(&mut lines, 'i', piece);
    }
    lines.into()
}

/// The line that ends standard input.
pub(super) const INPUT_END: &[u8] = b"z\n";

/// The line that asks what became of a run, or signals it first.
pub(super) fn question(run: &RunId, signal: Option<Signal>) -> Bytes {
    let mut lines = String::new();
    match signal {
        None => value(&mut lines, 'q', run.as_str().as_bytes()),
        Some(Signal::Term) => value(&mut lines, 'k', format!("{run} TERM").as_bytes()),
        Some(Signal::Kill) => value(&mut lines, 'k', format!("{run} KILL").as_bytes()),
    }
    lines.into()
}

/// The line that ends the running command.
pub(super) const CANCEL: &[u8] = b"c\n";

fn value(lines: &mut String, letter: char, bytes: &[u8]) {
    let mut letter = letter;
    let mut pieces = bytes.chunks(PIECE);
    loop {
        let piece = pieces.next();
        if piece.is_none() && letter == '+' {
            return;
        }
        lines.push(letter);
        if let Some(piece) = piece {
            lines.push(' ');
            STANDARD.encode_string(piece, lines);
        }
        lines.push('\n');
        letter = '+';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    const SAID: &[u8] = b"motd\r\n$ \x1eh 1\r\n\x1ep 17\n\x1eo aGk=\n\x1es b2g=\nnoise\x1ex 137\n";

    fn events() -> Vec<Event> {
        vec![
            Event::Hello(1),
            Event::Started,
            Event::Stdout(Bytes::from_static(b"hi")),
            Event::Stderr(Bytes::from_static(b"oh")),
            Event::Ended(137),
        ]
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        for size in 1..=SAID.len() {
            let mut frames = Frames::default();
            let heard: Vec<Event> = SAID.chunks(size).flat_map(|chunk| frames.feed(chunk)).collect();
            assert_eq!(heard, events(), "in pieces of {size}");
            assert_eq!(frames.noise(), "motd\r\n$ noise");
        }
    }

    #[test]
    fn lines_are_read_or_odd() {
        let failed = |code, message: &str| Event::Failed { code, message: message.into() };
        for (line, event) in [
            ("f 127 bm90IGZvdW5k", failed(127, "not found")),
            ("f 125", failed(125, "")),
            ("t running 12", Event::Trace(Trace::Running(12))),
            ("t ended 3", Event::Trace(Trace::Ended(3))),
            ("t none", Event::Trace(Trace::NeverBegan)),
            ("t lost", Event::Trace(Trace::Lost)),
            ("t unknown", Event::Trace(Trace::Unknown)),
            ("o", Event::Stdout(Bytes::new())),
            ("o ***", Event::Odd),
            ("x three", Event::Odd),
            ("y 1", Event::Odd),
            ("", Event::Odd),
        ] {
            let mut frames = Frames::default();
            assert_eq!(frames.feed(format!("\x1e{line}\n").as_bytes()), [event], "{line}");
        }
    }

    #[test]
    fn requests_are_lines_of_bounded_length() {
        let command = Command {
            argv: vec!["echo".into(), String::new(), "x".repeat(PIECE + 1)],
            env: vec![("A".into(), Secret::new("b"))],
            dir: Some("/".into()),
            run: Some(RunId::new("r1")),
            attempt: 1,
            nonce: "n0nce".into(),
        };
        let lines = String::from_utf8_lossy(&request(&command)).into_owned();
        let line = |letter: char, text: &str| format!("{letter} {}", STANDARD.encode(text));
        let long = line('a', &"x".repeat(PIECE));
        let (id, attempt) = (line('e', "ACITASK_RUN_ID=r1"), line('e', "ACITASK_ATTEMPT=1"));
        let expected = ["a ZWNobw==", "a", &long, "+ eA==", &id, &attempt, "e QT1i", "d Lw==", "r cjE=", "g"];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
        assert_eq!(input(b"in"), "i aW4=\n");
        assert_eq!(input(&[0; PIECE + 1]).iter().filter(|byte| **byte == b'\n').count(), 2);
        assert_eq!(question(&RunId::new("r1"), None), "q cjE=\n");
        assert_eq!(
            question(&RunId::new("r1"), Some(Signal::Term)),
            format!("k {}\n", STANDARD.encode("r1 TERM"))
        );
    }
}
