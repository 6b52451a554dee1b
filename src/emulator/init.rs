//! The hidden verbs of the native runtime as a program of their own, for the tests of this package.
//! The `acitask` binary has them too.

use std::process::ExitCode;

use acitask_emulator::runtime::native::init_verb;

fn main() -> ExitCode {
    init_verb(std::env::args_os()).unwrap_or(ExitCode::FAILURE)
}
