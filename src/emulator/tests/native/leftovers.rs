//! Nothing is left on the machine: no process, no mount, whether the emulator ends or is killed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use acitask_emulator::contract::SandboxId;
use acitask_emulator::image::Settings;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::Outcome;
use crate::bench::{Bench, IMAGE, demoted, eventually, script, shell_image};
use crate::limits::groups;

/// A task that ignores what can be ignored, with a child that nobody waits for.
const STUBBORN: &str = "trap '' TERM HUP INT; echo up; (sleep 1000.125 &) ; while :; do sleep 1000.125; done";

/// The processes whose command line names this text.
fn processes(text: &str) -> Result<Vec<String>, std::io::Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_process = name.bytes().all(|byte| byte.is_ascii_digit());
        // A process may end while we look.
        let line = fs::read(format!("/proc/{name}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if is_process && line.contains(text) {
            found.push(format!("{name} {line}"));
        }
    }
    Ok(found)
}

fn mounts(folder: &Path) -> Result<Vec<String>, std::io::Error> {
    let all = fs::read_to_string("/proc/self/mountinfo")?;
    let folder = folder.display().to_string();
    Ok(all.lines().filter(|line| line.contains(&folder)).map(str::to_owned).collect())
}

/// The task with a mark of its own, so that tests that run beside each other do not see each other's.
fn stubborn(mark: u32) -> String {
    STUBBORN.replace("125", &mark.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_a_shutdown() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let mark = std::process::id() * 10;
    for sandbox in [1, 2, 3] {
        bench.start(SandboxId(sandbox), script(&stubborn(mark)));
        bench.event().await?;
    }
    bench.said(1).await?;
    // One sleeps in an exec, one more in a session that would outlive its terminal.
    let exec = bench.exec(&["sh", "-c", &format!("trap '' HUP; sleep 1000.{mark}")]).await?;
    eventually(|| async { processes(&format!("sleep 1000.{mark}")).ok().filter(|found| found.len() >= 7) })
        .await?;
    drop(exec);
    bench.runtime.shutdown().await;
    assert_eq!(processes(&mark.to_string())?, Vec::<String>::new());
    assert_eq!(processes(&bench.folder().display().to_string())?, Vec::<String>::new());
    assert_eq!(mounts(bench.folder())?, Vec::<String>::new());
    assert_eq!(fs::read_dir(bench.folder().join("scratch/container"))?.count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_a_kill() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mark = std::process::id() * 10 + 1;
    let init = folder.path().join("init");
    symlink(env!("CARGO_BIN_EXE_acitask-emulator-init"), &init)?;
    let archive = folder.path().join("image.tar");
    shell_image(Settings::default())?.write(&IMAGE.parse()?, &archive)?;
    let mut victim = Program::new(env!("CARGO_BIN_EXE_acitask-emulator-init"))
        .arg("drive")
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (orders, told) = (victim.stdin.take(), victim.stdout.take());
    let (mut orders, mut told) =
        (orders.ok_or("no input")?, BufReader::new(told.ok_or("no output")?).lines());
    for (order, answer) in [
        (json!({"load": archive}), "loaded 1"),
        (json!({"start": [IMAGE, demoted(&stubborn(mark)).command]}), "Some(Started"),
        (json!({"hold": ["sh", "-c", format!("trap '' HUP; sleep 1000.{mark}")]}), "held"),
    ] {
        writeln!(orders, "{order}")?;
        let line = told.next().ok_or("it has ended")??;
        assert!(line.starts_with(answer), "{order}: {line}");
    }
    let sleep = format!("sleep 1000.{mark}");
    eventually(|| async { processes(&sleep).ok().filter(|found| found.len() >= 4) }).await?;
    assert_eq!(processes(&init.display().to_string())?.len(), 2, "a keeper and an exec's");
    victim.kill()?;
    victim.wait()?;
    for text in [mark.to_string(), init.display().to_string()] {
        eventually(|| async { processes(&text).ok().filter(Vec::is_empty) }).await?;
    }
    assert_eq!(mounts(folder.path())?, Vec::<String>::new());
    // Of control groups only our own, empty ones are left; the next emulator removes them.
    let own = groups(folder.path());
    let inside = |own: &PathBuf| fs::read_dir(own).into_iter().flatten().flatten();
    let empty =
        || async { own.iter().all(|own| !inside(own).any(|entry| entry.path().is_dir())).then_some(()) };
    eventually(empty).await?;
    let next = Bench::at(folder.path(), &init, Settings::default()).await?;
    next.runtime.shutdown().await;
    assert!(own.iter().all(|own| !own.exists()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_an_emulator_and_its_keeper_left_is_removed() -> Outcome {
    let bench = Bench::with(Settings::default()).await?;
    let own = groups(bench.folder());
    let Some(first) = own.first() else {
        println!("skipped: no limits on this machine: {:?}", bench.unlimited());
        return Ok(());
    };
    fs::create_dir(first.join("7-main-1"))?;
    let init = Path::new(env!("CARGO_BIN_EXE_acitask-emulator-init"));
    let next = Bench::at(bench.folder(), init, Settings::default()).await?;
    assert!(!first.join("7-main-1").exists());
    let recovered = next.runtime.recovered();
    assert!(recovered.iter().any(|line| line.starts_with("1 control groups")), "{recovered:?}");
    next.runtime.shutdown().await;
    assert!(own.iter().all(|own| !own.exists()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_a_keeper_alone_is_killed() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let mark = std::process::id() * 10 + 2;
    bench.started(demoted(&stubborn(mark))).await?;
    bench.said(1).await?;
    let keepers = processes(&bench.folder().display().to_string())?;
    let keeper = keepers.first().and_then(|line| line.split(' ').next()).ok_or("no keeper")?;
    kill_process(Pid::from_raw(keeper.parse()?).ok_or("no process id")?, Signal::KILL)?;
    assert_eq!(bench.exited().await?, 137);
    eventually(|| async { processes(&mark.to_string()).ok().filter(Vec::is_empty) }).await?;
    bench.runtime.shutdown().await;
    Ok(())
}
