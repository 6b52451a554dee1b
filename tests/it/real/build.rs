//! Which build of the program is under test. Only the program knows, so it is asked: it notes its build in the state
//! folder of an emulator that it starts.

use std::process::Command;
use std::sync::OnceLock;

use acitask_emulator::home::Home;

use super::images::ACITASK;

/// The build; an emulator that is told to be of it is taken by the program as its own.
pub(crate) fn build() -> &'static str {
    static BUILD: OnceLock<String> = OnceLock::new();
    BUILD.get_or_init(ask)
}

fn ask() -> String {
    let folder = tempfile::tempdir().unwrap();
    let emulator = |verb| {
        let out = Command::new(ACITASK)
            .arg("--state-dir")
            .arg(folder.path())
            .args(["emulator", verb])
            .output()
            .unwrap();
        assert!(out.status.success(), "emulator {verb}: {}", String::from_utf8_lossy(&out.stderr));
    };
    emulator("start");
    let running = Home::open(folder.path()).unwrap().running().unwrap();
    emulator("stop");
    running.unwrap().build
}
