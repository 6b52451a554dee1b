//! The life cycle: restart policies, power, what cannot start, and what refuses meanwhile.

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::contract::{Command, Event, Launch};

fn container(stage: &mut Stage) -> Value {
    let view = stage.get(TASK).json();
    view["properties"]["containers"][0]["properties"]["instanceView"].clone()
}

fn provisioning(stage: &mut Stage) -> Value {
    stage.get(TASK).json()["properties"]["provisioningState"].clone()
}

#[test]
fn an_exit_meets_the_restart_policy() {
    let rows = [
        ("Always", 0, ("Running", "Running"), 1),
        ("Always", 3, ("Running", "Running"), 1),
        ("OnFailure", 0, ("Succeeded", "Terminated"), 0),
        ("OnFailure", 3, ("Running", "Running"), 1),
        ("Never", 0, ("Succeeded", "Terminated"), 0),
        ("Never", 3, ("Failed", "Terminated"), 0),
    ];
    for (policy, code, (group, state), restarts) in rows {
        let mut stage = Stage::running(&[], policy);
        assert_eq!(stage.states(), ("Running".into(), "Running".into()));
        stage.exit(code);
        stage.run();
        assert_eq!(stage.states(), (group.into(), state.into()), "{policy} {code}");
        let view = container(&mut stage);
        assert_eq!(view["restartCount"], restarts, "{policy} {code}");
        let ended = if restarts == 0 { &view["currentState"] } else { &view["previousState"] };
        let detail = if code == 0 { "Completed" } else { "Error" };
        assert_eq!((&ended["exitCode"], &ended["detailStatus"]), (&json!(code), &json!(detail)));
        assert_eq!(provisioning(&mut stage), "Succeeded");
    }
}

#[test]
fn a_crash_loop_backs_off_ten_seconds_doubling_to_three_hundred() {
    let mut stage = Stage::running(&[], "Always");
    stage.exit(1);
    stage.run();
    for pause in [10, 20, 40, 80, 160, 300, 300] {
        stage.exit(1);
        stage.run();
        assert_eq!(stage.states(), ("Running".into(), "Waiting".into()), "{pause}");
        stage.pass(pause - 1);
        assert!(stage.commands.is_empty(), "{pause}");
        assert_eq!(stage.world.due(), Some(stage.now + jiff::SignedDuration::from_secs(1)));
        stage.pass(1);
        stage.run();
        assert_eq!(stage.states(), ("Running".into(), "Running".into()), "{pause}");
    }
    let view = container(&mut stage);
    assert_eq!(view["restartCount"], 8);
    let back_off = view["events"].as_array().and_then(|e| e.iter().find(|e| e["name"] == "BackOff"));
    assert_eq!(back_off.map(|event| &event["count"]), Some(&json!(7)));
    // A long run ends the series.
    stage.pass(600);
    stage.exit(1);
    stage.run();
    assert_eq!(stage.states(), ("Running".into(), "Running".into()));
}

#[test]
fn what_cannot_start_waits_says_why_and_can_be_got_rid_of() {
    let mut bad_command = task("Never");
    bad_command["properties"]["containers"][0]["properties"]["command"] = json!(["nothing"]);
    let mut bad_image = task("Never");
    bad_image["properties"]["containers"][0]["properties"]["image"] = json!("unpullable:1");
    for (body, reason) in [(bad_command, "no such file"), (bad_image, "no such image")] {
        let mut stage = Stage::new(&[]);
        stage.put(GROUP, json!({"location": "westeurope"}));
        stage.put(TASK, body);
        assert_eq!(stage.delete(TASK).code(), "ContainerGroupTransitioning");
        stage.run();
        assert_eq!(stage.states(), ("Pending".into(), "Waiting".into()));
        let events = container(&mut stage)["events"].to_string();
        assert!(events.contains("Failed") && events.contains(reason), "{events}");
        let logs = stage.get(&format!("{TASK}/containers/main/logs"));
        assert_eq!(logs.code(), "ContainerLogNotAvailable");
        stage.pass(10);
        assert_eq!(stage.commands.len(), 1, "it is tried again, also under Never");
        stage.run();
        stage.pass(1800);
        assert_eq!(provisioning(&mut stage), "Failed");
        assert_eq!(stage.delete(TASK).status, 200);
    }
}

