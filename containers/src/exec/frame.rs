//! The lines of the protocol: what the client may say, what the helper answers. Pure.
//!
//! Invariant: a value travels as base64, so that no byte of it means anything to a terminal, and
//! each answer begins with 0x1E, which an echo of the client's own lines cannot contain.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Standard base64; padding is written, and may be left out by the client.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One line of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// `a`: an argument; the first is the program.
    Argument(Vec<u8>),
    /// `e`: `NAME=VALUE`, added to the helper's own environment.
    Variable(Vec<u8>),
    /// `d`: the working directory.
    Folder(Vec<u8>),
    /// `r`: the id that makes the command a run.
    Run(Vec<u8>),
    /// `+`: more of the value of the line before.
    More(Vec<u8>),
    /// `g`: begin.
    Go,
    /// `i`: bytes for the command's standard input.
    Input(Vec<u8>),
    /// `z`: the end of the standard input.
    InputEnd,
    /// `c`: end the command.
    Cancel,
    /// `q`: a run id; what became of it?
    Query(Vec<u8>),
    /// `k`: a run id, a space, and `TERM` or `KILL`.
    Signal(Vec<u8>),
}

/// Why a line is no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// The first letter names no frame.
    #[error("no such frame: {0:?}")]
    Letter(char),
    /// What stands after the letter is not base64.
    #[error("the value of {0:?} is not base64")]
    Value(char),
    /// The line is longer than [`super::stream::LONGEST_LINE`].
    #[error("the line is too long")]
    TooLong,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its process lives.
    Running(u32),
    /// It ended with this code.
    Ended(u8),
    /// It left no trace, though one could have been written: it never began in this container.
    Never,
    /// It began, but neither its process nor its end is to be found.
    Lost,
    /// It left no trace, and none could have been written.
    Unknown,
}

/// One line of the helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The terminal is ready; the number is the protocol's version.
    Hello,
    /// The command has started as this process.
    Started(u32),
    /// Bytes of its standard output.
    Output(&'a [u8]),
    /// Bytes of its standard error.
    ErrorOutput(&'a [u8]),
    /// It ended with this code (128 and the signal's number where one ended it).
    Ended(u8),
    /// It could not start: 126 not executable, 127 not found, 125 the helper's own fault.
    Failed(u8, &'a str),
    /// What became of the run that was asked for.
    Told(Fate),
}

/// Reads one line of the client, without its line end.
pub fn parse(line: &[u8]) -> Result<Frame, BadFrame> {
    let (&letter, rest) = line.split_first().ok_or(BadFrame::Letter(' '))?;
    let letter = char::from(letter);
    let value = match rest.split_first() {
        None => Vec::new(),
        Some((b' ', text)) => BASE64.decode(text).map_err(|_| BadFrame::Value(letter))?,
        Some(_) => return Err(BadFrame::Letter(letter)),
    };
    match letter {
        'a' => Ok(Frame::Argument(value)),
        'e' => Ok(Frame::Variable(value)),
        'd' => Ok(Frame::Folder(value)),
        'r' => Ok(Frame::Run(value)),
        '+' => Ok(Frame::More(value)),
        'g' => Ok(Frame::Go),
        'i' => Ok(Frame::Input(value)),
        'z' => Ok(Frame::InputEnd),
        'c' => Ok(Frame::Cancel),
        'q' => Ok(Frame::Query(value)),
        'k' => Ok(Frame::Signal(value)),
        other => Err(BadFrame::Letter(other)),
    }
}

/// The line of an answer, with its mark and its line end.
#[must_use]
pub fn write(answer: Answer<'_>) -> String {
    let text = match answer {
        Answer::Hello => "h 1".to_owned(),
        Answer::Started(pid) => format!("p {pid}"),
        Answer::Output(bytes) => format!("o {}", BASE64.encode(bytes)),
        Answer::ErrorOutput(bytes) => format!("s {}", BASE64.encode(bytes)),
        Answer::Ended(code) => format!("x {code}"),
        Answer::Failed(code, message) => format!("f {code} {}", BASE64.encode(message)),
        Answer::Told(Fate::Running(pid)) => format!("t running {pid}"),
        Answer::Told(Fate::Ended(code)) => format!("t ended {code}"),
        Answer::Told(Fate::Never) => "t none".to_owned(),
        Answer::Told(Fate::Lost) => "t lost".to_owned(),
        Answer::Told(Fate::Unknown) => "t unknown".to_owned(),
    };
    format!("\u{1e}{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_letter_and_a_value() {
        let cases: [(&[u8], Result<Frame, BadFrame>); 9] = [
            (b"a aGk=", Ok(Frame::Argument(b"hi".to_vec()))),
            (b"a aGk", Ok(Frame::Argument(b"hi".to_vec()))),
            (b"a ", Ok(Frame::Argument(Vec::new()))),
            (b"a", Ok(Frame::Argument(Vec::new()))),
            (b"g", Ok(Frame::Go)),
            (b"i AP8K", Ok(Frame::Input(vec![0, 0xff, b'\n']))),
            (b"a h\xffi", Err(BadFrame::Value('a'))),
            (b"y", Err(BadFrame::Letter('y'))),
            (b"go", Err(BadFrame::Letter('g'))),
        ];
        for (line, frame) in cases {
            assert_eq!(parse(line), frame, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn an_answer_is_one_marked_line() {
        let cases = [
            (Answer::Hello, "\x1eh 1\n"),
            (Answer::Started(7), "\x1ep 7\n"),
            (Answer::Output(b"hi"), "\x1eo aGk=\n"),
            (Answer::ErrorOutput(b"\x1e\n"), "\x1es Hgo=\n"),
            (Answer::Ended(137), "\x1ex 137\n"),
            (Answer::Failed(127, "gone"), "\x1ef 127 Z29uZQ==\n"),
            (Answer::Told(Fate::Running(3)), "\x1et running 3\n"),
            (Answer::Told(Fate::Ended(0)), "\x1et ended 0\n"),
            (Answer::Told(Fate::Never), "\x1et none\n"),
            (Answer::Told(Fate::Lost), "\x1et lost\n"),
            (Answer::Told(Fate::Unknown), "\x1et unknown\n"),
        ];
        for (answer, line) in cases {
            assert_eq!(write(answer), line);
        }
    }
}
