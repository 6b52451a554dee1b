//! What `apply` and `run` leave for others: a JUnit report, and no change for the next apply.

use super::images::SHELL;
use super::stand::Stand;

/// A strong run, and two weak ones of which the second fails.
fn project(stand: &Stand) {
    let job = |name: &str, image: &str| {
        format!(
            "---\napiVersion: acitask/v1\nkind: TaskRun\nmetadata: {{name: {name}}}\nspec:\n  type: weak\n  template:\n    \
             resourceGroup: jobs\n    containers:\n      - {{name: main, image: '{image}', resources: {{requests: {{cpu: 1, \
             memoryInGB: 1}}}}}}\n"
        )
    };
    let text = "apiVersion: acitask/v1\nkind: Project\nmetadata: {name: reports}\nspec: {location: eastus}\n---\n\
                apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {name: jobs}\nspec: {}\n---\napiVersion: \
                acitask/v1\nkind: ContainerGroup\nmetadata: {name: host}\nspec:\n  resourceGroup: jobs\n  restartPolicy: \
                Always\n  containers:\n    - {name: main, image: 'simulated/run:forever', resources: {requests: {cpu: 1, \
                memoryInGB: 1}}}\n---\napiVersion: acitask/v1\nkind: TaskRun\nmetadata: {name: strong}\nspec: {type: \
                strong, containerGroup: host, command: [/job], trigger: manual}\n"
        .to_owned();
    stand.write(
        "project.yaml",
        &format!("{text}{}{}", job("good", "simulated/sleep:100"), job("bad", "simulated/fail:100")),
    );
}

#[test]
fn an_apply_writes_the_results_of_its_tasks() {
    let stand = Stand::simulated();
    project(&stand);
    stand.acitask(&["apply", "--auto-approve", "--junit", "first.xml"]).ends(6);
    let report = std::fs::read_to_string(stand.file("first.xml")).unwrap();
    assert!(report.contains("tests=\"2\"") && report.contains("failures=\"1\""), "{report}");
    assert!(report.contains("name=\"good\"") && report.contains("name=\"bad\""), "{report}");
    // Whoever collects reports finds one where there was nothing to do, too.
    stand.acitask(&["apply", "--auto-approve", "--junit", "second.xml"]).ends(0);
    let report = std::fs::read_to_string(stand.file("second.xml")).unwrap();
    assert!(report.contains("<testsuite") && !report.contains("<testcase"), "{report}");
}

#[test]
fn a_run_with_a_value_of_its_own_is_no_change_for_the_next_apply() {
    let stand = Stand::simulated();
    project(&stand);
    stand.acitask(&["apply", "--auto-approve"]).ends(6);
    stand.acitask(&["run", "good", "--set", "env.MODE=once"]).ends(0);
    stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
}

#[test]
fn what_needs_somebody_with_it_is_not_detached() {
    let stand = Stand::simulated();
    project(&stand);
    stand.acitask(&["run", "strong", "--detach"]).ends(125).says(&["cannot be left to itself", "--detach"]);
    assert!(stand.asked_since(0).iter().all(|entry| entry.method != "PUT"), "it is refused before anything");
    stand.acitask(&["run", "good", "--detach"]).ends(0).says(&["acitask attach good"]);
    stand.acitask(&["attach", "good"]).ends(0);
}

#[test]
fn the_log_of_a_task_that_prints_much_and_ends_is_kept_whole() {
    let Some(stand) = Stand::native() else { return };
    // 3 MB at once, and the end right behind them: the service keeps 16 KB of a container that has ended.
    let script = "i=0; while [ $i -lt 30000 ]; do printf '%06d %092d\\n' $i 0; i=$((i+1)); done";
    stand.write(
        "project.yaml",
        &format!(
            "apiVersion: acitask/v1\nkind: Project\nmetadata: {{name: much}}\nspec: {{location: eastus}}\n---\n\
             apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {{name: jobs}}\nspec: {{}}\n---\n\
             apiVersion: acitask/v1\nkind: TaskRun\nmetadata: {{name: much}}\nspec:\n  type: weak\n  template:\n    \
             resourceGroup: jobs\n    containers:\n      - name: main\n        image: {SHELL}\n        command: [/bin/sh, -c, \
             \"{}\"]\n        resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}\n",
            script.replace('\\', "\\\\")
        ),
    );
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    let logs = stand.acitask(&["logs", "much"]).ends(0).stdout;
    let numbers: Vec<&str> =
        logs.lines().filter_map(|line| line.split(' ').find(|word| word.len() == 6)).collect();
    let wanted: Vec<String> = (0..30_000).map(|number| format!("{number:06}")).collect();
    assert_eq!(numbers.len(), wanted.len());
    assert!(numbers.iter().zip(&wanted).all(|(one, other)| *one == other));
}
