//! What the real program takes: memory for an apply of 10,000 steps, against an emulator in a process of its own.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ACITASK: &str = env!("CARGO_BIN_EXE_acitask");
const STEPS: usize = 10_000;
/// The most memory, in KiB.
const MEMORY: u64 = 250 * 1024;

fn told(text: &str) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()));
}

/// A project of one resource group and as many groups as make so many steps.
fn manifests() -> String {
    let mut text = "apiVersion: acitask/v1\nkind: Project\nmetadata: {name: many}\nspec: {location: westeurope, \
                    target: local}\n---\napiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {name: herd}\nspec: {}\n"
        .to_owned();
    for number in 1..STEPS {
        let _ = write!(
            text,
            "---\napiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: sheep-{number}}}\nspec:\n  \
             resourceGroup: herd\n  containers:\n    - {{name: sheep, image: 'simulated/run:forever', resources: \
             {{requests: {{cpu: 1, memoryInGB: 1}}}}}}\n"
        );
    }
    text
}

fn acitask(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(ACITASK);
    command.arg("--state-dir").arg(folder.join("state")).args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// The most memory that a process has had so far, in KiB.
fn most(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("many.yaml"), manifests()).unwrap();
    let started = acitask(folder.path(), &["emulator", "start", "--runtime", "simulated"]).status().unwrap();
    assert!(started.success());
    let began = Instant::now();
    let arguments = ["apply", "--auto-approve", "--quiet", "--parallelism", "50"];
    let mut child = acitask(folder.path(), &arguments).stderr(Stdio::null()).spawn().unwrap();
    let mut memory = 0;
    let status = loop {
        memory = memory.max(most(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = began.elapsed();
    assert!(acitask(folder.path(), &["emulator", "stop"]).status().unwrap().success());
    told(&format!("an apply of {STEPS} steps: {} MB at most, {:.0} s\n", memory / 1024, took.as_secs_f64()));
    assert!(status.success(), "{status}");
    assert!(memory > 0 && memory < MEMORY, "{memory} KiB");
}
