//! `acitask exec` hands any argument to the command, its streams through, and its exit code back, however it is carried;
//! and what it ends is ended.

mod argvs;
mod ends;
mod streams;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use acitask_emulator::fault::Fault;
use serde_json::json;

use super::images::{ACITASK, SHELLS};
use super::say;
use super::stand::Stand;

/// How a container's output may differ from what was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    Exact,
    /// Without `stty` the terminal puts a return before each line end.
    Returned,
}

/// A container that commands are carried to.
#[derive(Clone, Debug)]
struct Place {
    /// Of the group.
    name: String,
    image: String,
    lines: Lines,
    /// The shell as the container knows it.
    shell: &'static [&'static str],
}

/// No shell of this image is where one is looked for: only the helper can carry a command there.
const SCRATCH: &str = "scratch";

/// One container for each way and each terminal: the helper alone, and each shell with and without `stty`.
fn places() -> Vec<Place> {
    let place = |name: String, lines, shell| {
        let image = format!("test/{name}:1");
        Place { name, image, lines, shell }
    };
    let mut all = vec![place(SCRATCH.to_owned(), Lines::Exact, &["/tools/busybox", "sh"])];
    for shell in shells() {
        all.push(place(shell.to_owned(), Lines::Returned, &["/bin/sh"]));
        all.push(place(format!("{shell}-stty"), Lines::Exact, &["/bin/sh"]));
    }
    all
}

/// The shells of this machine; in CI all have to be there.
fn shells() -> Vec<&'static str> {
    let (there, missing): (Vec<_>, Vec<_>) =
        SHELLS.iter().partition(|(_, program)| Path::new(program).exists());
    for (name, program) in &missing {
        say(&format!("exec: no {name} on this machine ({program})"));
    }
    let in_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!in_ci || missing.is_empty(), "in CI every shell has to be there: {missing:?}");
    there.into_iter().map(|(name, _)| name).collect()
}

/// Applies a project with a group for each place.
fn apply(stand: &Stand, places: &[Place]) {
    let mut text =
        "apiVersion: acitask/v1\nkind: Project\nmetadata: {name: exec}\nspec: {location: eastus}\n---\n\
                    apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {name: shells}\nspec: {}\n"
            .to_owned();
    for Place { name, image, .. } in places {
        let _ = write!(
            text,
            "---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: {name}}}\nspec:\n  \
             resourceGroup: shells\n  restartPolicy: Always\n  containers:\n    - {{name: main, image: '{image}', \
             resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}}}\n"
        );
    }
    stand.write("project.yaml", &text);
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
}

/// A group of one shell's image, applied.
pub(crate) fn one(stand: &Stand, name: &str) {
    let place = places().into_iter().find(|place| place.name == name);
    apply(stand, &[place.unwrap_or_else(|| panic!("there is no {name}"))]);
}

/// What goes wrong with every stream from now on.
pub(crate) fn trouble(stand: &Stand, stream: serde_json::Value) {
    let fault = json!({"on": "exec", "times": "always", "effect": {"stream": stream}});
    let fault: Fault = serde_json::from_value(fault).unwrap();
    stand.emulator.with_faults(|board| {
        board.clear(None);
        board.arm(vec![fault])
    });
}

/// `acitask exec` with streams of the test's own.
fn executing(stand: &Stand, arguments: &[&str]) -> Command {
    let mut command = Command::new(ACITASK);
    command
        .arg("--state-dir")
        .arg(stand.state())
        .args(["--local", "exec"])
        .args(arguments)
        .current_dir(stand.file(""))
        .env("HOME", stand.state())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
