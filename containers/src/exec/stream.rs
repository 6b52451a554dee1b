//! The terminal that the protocol runs over: raw lines in, marked lines out.
//!
//! Invariant: what is written arrives as it was written. Writing blocks, which is all the
//! back-pressure there is. A terminal that has hung up is remembered as lost and then takes
//! everything in silence: whether that ends the command is not decided here.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::frame::{Answer, BadFrame, Frame, parse, write};

/// The longest line that is taken from the client, in bytes.
pub const LONGEST_LINE: usize = 1 << 20;

/// The way to the client.
#[derive(Debug)]
pub struct Terminal {
    output: File,
    lost: bool,
}

/// The way from the client.
#[derive(Debug)]
pub struct Lines(BufReader<File>);

/// Why no further frame comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// The terminal hung up.
    Gone,
    /// The client said something that is no frame.
    Bad(BadFrame),
}

/// Takes standard input and output, and makes the terminal raw if it is one.
pub fn open() -> std::io::Result<(Terminal, Lines)> {
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    blocking(input.as_fd())?;
    blocking(output.as_fd())?;
    // No terminal is no fault: a pipe carries the same frames.
    if let Ok(mut settings) = tcgetattr(&input) {
        settings.make_raw();
        tcsetattr(&input, OptionalActions::Now, &settings)?;
    }
    Ok((Terminal { output, lost: false }, Lines(BufReader::new(input))))
}

/// Some runtimes hand over a terminal that does not block; a short write would then be a loss.
fn blocking(file: BorrowedFd<'_>) -> std::io::Result<()> {
    let flags = fcntl_getfl(file)?;
    if flags.contains(OFlags::NONBLOCK) {
        fcntl_setfl(file, flags - OFlags::NONBLOCK)?;
    }
    Ok(())
}

impl Terminal {
    /// Says a line to the client. False once the terminal has hung up.
    pub fn say(&mut self, answer: Answer<'_>) -> bool {
        if !self.lost && self.output.write_all(write(answer).as_bytes()).is_err() {
            self.lost = true;
        }
        !self.lost
    }

    /// From now on says nothing: nobody reads any more.
    pub fn lose(&mut self) {
        self.lost = true;
    }
}

impl Lines {
    /// Waits for the client's next frame. Empty lines are passed over.
    pub fn frame(&mut self) -> Result<Frame, Silence> {
        loop {
            let mut line = Vec::new();
            let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
            let read = self.0.by_ref().take(limit).read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) {
                return Err(Silence::Gone);
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                // Cut off by the end of the stream, or longer than we take.
                let whole = line.len() < LONGEST_LINE;
                return Err(if whole { Silence::Gone } else { Silence::Bad(BadFrame::TooLong) });
            };
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if !text.is_empty() {
                return parse(text).map_err(Silence::Bad);
            }
        }
    }
}
