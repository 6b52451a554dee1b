//! The emulator as the program starts and stops it: found by itself, with a state that outlives it, and nothing left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::images::images;
use super::say;
use super::site::Site;

/// Every process of this machine with its parent and its command line.
fn processes() -> BTreeMap<u32, (u32, String)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let Ok(pid) = entry.unwrap().file_name().to_string_lossy().parse::<u32>() else { continue };
        // A process may end while we look.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap();
        let parent = after_name.split_whitespace().nth(1).unwrap().parse().unwrap();
        all.insert(pid, (parent, String::from_utf8_lossy(&line).replace('\0', " ")));
    }
    all
}

/// The processes of the emulator on this state folder, with all that descend from them.
fn of_emulator(state: &str) -> BTreeMap<u32, String> {
    let all = processes();
    let mut found = BTreeMap::new();
    let mut next: Vec<u32> =
        all.iter().filter(|(_, (_, line))| line.contains(state)).map(|(pid, _)| *pid).collect();
    while let Some(pid) = next.pop() {
        next.extend(all.iter().filter(|(_, (parent, _))| *parent == pid).map(|(child, _)| *child));
        found.insert(pid, all[&pid].1.clone());
    }
    found
}

fn mounts(state: &str) -> Vec<String> {
    let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
    all.lines().filter(|line| line.contains(state)).map(str::to_owned).collect()
}

#[test]
fn an_emulator_that_the_program_started_keeps_its_state_and_leaves_nothing_behind() {
    let site = Site::with_images();
    let state = site.state().display().to_string();
    site.quickstart();
    site.bare(&["emulator", "status"], &[]).says(&["No local emulator runs"]);

    // The first command that needs it starts it and says how to stop it.
    let first = site.acitask(&["plan"]).ends(0).says(&["emulator stop"]);
    if first.all().contains("simulated runtime") {
        say("skipped: this machine runs no containers");
        site.bare(&["emulator", "stop"], &[]).ends(0);
        return;
    }
    site.acitask(&["apply", "--auto-approve"]).ends(0);
    site.bare(&["emulator", "status"], &[]).ends(0).says(&["native", "127.0.0.1"]);
    let sink = site.bare(&["emulator", "sink"], &[]).ends(0);
    assert_eq!(
        (sink.stdout.matches("dog").count(), sink.stdout.matches("cat").count()),
        (1, 2),
        "{}",
        sink.all()
    );

    // The emulator, a keeper of the strong container and what runs in it.
    let running = of_emulator(&state);
    assert!(running.len() >= 3, "{running:?}");
    site.bare(&["emulator", "stop"], &[]).ends(0);
    let now = processes();
    let left: Vec<_> =
        running.iter().filter(|(pid, line)| now.get(pid).is_some_and(|(_, now)| now == *line)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(of_emulator(&state).is_empty());
    assert_eq!(mounts(&state), Vec::<String>::new());

    site.bare(&["emulator", "start"], &[]).ends(0);
    let sink = site.bare(&["emulator", "sink"], &[]).ends(0);
    assert_eq!(
        (sink.stdout.matches("dog").count(), sink.stdout.matches("cat").count()),
        (1, 2),
        "{}",
        sink.all()
    );
    site.acitask(&["apply", "--auto-approve"]).ends(0).says(&["No changes."]);
    site.bare(&["emulator", "reset"], &[]).ends(0);
    site.acitask(&["plan"]).ends(0).says(&["+ resource group acitasks"]);
    site.bare(&["emulator", "stop"], &[]).ends(0);
    assert!(of_emulator(&state).is_empty());
    assert_eq!(mounts(&state), Vec::<String>::new());
}

#[test]
fn the_one_command_of_the_readme_ends_with_a_dog_and_two_cats() {
    // What it needs to build is built before: the time that is told is that of the quickstart itself.
    images();
    let site = Site::new();
    // A repository of the same content, so that nobody's `.env` beside the manifests is read.
    let repository = site.file("repository");
    let manifests = repository.join("manifests/quickstart");
    fs::create_dir_all(&manifests).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::os::unix::fs::symlink(root.join("containers"), repository.join("containers")).unwrap();
    for name in ["project.yaml", "strong.yaml", "weak.yaml"] {
        fs::copy(root.join("manifests/quickstart").join(name), manifests.join(name)).unwrap();
    }
    let began = Instant::now();
    let run = site.in_folder(&repository, &["quickstart"]);
    let took = began.elapsed();
    site.bare(&["emulator", "stop"], &[]).ends(0);
    if run.all().contains("simulated runtime") {
        say("skipped: this machine runs no containers");
        return;
    }
    let run = run.ends(0);
    let shown = run.stdout.rsplit_once("Done:").unwrap().1;
    assert_eq!((shown.matches("dog").count(), shown.matches("cat").count()), (1, 2), "{}", run.all());
    say(&format!("quickstart, already built: {took:?}"));
}
