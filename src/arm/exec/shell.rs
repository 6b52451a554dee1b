//! What a shell that carries a command says: bytes in, events out. Pure.
//!
//! A mark is byte 0x1E, three letters and the nonce; an echo of what we typed cannot hold 0x1E. What stands before the
//! begin mark is dropped: prompts, echoes, escape codes. Marks may be split anywhere.

use bytes::Bytes;

use super::Trace;
use super::frame::trace;

const MARK: u8 = 0x1e;
/// The longest that stands between the colon of a mark and its end.
const LONGEST: usize = 64;

/// How the terminal of the shell treats what goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// As it is.
    Raw,
    /// What is typed is echoed, and line ends of the output become CRLF: the image has no `stty`.
    Cooked,
}

/// What the shell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It waits for the script; and once more for a line, where the terminal echoes.
    Ready(Line),
    /// The command begins; the shell that carries it is this process, and leads the command's group.
    Begun(u32),
    /// Bytes of the command's output.
    Output(Bytes),
    /// The command has ended.
    Ended(i32),
    /// It was not begun: a run of this id was begun before.
    Already,
    /// It was not begun: its folder is not there.
    NoFolder,
    /// What became of a run.
    Trace(Trace),
    /// A mark that is not understood.
    Odd,
}

/// The reader of a shell's marks.
pub(super) struct Marks {
    nonce: String,
    held: Vec<u8>,
    begun: bool,
}

enum Found {
    Event(Event, usize),
    Partial,
    Nothing,
}

impl Marks {
    pub(super) fn new(nonce: &str) -> Self {
        Self { nonce: nonce.to_owned(), held: Vec::new(), begun: false }
    }

    /// Takes bytes as they come and gives the events that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.held.extend_from_slice(bytes);
        let mut events = Vec::new();
        loop {
            let Some(at) = self.held.iter().position(|byte| *byte == MARK) else {
                let all = self.held.len();
                self.pass(all, &mut events);
                return events;
            };
            self.pass(at, &mut events);
            match self.mark() {
                Found::Partial => return events,
                Found::Nothing => self.pass(1, &mut events),
                Found::Event(event, length) => {
                    self.held.drain(..length);
                    self.begun =
                        matches!(event, Event::Begun(_)) || self.begun && !matches!(event, Event::Ended(_));
                    events.push(event);
                }
            }
        }
    }

    /// What was held back for a mark that never came.
    pub(super) fn rest(&mut self) -> Option<Event> {
        let mut events = Vec::new();
        let all = self.held.len();
        self.pass(all, &mut events);
        events.pop()
    }

    /// Hands on the first bytes, if they are the command's.
    fn pass(&mut self, count: usize, events: &mut Vec<Event>) {
        let bytes: Vec<u8> = self.held.drain(..count).collect();
        if self.begun && !bytes.is_empty() {
            events.push(Event::Output(bytes.into()));
        }
    }

    /// Looks whether a mark stands at the beginning.
    fn mark(&self) -> Found {
        let word = 1 + 3 + self.nonce.len();
        let after = self.held.get(4..).unwrap_or_default();
        let shared = after.len().min(self.nonce.len());
        if after[..shared] != self.nonce.as_bytes()[..shared] {
            return Found::Nothing;
        }
        let letters = self.held.get(1..4.min(self.held.len())).unwrap_or_default();
        let known = ["RDY", "BEG", "END", "ERR", "TRC"];
        let Some(name) = known.into_iter().find(|name| name.as_bytes().starts_with(letters)) else {
            return Found::Nothing;
        };
        if self.held.len() < word {
            return Found::Partial;
        }
        self.value(name, word)
    }

    fn value(&self, name: &str, word: usize) -> Found {
        let Some(rest) = self.held.get(word + 1..) else { return Found::Partial };
        let Some(length) = rest.iter().position(|byte| *byte == MARK) else {
            return if rest.len() > LONGEST { Found::Nothing } else { Found::Partial };
        };
        let text = String::from_utf8_lossy(&rest[..length]);
        let event = match (name, &*text) {
            ("RDY", "0") => Some(Event::Ready(Line::Raw)),
            ("RDY", _) => Some(Event::Ready(Line::Cooked)),
            ("BEG", process) => process.parse().ok().map(Event::Begun),
            ("END", code) => code.parse().ok().map(Event::Ended),
            ("ERR", "already") => Some(Event::Already),
            ("ERR", "folder") => Some(Event::NoFolder),
            ("TRC", told) => trace(told).map(Event::Trace),
            _ => None,
        };
        Found::Event(event.unwrap_or(Event::Odd), word + 1 + length + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output that runs together, however it was cut.
    fn heard(said: &[u8], size: usize) -> Vec<Event> {
        let mut marks = Marks::new("abc9");
        let mut events: Vec<Event> = said.chunks(size).flat_map(|chunk| marks.feed(chunk)).collect();
        events.extend(marks.rest());
        let mut joined: Vec<Event> = Vec::new();
        for event in events {
            match (joined.last_mut(), event) {
                (Some(Event::Output(before)), Event::Output(more)) => {
                    *before = [&before[..], &more[..]].concat().into()
                }
                (_, event) => joined.push(event),
            }
        }
        joined
    }

    fn output(text: &'static str) -> Event {
        Event::Output(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let cases: [(&[u8], Vec<Event>); 6] = [
            (
                b"$ exec\r\n\x1b[6n\x1eRDYabc9:127\x1eecho\r\n\x1eBEGabc9:7\x1ehi\n\xc3\xa9\x1eENDabc9:37\x1e",
                vec![Event::Ready(Line::Cooked), Event::Begun(7), output("hi\né"), Event::Ended(37)],
            ),
            // Output may hold 0x1E and what looks like a mark of another nonce.
            (
                b"\x1eBEGabc9:7\x1ea\x1eb\x1e\x1eENDxxxx:1\x1ec\x1eENDabc9:0\x1e",
                vec![Event::Begun(7), output("a\u{1e}b\u{1e}\u{1e}ENDxxxx:1\u{1e}c"), Event::Ended(0)],
            ),
            // A stream that breaks off inside a mark.
            (b"\x1eBEGabc9:7\x1eout\x1eENDab", vec![Event::Begun(7), output("out\u{1e}ENDab")]),
            (
                b"\x1eRDYabc9:0\x1e\x1eERRabc9:already\x1e",
                vec![Event::Ready(Line::Raw), Event::Already],
            ),
            (b"\x1eTRCabc9:running 12\x1e", vec![Event::Trace(Trace::Running(12))]),
            (b"\x1eTRCabc9:what\x1e", vec![Event::Odd]),
        ];
        for (said, events) in cases {
            for size in 1..=said.len() {
                assert_eq!(heard(said, size), events, "{said:?} in pieces of {size}");
            }
        }
    }
}