#[test]
fn power_on_each_state() {
    let rows: [(&str, &[&str], u16, &str); 9] = [
        ("running", &["start"], 204, "Running"),
        ("running", &["stop"], 204, "Stopped"),
        ("running", &["stop", "stop"], 204, "Stopped"),
        ("running", &["stop", "restart"], 409, "Stopped"),
        ("running", &["stop", "start"], 204, "Running"),
        ("running", &["restart"], 204, "Running"),
        ("ended", &["stop"], 204, "Failed"),
        ("ended", &["start"], 204, "Running"),
        ("ended", &["restart"], 204, "Running"),
    ];
    for (from, calls, status, state) in rows {
        let mut stage = Stage::running(&[], "Never");
        if from == "ended" {
            stage.exit(3);
        }
        let mut last = 0;
        for call in calls {
            stage.pass(1);
            last = stage.post(&format!("{TASK}/{call}")).status;
            stage.run();
        }
        assert_eq!(last, status, "{from} {calls:?}");
        assert_eq!(stage.states().0, state, "{from} {calls:?}");
        assert_eq!(stage.alive(), usize::from(state == "Running"), "{from} {calls:?}");
    }
}

#[test]
fn a_start_tells_where_to_wait_and_begins_a_new_run() {
    let mut stage = Stage::running(&["start.status=202"], "Never");
    let before = container(&mut stage)["currentState"]["startTime"].clone();
    stage.exit(0);
    stage.pass(5);
    let started = stage.post(&format!("{TASK}/start"));
    let operation = started.header("azure-asyncoperation").to_owned();
    let location = started.header("location").to_owned();
    assert_eq!(stage.get(&operation).json()["status"], "Pending");
    assert_eq!(stage.get(&location).status, 202);
    assert_eq!(stage.states().0, "Pending");
    for call in ["start", "stop", "restart"] {
        assert_eq!(stage.post(&format!("{TASK}/{call}")).code(), "ContainerGroupTransitioning");
    }
    stage.run();
    assert_eq!(stage.get(&operation).json()["status"], "Succeeded");
    let without_version = location.split('?').next().unwrap_or_default().to_owned();
    assert_eq!(stage.get(&format!("{without_version}?")).status, 204);
    let view = container(&mut stage);
    assert_ne!(view["currentState"]["startTime"], before);
    assert_eq!((&view["restartCount"], &view["previousState"]), (&json!(0), &Value::Null));
}

#[test]
fn a_new_deployment_waits_for_the_old_containers() {
    let mut stage = Stage::running(&[], "Always");
    stage.post(&format!("{TASK}/restart"));
    // The old containers get the command and never end.
    let [Command::Stop { sandbox: old }] = std::mem::take(&mut stage.commands)[..] else {
        panic!("only a stop is commanded while the old containers run");
    };
    assert_eq!(stage.states(), ("Running".into(), "Running".into()), "the old view stays");
    assert_eq!(provisioning(&mut stage), "Updating");
    stage.pass(59);
    assert!(stage.commands.is_empty());
    stage.pass(1);
    assert!(stage.commands.contains(&Command::Discard { sandbox: old }));
    stage.run();
    assert_eq!(provisioning(&mut stage), "Succeeded");
}

#[test]
fn a_stop_ends_a_restart_that_is_under_way() {
    let mut stage = Stage::running(&[], "Always");
    stage.post(&format!("{TASK}/restart"));
    assert_eq!(stage.post(&format!("{TASK}/stop")).status, 204);
    stage.run();
    stage.pass(60);
    assert!(stage.commands.is_empty(), "its log stays: {:?}", stage.commands);
    assert_eq!((stage.states().0.as_str(), stage.alive()), ("Stopped", 0));
}

