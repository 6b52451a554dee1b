//! Two applies of one project are kept apart; a lease whose holder is no more, or whose time is over, holds nobody back.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::images::SHELL;
use super::stand::{SUBSCRIPTION, Stand};

const GROUP: &str = "resourceGroups/jobs";

/// A project whose one run takes as long as it is let.
fn project(stand: &Stand, seconds: u32) {
    stand.write(
        "project.yaml",
        &format!(
            "apiVersion: acitask/v1\nkind: Project\nmetadata: {{name: leased}}\nspec: {{location: eastus}}\n---\n\
             apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {{name: jobs}}\nspec: {{}}\n---\n\
             apiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: host}}\nspec:\n  resourceGroup: jobs\n  \
             restartPolicy: Always\n  containers:\n    - {{name: main, image: '{SHELL}', resources: {{requests: {{cpu: 1, \
             memoryInGB: 1}}}}}}\n---\napiVersion: acitask/v1\nkind: TaskRun\nmetadata: {{name: long}}\nspec:\n  type: strong\n  \
             containerGroup: host\n  command: [/bin/sleep, '{seconds}']\n  interrupted: rerun\n"
        ),
    );
}

/// The lease as it stands.
fn lease(stand: &Stand) -> Option<String> {
    let (_, seen) =
        stand.send("GET", &format!("{SUBSCRIPTION}/{GROUP}?api-version=2021-04-01"), &Value::Null);
    Some(seen["tags"]["acitask-lease"].as_str()?.to_owned())
}

/// Writes a lease as another apply does.
fn hold(stand: &Stand, holder: &str, minutes: i64) {
    let until = jiff::Timestamp::now().as_second() + minutes * 60;
    let tags = json!({"acitask-lease": format!("v1;{until};{holder}")});
    let target =
        format!("{SUBSCRIPTION}/{GROUP}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01");
    let (status, answer) =
        stand.send("PATCH", &target, &json!({"operation": "Merge", "properties": {"tags": tags}}));
    assert_eq!(status, 200, "{answer}");
}

/// Waits until the task runs.
fn task_runs(stand: &Stand) {
    let began = Instant::now();
    while !stand.asked_since(0).iter().any(|entry| entry.target.contains("/exec?")) {
        assert!(began.elapsed() < Duration::from_secs(30), "no task was begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The marks of the beginning take a moment.
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn two_applies_of_one_project_are_kept_apart() {
    let Some(stand) = Stand::native() else { return };
    project(&stand, 3);
    let (mut first, output) =
        stand.tokio.block_on(async { stand.spawn(&["--local", "apply", "--auto-approve"], &[]) });
    task_runs(&stand);
    let holder = lease(&stand).unwrap();
    assert!(holder.contains(&format!("process {}", first.id().unwrap())), "{holder}");
    let name = holder.splitn(3, ';').nth(2).unwrap().to_owned();
    // The second is told who, until when, and what to do.
    stand.acitask(&["apply", "--auto-approve"]).ends(1).says(&[
        &name,
        "applies this project at the moment",
        "--break-lease",
    ]);
    let status = stand.tokio.block_on(first.wait()).unwrap();
    output.read(status).ends(0);
    assert_eq!(lease(&stand), None, "the lease is given back");
    stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
}

#[test]
fn a_lease_holds_nobody_back_for_longer_than_it_should() {
    let Some(stand) = Stand::native() else { return };
    project(&stand, 0);
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    // A process that has ended and was waited for.
    let mut ended = std::process::Command::new("/bin/true").spawn().unwrap();
    ended.wait().unwrap();
    let dead = format!("somebody@{host}, process {}", ended.id());
    let alive = format!("somebody@{host}, process {}", std::process::id());
    for (holder, minutes, flags, code) in [
        ("somebody@elsewhere, process 7", 9, &[][..], 125),
        (alive.as_str(), 9, &[][..], 125),
        (dead.as_str(), 9, &[][..], 0),
        ("somebody@elsewhere, process 7", -1, &[][..], 0),
        ("somebody@elsewhere, process 7", 9, &["--break-lease"][..], 0),
    ] {
        hold(&stand, holder, minutes);
        let run = stand.acitask(&[&["run", "long"], flags].concat()).ends(code);
        if code == 0 {
            assert_eq!(lease(&stand), None, "{holder}: the lease is given back");
        } else {
            run.says(&[holder, "--break-lease"]);
            assert!(lease(&stand).is_some(), "{holder}: it is still the other's");
        }
    }
}

#[test]
fn an_apply_that_is_interrupted_twice_leaves_at_once_and_says_what_still_moves() {
    let Some(stand) = Stand::native() else { return };
    project(&stand, 600);
    let (mut child, output) =
        stand.tokio.block_on(async { stand.spawn(&["--local", "apply", "--auto-approve"], &[]) });
    task_runs(&stand);
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "the first only begins nothing new");
    let began = Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    let status = stand.tokio.block_on(child.wait()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    output.read(status).ends(130).says(&[
        "Stopping: nothing new is begun. Waiting for run long",
        "Still under way: run long",
        "acitask apply",
    ]);
    // The command goes on in its container; whoever looks after it finds it.
    stand.acitask(&["cancel", "long"]).ends(0).says(&["is ended"]);
    stand.acitask(&["status"]).ends(0).says(&["cancelled"]);
}
