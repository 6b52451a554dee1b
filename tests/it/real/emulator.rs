//! The emulator's own commands, each as a person gives it.

use serde_json::{Value, json};

use super::site::Site;

/// A site whose emulator simulates, with a clock that stands.
fn standing() -> Site {
    let site = Site::new();
    site.bare(&["emulator", "start", "--runtime", "simulated", "--time", "explicit"], &[])
        .ends(0)
        .says(&["simulated", "explicit"]);
    site
}

fn status(site: &Site) -> Value {
    serde_json::from_str(&site.bare(&["emulator", "status", "--json"], &[]).ends(0).stdout).unwrap()
}

const FAULTS: &str = "- id: busy
  on: containerGroups/put
  nth: 2
  effect: {answer: {status: 429, retryAfter: 5}}
- on: resourceGroups/delete
  effect: {preset: ScopeLocked}
";

const STACK: &str = "apiVersion: acitask/v1
kind: Project
metadata: {name: verbs}
spec: {target: local, location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: verbs}
spec: {}
";

#[test]
fn every_command_does_what_it_says() {
    let site = standing();

    // Time passes when it is told to.
    let before = status(&site)["health"]["time"].clone();
    site.bare(&["emulator", "advance", "90s"], &[]).ends(0).says(&["later it is"]);
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let passed = time(&status(&site)["health"]["time"]).duration_since(time(&before));
    assert_eq!(passed.as_secs(), 90);

    // Faults are added, listed and cleared; a script with mistakes adds none and tells all with their lines.
    site.write("faults.yaml", FAULTS);
    site.write(
        "wrong.yaml",
        "- on: containerGroups/putt\n  effect: evict\n- on: x/y\n  effect: {slow: soon}\n",
    );
    site.bare(&["emulator", "fault", "add", "wrong.yaml"], &[]).ends(1).says(&[
        "line 1, fault 1",
        "did you mean",
        "line 3, fault 2",
        "a time like 90s",
    ]);
    site.bare(&["emulator", "fault", "list"], &[]).ends(0).says(&["No faults."]);
    site.bare(&["emulator", "fault", "add", "faults.yaml"], &[]).ends(0).says(&["Added 2 faults: busy"]);
    site.bare(&["emulator", "fault", "list"], &[]).ends(0).says(&["busy", "fired 0/1", "status 429"]);
    site.bare(&["emulator", "fault", "clear", "busy"], &[]).ends(0).says(&["Cleared 1 fault."]);
    site.bare(&["emulator", "fault", "clear", "busy"], &[]).ends(1).says(&["busy"]);

    // Switches are shown with what they decide, set together or not at all.
    site.bare(&["emulator", "switches"], &[]).ends(0).says(&["exec.split=true", "split on spaces"]);
    site.bare(&["emulator", "switches", "exec.split=false", "exec.splat=x"], &[])
        .ends(1)
        .says(&["exec.splat"]);
    let set = ["emulator", "switches", "--json", "view.stale-reads=2"];
    let switches: Value = serde_json::from_str(&site.bare(&set, &[]).ends(0).stdout).unwrap();
    assert_eq!((&switches["exec.split"], &switches["view.stale-reads"]), (&json!("true"), &json!("2")));

    // The journal has what clients asked, by method and status.
    site.write("stack.yaml", STACK);
    site.acitask(&["apply", "--auto-approve", "-f", "stack.yaml"]).ends(0);
    let puts = site.bare(&["emulator", "requests", "--method", "put", "--json"], &[]).ends(0).stdout;
    let puts: Vec<Value> = puts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(puts.iter().any(|put| put["status"] == 201), "{puts:?}");
    assert!(puts.iter().all(|put| put["method"] == "PUT"), "{puts:?}");
    site.bare(&["emulator", "requests", "--status", "5xx"], &[]).ends(0);

    // A world is saved, emptied and put back.
    site.bare(&["emulator", "snapshot", "save", "world.json"], &[]).ends(0).says(&["holds secrets"]);
    let saved = std::fs::metadata(site.file("world.json")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&saved.permissions()) & 0o777, 0o600);
    site.bare(&["emulator", "reset"], &[]).ends(0);
    site.acitask(&["plan", "--detailed-exitcode", "-f", "stack.yaml"]).ends(2);
    site.write("none.json", "{\"snapshot\": 1,\n\"records\": 7}");
    site.bare(&["emulator", "snapshot", "load", "none.json"], &[]).ends(1).says(&["none.json", "line 2"]);
    site.bare(&["emulator", "snapshot", "load", "world.json"], &[]).ends(0).says(&["Loaded"]);
    site.acitask(&["plan", "--detailed-exitcode", "-f", "stack.yaml"]).ends(0);

    // What clients and shells need is printed for them to take.
    let exported = site.bare(&["emulator", "env", "sdk"], &[]).ends(0).stdout;
    assert!(exported.lines().any(|line| line.starts_with("export AZURE_CLIENT_SECRET=")), "{exported}");
    let sink = site.bare(&["emulator", "sink", "--json"], &[]).ends(0).stdout;
    assert_eq!(sink, "");

    site.bare(&["emulator", "stop"], &[]).ends(0).says(&["has stopped"]);
    assert_eq!(status(&site)["running"], false);
    site.bare(&["emulator", "fault", "list"], &[]).ends(0).says(&["No local emulator runs"]);
    site.bare(&["emulator", "advance", "1s"], &[]).ends(1);
}

#[test]
fn a_journal_is_followed_until_a_signal() {
    let site = standing();
    let (mut follower, output) = {
        let _entered = site.tokio.enter();
        site.spawn(&["emulator", "requests", "--follow", "--method", "put", "--json"], &[])
    };
    site.write("stack.yaml", STACK);
    site.acitask(&["apply", "--auto-approve", "-f", "stack.yaml"]).ends(0);
    let status = site.tokio.block_on(async {
        // Each look at the journal is a third of a second from the next.
        for _ in 0..200 {
            if output.so_far().contains("\"status\":201") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let pid = follower.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        follower.wait().await.unwrap()
    });
    let run = output.read(status).ends(0);
    let puts = run.stdout.lines().filter(|line| line.contains("\"status\":201")).count();
    assert_eq!(puts, 1, "{}", run.all());
    site.bare(&["emulator", "stop"], &[]).ends(0);
}
