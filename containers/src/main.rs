//! The one binary of the images: its name, or its first argument, says which program it is.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use acitask_tasks::{exec, post, strong};

/// One of the programs: it takes its arguments without its name.
type Program = fn(&[OsString]) -> ExitCode;

/// The programs by their names.
const PROGRAMS: [(&str, Program); 3] =
    [("acitask-exec", exec::main), ("post", post::main), ("strong", strong::main)];

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let called = words.first().and_then(|word| Path::new(word).file_name()).and_then(program);
    if let (Some(program), Some(arguments)) = (called, words.get(1..)) {
        return program(arguments);
    }
    if let (Some(program), Some(arguments)) = (words.get(1).and_then(|word| program(word)), words.get(2..)) {
        return program(arguments);
    }
    // Nothing is left to tell it to when even the error stream is closed.
    let _ = writeln!(
        std::io::stderr(),
        "call this as acitask-exec, post or strong, or give one of them as the first argument"
    );
    ExitCode::from(2)
}

/// The program of this name.
fn program(name: &std::ffi::OsStr) -> Option<Program> {
    PROGRAMS.iter().find(|(known, _)| name == *known).map(|(_, program)| *program)
}
