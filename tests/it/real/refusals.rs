//! What goes wrong is said with its reason and its exit code, and as early as it can be known.

use super::images::SHELL;
use super::stand::Stand;

const PROJECT: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: refusals}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: jobs}
spec: {}
";

/// A weak task of one container.
fn task(image: &str, command: &str) -> String {
    format!(
        "\
apiVersion: acitask/v1
kind: TaskRun
metadata: {{name: job}}
spec:
  type: weak
  lifetime: ephemeral
  template:
    resourceGroup: jobs
    containers:
      - name: job
        image: {image}
        command: {command}
        resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}
"
    )
}

#[test]
fn a_task_that_exits_3_makes_the_apply_exit_6_with_its_log() {
    let Some(stand) = Stand::native() else { return };
    stand.write("project.yaml", PROJECT);
    stand.write("job.yaml", &task(SHELL, "[/bin/sh, -c, \"echo the disk is full; exit 3\"]"));
    stand.acitask(&["apply", "--auto-approve"]).ends(6).says(&["exit 3", "the disk is full"]);
    // A run that failed is not repeated by itself; the plan says so and how to repeat it.
    stand.acitask(&["plan"]).ends(0).says(&["failed", "acitask run job", "No changes."]);
    stand.acitask(&["run", "job"]).ends(3).says(&["the disk is full"]);
}

#[test]
fn a_program_that_is_not_there_is_a_failed_task_with_the_reason() {
    let Some(stand) = Stand::native() else { return };
    stand.write("project.yaml", PROJECT);
    stand.write("job.yaml", &task(SHELL, "[/bin/nothing]"));
    stand.acitask(&["apply", "--auto-approve"]).ends(6).says(&["/bin/nothing"]);
}

#[test]
fn an_image_that_cannot_be_pulled_fails_with_the_reason() {
    let Some(stand) = Stand::native() else { return };
    stand.write("project.yaml", PROJECT);
    stand.write("job.yaml", &task("nobody/nothing:1", "[/job]"));
    let run = stand.acitask(&["apply", "--auto-approve"]).says(&["nobody/nothing:1", "InaccessibleImage"]);
    assert_ne!(run.code, Some(0), "{}", run.all());
}

#[test]
fn a_task_that_takes_too_long_is_stopped_and_the_apply_exits_124() {
    let Some(stand) = Stand::native() else { return };
    stand.write("project.yaml", PROJECT);
    let slow = task(SHELL, "[/bin/sleep, \"1000\"]").replace("  type: weak", "  type: weak\n  timeout: 2s");
    stand.write("job.yaml", &slow);
    stand.acitask(&["apply", "--auto-approve"]).ends(124).says(&["job"]);
}

#[test]
fn five_mistakes_are_five_labelled_errors_and_nothing_is_called() {
    let stand = Stand::simulated();
    stand.write("project.yaml", PROJECT);
    stand.write(
        "five.yaml",
        "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: five}
spec:
  resourceGroup: jobz
  restartPolicy: Allways
  containers:
    - name: Five
      image: acitask/strong:1
      resources: {requests: {cpu: many, memoryInGB: 1}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: run-five}
spec:
  type: strong
  containerGroup: five
  command: [/x]
  timeOut: 2m
",
    );
    for verb in [&["apply", "--auto-approve"][..], &["plan"], &["validate"]] {
        let run =
            stand.acitask(verb).ends(1).says(&["five.yaml", "jobz", "Allways", "Five", "many", "timeOut"]);
        assert_eq!(run.stderr.matches("ACI0").count(), 5, "{}", run.all());
    }
    assert_eq!(stand.gate.passed(), 0, "something was called");
}

#[test]
fn without_a_terminal_and_a_target_local_is_named() {
    let stand = Stand::simulated();
    stand.quickstart();
    for environment in [&[][..], &[("CI", "true")]] {
        stand.bare(&["apply", "--auto-approve"], environment).ends(1).says(&["--local", "target:"]);
    }
    assert_eq!(stand.gate.passed(), 0, "something was called");
}

#[test]
fn a_wrong_argument_exits_1_and_help_exits_0() {
    let stand = Stand::simulated();
    stand.bare(&["plan", "--no-such-option"], &[]).ends(1).says(&["--no-such-option"]);
    stand.bare(&["no-such-verb"], &[]).ends(1);
    stand.bare(&["apply", "--help"], &[]).ends(0).says(&["--auto-approve"]);
}
