//! The logs of containers: lines in memory up to a bound, and in files that outlive the emulator.
//!
//! Standard output and error come as one stream, as ACI shows them. A log has the lines of one run: a start clears it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;

use crate::contract::LogLine;

/// The most bytes of text that a log keeps, the newest; ACI shows no more of a running container.
const MAX_BYTES: usize = 4 << 20;
/// A line longer than this is split, so that output without newlines shows before it ends.
const MAX_LINE: usize = 64 << 10;
/// A file is rewritten from memory when it is this large, in bytes.
const MAX_FILE: u64 = 2 * MAX_BYTES as u64;

/// The log of one run of a container.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// The line whose newline has not come yet.
    open: Option<(Timestamp, BytesMut)>,
    file: Option<Kept>,
}

/// Where a log is kept.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Log {
    /// An empty log, kept in this file if one is given; what the file held is gone.
    pub(super) fn new(path: Option<PathBuf>) -> io::Result<Self> {
        let file = path.map(Kept::new).transpose()?;
        Ok(Self { file, ..Self::default() })
    }

    /// Takes output in as it comes.
    pub(super) fn write(&mut self, mut text: &[u8], now: Timestamp) -> io::Result<()> {
        let mut finished = Vec::new();
        while !text.is_empty() {
            let (at, mut line) = self.open.take().unwrap_or_else(|| (now, BytesMut::new()));
            let room = MAX_LINE - line.len();
            let end = text.iter().take(room + 1).position(|byte| *byte == b'\n');
            let taken = end.unwrap_or_else(|| room.min(text.len()));
            line.extend_from_slice(&text[..taken]);
            text = &text[(taken + usize::from(end.is_some())).min(text.len())..];
            if end.is_some() || (line.len() == MAX_LINE && !text.is_empty()) {
                finished.push(LogLine { at, text: line.freeze() });
            } else {
                self.open = Some((at, line));
            }
        }
        self.append(finished)
    }

    /// Ends the line that no newline has ended.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let open = self.open.take();
        self.append(open.map(|(at, text)| LogLine { at, text: text.freeze() }).into_iter().collect())
    }

    /// Whether its file holds all that it holds, so that it need not stay in memory.
    pub(super) fn is_kept(&self) -> bool {
        self.file.is_some() && self.open.is_none()
    }

    /// All lines, the oldest first, the unfinished one too.
    pub(super) fn lines(&self) -> Vec<LogLine> {
        let open = self.open.as_ref().map(|(at, text)| LogLine { at: *at, text: text.clone().freeze() });
        self.lines.iter().cloned().chain(open).collect()
    }

    fn append(&mut self, lines: Vec<LogLine>) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            print(&line, &mut text);
            self.bytes += line.text.len();
            self.lines.push_back(line);
        }
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.text.len();
        }
        // A file that could not be written once is given up: it would have a gap.
        let Some(mut kept) = self.file.take() else {
            return Ok(());
        };
        if kept.size + text.len() as u64 > MAX_FILE {
            text.clear();
            self.lines.iter().for_each(|line| print(line, &mut text));
            kept = Kept::new(kept.path)?;
        }
        kept.size += text.len() as u64;
        kept.file.write_all(&text)?;
        self.file = Some(kept);
        Ok(())
    }
}

impl Kept {
    fn new(path: PathBuf) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(&path)?;
        Ok(Self { path, file, size: 0 })
    }
}

fn print(line: &LogLine, into: &mut Vec<u8>) {
    into.extend_from_slice(line.at.to_string().as_bytes());
    into.push(b' ');
    into.extend_from_slice(&line.text);
    into.push(b'\n');
}

/// The lines of a log file, a torn last one left out; empty where there is no file.
pub(super) fn read(path: &Path) -> io::Result<Vec<LogLine>> {
    let text = match fs::read(path) {
        Ok(text) => Bytes::from(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let whole = text.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    Ok(text[..whole].split(|byte| *byte == b'\n').filter_map(|line| parse(&text, line)).collect())
}

fn parse(all: &Bytes, line: &[u8]) -> Option<LogLine> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let at = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    Some(LogLine { at, text: all.slice_ref(&line[space + 1..]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn texts(lines: &[LogLine]) -> Vec<(i64, String)> {
        let text = |line: &LogLine| String::from_utf8_lossy(&line.text).into_owned();
        lines.iter().map(|line| (line.at.as_second(), text(line))).collect()
    }

    #[test]
    fn lines_have_the_time_of_their_first_byte() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("1/main");
        let mut log = Log::new(Some(path.clone()))?;
        log.write(b"one\ntw", at(1))?;
        log.write(b"o", at(2))?;
        assert_eq!(texts(&log.lines()), [(1, "one".into()), (1, "two".into())]);
        log.write(b"\n\nthree", at(3))?;
        let all = [(1, "one".into()), (1, "two".into()), (3, String::new()), (3, "three".into())];
        assert_eq!(texts(&log.lines()), all);
        log.end()?;
        assert_eq!(texts(&log.lines()), all);
        assert_eq!(texts(&read(&path)?), all);
        drop(Log::new(Some(path.clone()))?);
        assert_eq!(read(&path)?, []);
        Ok(())
    }

    #[test]
    fn a_file_that_was_full_once_is_given_up() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let mut log = Log::new(Some(folder.path().join("main")))?;
        log.write(b"one\n", at(1))?;
        assert!(log.is_kept());
        let file = File::options().write(true).open("/dev/full")?;
        log.file = Some(Kept { path: folder.path().join("main"), file, size: 0 });
        assert!(log.write(b"two\n", at(2)).is_err());
        log.write(b"three\n", at(3))?;
        assert!(!log.is_kept());
        assert_eq!(texts(&log.lines()), [(1, "one".into()), (2, "two".into()), (3, "three".into())]);
        Ok(())
    }

    #[test]
    fn a_line_without_end_is_split() -> io::Result<()> {
        for (length, sizes) in [
            (MAX_LINE, vec![MAX_LINE, 1]),
            (MAX_LINE + 1, vec![MAX_LINE, 1, 1]),
            (2 * MAX_LINE, vec![MAX_LINE, MAX_LINE, 1]),
        ] {
            let mut log = Log::new(None)?;
            log.write(&[vec![b'x'; length], b"\ny".to_vec()].concat(), at(1))?;
            let found: Vec<_> = log.lines().iter().map(|line| line.text.len()).collect();
            assert_eq!(found, sizes, "{length}");
        }
        Ok(())
    }

    #[test]
    fn the_newest_lines_are_kept() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("main");
        let mut log = Log::new(Some(path.clone()))?;
        let line = [vec![b'x'; 1 << 16], b"\n".to_vec()].concat();
        for second in 0..300 {
            log.write(&line, at(second))?;
        }
        let lines = log.lines();
        assert_eq!(lines.len(), MAX_BYTES >> 16);
        assert_eq!(lines.last().map(|line| line.at), Some(at(299)));
        assert!(fs::metadata(&path)?.len() <= MAX_FILE);
        assert_eq!(read(&path)?.last(), lines.last());
        Ok(())
    }
}
