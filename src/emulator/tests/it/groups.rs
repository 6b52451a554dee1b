//! Whole container groups over HTTP in the simulated runtime: what init containers, probes and volumes come to.

use acitask_emulator::{Emulator, Options};
use serde_json::{Value, json};

use super::Outcome;
use super::wire::{GROUP, VERSION, send, until};

/// Deploys a group of these containers and init containers, each with a name and an image.
async fn group(
    emulator: &Emulator,
    policy: &str,
    inits: &[(&str, &str)],
    containers: &[(&str, &str)],
    more: Value,
) -> Outcome {
    let resource_group = GROUP.split("/providers").next().unwrap_or_default();
    let place = json!({"location": "westeurope"});
    send(emulator, "PUT", &format!("{resource_group}{VERSION}"), place).await?;
    let init = |(name, image): &(&str, &str)| json!({"name": name, "properties": {"image": image}});
    let container = |(name, image): &(&str, &str)| {
        let mut properties = more.clone();
        properties["image"] = json!(image);
        properties["resources"] = json!({"requests": {"cpu": 1, "memoryInGB": 1}});
        json!({"name": name, "properties": properties})
    };
    let body = json!({"location": "westeurope", "properties": {
        "osType": "Linux",
        "restartPolicy": policy,
        "volumes": [{"name": "shared", "emptyDir": {}}],
        "initContainers": inits.iter().map(init).collect::<Vec<_>>(),
        "containers": containers.iter().map(container).collect::<Vec<_>>(),
    }});
    let answer = send(emulator, "PUT", &format!("{GROUP}{VERSION}"), body).await?;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    Ok(())
}

fn view<'a>(group: &'a Value, list: &str, number: usize) -> &'a Value {
    &group["properties"][list][number]["properties"]["instanceView"]
}

#[tokio::test(start_paused = true)]
async fn init_containers_end_before_the_others_start() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let inits = [("first", "simulated/sleep:30000"), ("second", "simulated/exit:0")];
    let containers = [("web", "simulated/run:forever"), ("job", "simulated/sleep:60000")];
    group(&emulator, "OnFailure", &inits, &containers, json!({})).await?;
    let running = |group: &Value| view(group, "containers", 0)["currentState"]["state"] == "Running";
    let seen = until(&emulator, running).await?;
    let at = |view: &Value, what: &str| view["currentState"][what].as_str().unwrap_or_default().to_owned();
    let (first, second) = (view(&seen, "initContainers", 0), view(&seen, "initContainers", 1));
    assert!(at(first, "finishTime") <= at(second, "startTime"), "{seen}");
    assert!(at(second, "finishTime") <= at(view(&seen, "containers", 0), "startTime"), "{seen}");
    assert_eq!(
        (&first["currentState"]["exitCode"], at(first, "detailStatus")),
        (&json!(0), "Completed".to_owned())
    );
    let ended = |group: &Value| view(group, "containers", 1)["currentState"]["state"] == "Terminated";
    let seen = until(&emulator, ended).await?;
    assert_eq!(seen["properties"]["instanceView"]["state"], "Running", "one still runs");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_unwell_is_restarted_and_what_wants_too_much_memory_says_so() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let probe = json!({"livenessProbe": {"exec": {"command": ["look"]}, "periodSeconds": 5}});
    group(&emulator, "Always", &[], &[("web", "simulated/unwell:20000")], probe).await?;
    let twice = |group: &Value| view(group, "containers", 0)["restartCount"] == 2;
    let seen = until(&emulator, twice).await?;
    let events = view(&seen, "containers", 0)["events"].clone();
    let count = |name: &str| {
        let event = events.as_array().and_then(|events| events.iter().find(|event| event["name"] == name));
        event.map(|event| event["count"].clone()).unwrap_or_default()
    };
    assert_eq!((count("Unhealthy"), count("Killing"), count("BackOff")), (json!(6), json!(2), json!(1)));

    let emulator = Emulator::open(Options::in_memory()).await?;
    group(&emulator, "Never", &[], &[("web", "simulated/oom:5000")], json!({})).await?;
    let ended = |group: &Value| view(group, "containers", 0)["currentState"]["state"] == "Terminated";
    let seen = until(&emulator, ended).await?;
    let state = &view(&seen, "containers", 0)["currentState"];
    assert_eq!((&state["exitCode"], &state["detailStatus"]), (&json!(137), &json!("OOMKilled")));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_mounted_or_begins_with_a_failure_waits_and_says_why() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let mounts = json!({"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]});
    group(&emulator, "Never", &[], &[("web", "simulated/unmountable:1")], mounts).await?;
    let failed = |group: &Value| view(group, "containers", 0)["events"].to_string().contains("FailedMount");
    let seen = until(&emulator, failed).await?;
    assert_eq!(seen["properties"]["instanceView"]["state"], "Pending");

    let emulator = Emulator::open(Options::in_memory()).await?;
    let inits = [("first", "simulated/fail:1000")];
    group(&emulator, "Never", &inits, &[("web", "simulated/run:forever")], json!({})).await?;
    let over = |group: &Value| group["properties"]["provisioningState"] == "Failed";
    let seen = until(&emulator, over).await?;
    assert_eq!(seen["properties"]["instanceView"]["state"], "Failed");
    assert_eq!(view(&seen, "initContainers", 0)["currentState"]["exitCode"], 1);
    assert_eq!(view(&seen, "containers", 0), &Value::Null, "it never began");
    Ok(())
}
