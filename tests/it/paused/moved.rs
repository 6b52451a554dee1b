//! Manifests that are renamed: what they made stays, no task runs again, and the records go by the new names.

use acitask::plan::reconcile::Verb;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;
use serde_json::Value;

use super::bench::{Bench, PROJECT, ends, images};

const THINGS: &str = "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: site}
spec:
  resourceGroup: jobs
  containers:
    - {name: main, image: 'site:1', resources: {requests: {cpu: 1, memoryInGB: 1}}}
---
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: worker}
spec:
  resourceGroup: jobs
  restartPolicy: Never
  containers:
    - {name: main, image: 'task:1', resources: {requests: {cpu: 1, memoryInGB: 1}}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: nightly}
spec: {type: weak, lifetime: persistent, containerGroup: worker}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: report}
spec:
  type: weak
  lifetime: ephemeral
  template:
    resourceGroup: jobs
    containers:
      - {name: main, image: 'task:1', resources: {requests: {cpu: 1, memoryInGB: 1}}}
";

fn before() -> String {
    format!("{PROJECT}{THINGS}")
}

/// Every manifest but the project under a new name, and every reference to it.
fn renamed(told: bool) -> String {
    let mut text = before();
    for (old, new) in
        [("jobs", "tasks"), ("site", "shop"), ("worker", "hand"), ("nightly", "daily"), ("report", "paper")]
    {
        text = text
            .replace(&format!("metadata: {{name: {old}}}"), &format!("metadata: {{name: {new}}}  # {old}"));
        text = text.replace(&format!("resourceGroup: {old}"), &format!("resourceGroup: {new}"));
        text = text.replace(&format!("containerGroup: {old}"), &format!("containerGroup: {new}"));
        if told {
            let moved = format!("moved: {{from: {old}}}");
            let (before, after) = text.split_once(&format!("# {old}\n")).unwrap();
            let after = match after.strip_prefix("spec: {}") {
                Some(rest) => format!("spec: {{{moved}}}{rest}"),
                None => match after.strip_prefix("spec: {") {
                    Some(rest) => format!("spec: {{{moved}, {rest}"),
                    None => after.replacen("spec:\n", &format!("spec:\n  {moved}\n"), 1),
                },
            };
            text = format!("{before}\n{after}");
        }
    }
    text
}

/// The records of runs, by the names of their tags.
fn records(world: &Value) -> Vec<(String, String)> {
    let tags = world["jobs"]["tags"].as_object().unwrap().iter();
    let record = |(name, value): (&String, &Value)| {
        Some((name.strip_prefix("acitask-run.")?.to_owned(), value.as_str()?.to_owned()))
    };
    tags.filter_map(record).collect()
}

#[tokio::test(start_paused = true)]
async fn manifests_that_were_renamed_keep_what_they_made_and_run_nothing_again() {
    for settings in [&[][..], &["put.writes-tags=true"], &["get.unknown-fields=true"]] {
        let bench =
            Bench::open(images([("site:1", Behaviour::default()), ("task:1", ends(0, 5))]), settings).await;
        bench.apply(&before()).await.all_done();
        bench.settled(&before()).await;
        let before = bench.world().await;
        let changes = |bench: &Bench| {
            let entries = bench.emulator.journal().since(0);
            let sent = |method: &str| entries.iter().filter(|entry| entry.method == method).count();
            (sent("PUT"), sent("DELETE"), sent("POST"))
        };
        let sent = changes(&bench);
        let after = renamed(true);
        let planned = bench.plan(&after, Verb::Apply).await;
        let told: Vec<String> =
            planned.plan.steps().iter().map(|step| format!("{}: {}", step.subject, step.reason)).collect();
        assert_eq!(told, ["resource group jobs: run daily was called nightly; run paper was called report"]);
        bench.apply(&after).await.all_done();
        bench.settled(&after).await;
        assert_eq!(changes(&bench), sent, "nothing was put, deleted, started or stopped: {settings:?}");
        let world = bench.world().await;
        assert_eq!(world["jobs"]["groups"], before["jobs"]["groups"]);
        let under_new_names: Vec<(String, String)> = records(&before)
            .into_iter()
            .map(|(name, record)| {
                let new =
                    [("nightly", "daily"), ("report", "paper")].into_iter().find(|(old, _)| *old == name);
                (new.unwrap().1.to_owned(), record)
            })
            .collect();
        assert_eq!(records(&world), under_new_names);
        // A change after it is made to what was there before, under Azure's name of it.
        let changed = after.replace("image: 'site:1'", "image: 'site:1', command: [serve]");
        bench.apply(&changed).await.all_done();
        bench.settled(&changed).await;
        assert_eq!(bench.carried_out("PUT", "/containerGroups/site", 200), 1);
        assert_eq!(bench.carried_out("PUT", "/containerGroups/shop", 201), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rename_that_is_not_told_is_another_thing() {
    let bench = Bench::open(images([("site:1", Behaviour::default()), ("task:1", ends(0, 5))]), &[]).await;
    bench.apply(&before()).await.all_done();
    let planned = bench.plan(&renamed(false), Verb::Apply).await;
    let subjects: Vec<String> = planned.plan.steps().iter().map(|step| step.subject.to_string()).collect();
    for subject in ["resource group tasks", "group tasks/shop", "run daily", "run paper", "group jobs/site"] {
        assert!(subjects.iter().any(|told| told == subject), "{subject}: {subjects:?}");
    }
}
