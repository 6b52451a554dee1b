//! The acitask command line.

use std::process::ExitCode;

use acitask_emulator::runtime::native::init_verb;

/// The hidden verbs of the native runtime come first: they must run before anything has started a thread.
fn main() -> ExitCode {
    if let Some(code) = init_verb(std::env::args_os()) {
        return code;
    }
    acitask::cli::main(std::env::args_os())
}