#[test]
fn an_identical_put_restarts_and_a_changed_wish_is_run() {
    let mut stage = Stage::running(&[], "Always");
    let before = container(&mut stage)["currentState"]["startTime"].clone();
    stage.pass(3);
    let again = stage.put(TASK, task("Always"));
    assert_eq!(again.status, 200);
    assert!(!again.header("azure-asyncoperation").is_empty());
    assert_eq!(stage.put(TASK, task("Always")).code(), "ContainerGroupTransitioning");
    stage.run();
    assert_ne!(container(&mut stage)["currentState"]["startTime"], before);
    let mut changed = task("Always");
    changed["properties"]["containers"][0]["properties"]["image"] = json!("acitask/weak:2");
    assert_eq!(stage.put(TASK, changed).status, 200);
    let launched = |commands: &[Command]| commands.iter().any(|c| matches!(c, Command::Stop { .. }));
    assert!(launched(&stage.commands));
    stage.run();
    let view = stage.get(TASK).json();
    assert_eq!(view["properties"]["containers"][0]["properties"]["image"], "acitask/weak:2");
    assert_eq!(stage.alive(), 1);
}

#[test]
fn a_put_on_an_ended_group_is_a_question() {
    const REFUSED: &str = "InvalidContainerGroupUpdate";
    let rows = [
        ("put.on-terminated=redeploy", true, ""),
        ("put.on-terminated=redeploy", false, ""),
        ("put.on-terminated=refuse", true, ""),
        ("put.on-terminated=refuse", false, REFUSED),
        ("put.on-stopped=refuse", true, REFUSED),
        ("put.on-stopped=refuse", false, ""),
    ];
    for (setting, stop, code) in rows {
        let status = if code.is_empty() { 200 } else { 400 };
        {
            let mut stage = Stage::running(&[setting], "Never");
            if stop {
                stage.post(&format!("{TASK}/stop"));
                stage.run();
            } else {
                stage.exit(0);
            }
            let answer = stage.put(TASK, task("Never"));
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{setting} {stop}");
        }
    }
}

#[test]
fn stale_reads_show_the_old_view_and_the_new_provisioning() {
    let mut stage = Stage::running(&["view.stale-reads=2"], "Never");
    stage.exit(3);
    stage.post(&format!("{TASK}/start"));
    stage.run();
    for expected in ["Failed", "Failed", "Running"] {
        assert_eq!(provisioning_and_state(&mut stage), ("Succeeded".into(), expected.to_owned()));
    }
}

#[test]
fn a_restart_of_an_ended_group_shows_its_end_until_it_runs() {
    let mut stage = Stage::running(&[], "Never");
    stage.exit(3);
    assert_eq!(stage.post(&format!("{TASK}/restart")).status, 204);
    assert_eq!(provisioning_and_state(&mut stage), ("Updating".into(), "Failed".into()));
    stage.run();
    assert_eq!(provisioning_and_state(&mut stage), ("Succeeded".into(), "Running".into()));
}

#[test]
fn what_is_launched_is_what_was_sent() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    let mut body = task("Never");
    let container = &mut body["properties"]["containers"][0]["properties"];
    container["command"] = json!(["/weak", "--name", "a cat"]);
    container["resources"] = json!({"requests": {"cpu": 1.5, "memoryInGB": 1.5}, "limits": {"cpu": 1.5}});
    stage.put(TASK, body);
    let [Command::Open { .. }, Command::Pull { sandbox, .. }] = stage.commands[..] else {
        panic!("a pull comes first");
    };
    let container = "main".to_owned();
    let digest = "sha256:1".to_owned();
    let pulled = Event::Pulled { sandbox, container: container.clone(), digest };
    let launch = Launch {
        source: "acitask/weak:1".into(),
        command: ["/weak", "--name", "a cat"].map(str::to_owned).to_vec(),
        environment: [("MODE", "fast"), ("TOKEN", "hush-hush")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        hostname: format!("SandboxHost-{}", sandbox.0),
        cpu_milli: Some(1500),
        memory_mib: Some(1536),
        ..Launch::default()
    };
    let started = stage.world.tell(pulled, stage.now);
    assert_eq!(started, [Command::Start { sandbox, container, launch }]);
}

fn provisioning_and_state(stage: &mut Stage) -> (String, String) {
    let view = stage.get(TASK).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let properties = &view["properties"];
    (text(&properties["provisioningState"]), text(&properties["instanceView"]["state"]))
}
