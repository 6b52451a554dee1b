//! From bytes of two streams to lines. Pure.
//!
//! Invariant: what is held back for the end of a line is bounded; a longer line is told in pieces.

use crate::arm::exec::Output;
use crate::engine::event::Stream;

/// The longest line that is told as one, in bytes.
const LONGEST: usize = 16 * 1024;

/// The beginnings of lines that have not ended yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl Lines {
    /// Takes bytes as they come and gives the lines that they complete.
    pub(super) fn take(&mut self, output: Output) -> Vec<(Stream, String)> {
        let (stream, bytes, line) = match output {
            Output::Stdout(bytes) => (Stream::Output, bytes, &mut self.output),
            Output::Stderr(bytes) => (Stream::Errors, bytes, &mut self.errors),
        };
        let mut lines = Vec::new();
        for byte in bytes {
            if byte == b'\n' {
                lines.push((stream, text(line)));
                continue;
            }
            // A character of several bytes is not cut in two.
            if line.len() >= LONGEST && byte & 0xC0 != 0x80 {
                lines.push((stream, text(line)));
            }
            line.push(byte);
        }
        lines
    }

    /// What has come of last lines that have no end.
    pub(super) fn rest(&mut self) -> Vec<(Stream, String)> {
        let both = [(Stream::Output, &mut self.output), (Stream::Errors, &mut self.errors)];
        both.into_iter()
            .filter(|(_, line)| !line.is_empty())
            .map(|(stream, line)| (stream, text(line)))
            .collect()
    }
}

fn text(line: &mut Vec<u8>) -> String {
    let text = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
    line.clear();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_bytes_are_cut() {
        let said = "one\r\n\ntwö\nthree".as_bytes();
        for size in 1..=said.len() {
            let mut lines = Lines::default();
            let mut told: Vec<_> = said
                .chunks(size)
                .flat_map(|piece| lines.take(Output::Stdout(piece.to_vec().into())))
                .collect();
            told.extend(lines.rest());
            let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, ["one", "", "twö", "three"], "in pieces of {size}");
        }
    }

    #[test]
    fn streams_are_told_apart() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(Output::Stdout("a".into())), []);
        assert_eq!(lines.take(Output::Stderr("b\n".into())), [(Stream::Errors, "b".to_owned())]);
        assert_eq!(lines.rest(), [(Stream::Output, "a".to_owned())]);
    }

    #[test]
    fn a_line_without_an_end_is_told_in_pieces() {
        let mut lines = Lines::default();
        let long = "é".repeat(LONGEST);
        let mut told = lines.take(Output::Stdout(long.clone().into()));
        assert!(lines.output.len() <= LONGEST);
        told.extend(lines.rest());
        assert_eq!(told.iter().map(|(_, text)| text.as_str()).collect::<String>(), long);
    }
}
