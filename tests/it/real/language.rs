//! The verbs about the language alone: they call nothing, need no login, and tell all that is wrong at once.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::images::ACITASK;
use super::site::Site;

/// A value that must be seen nowhere.
const CANARY: &str = "canary-51d0-green";

const PROJECT: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: words}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: jobs}
spec: {}
";

/// A container group with an image and something more of its container.
fn group(name: &str, image: &str, more: &str) -> String {
    format!(
        "\
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {{name: {name}}}
spec:
  resourceGroup: jobs
  containers:
    - name: main
      image: {image}
      resources: {{requests: {{cpu: 1, memoryInGB: 1}}}}
      {more}
"
    )
}

/// A project with one error, one warning and one note: a port too large, a secret in the open, an image called latest.
fn graded() -> Site {
    let site = Site::new();
    site.write("a.yaml", PROJECT);
    site.write("bad.yaml", &group("bad", "x:1", "ports: [{port: 65536}]"));
    site.write(
        "loud.yaml",
        &group("loud", "x:1", "environmentVariables: [{name: PASSWORD, value: hunter2}]"),
    );
    site.write("new.yaml", &group("new", "x:latest", ""));
    site
}

fn found(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn validate_tells_text_json_and_annotations() {
    let site = graded();
    let text = site.bare(&["validate", "-f", "."], &[]).ends(1);
    assert_eq!(text.stdout, "");
    assert!(text.stderr.contains("bad.yaml:10"), "{}", text.stderr);
    assert!(text.stderr.contains("at most 65535"), "{}", text.stderr);

    let told = found(&site.bare(&["validate", "-f", ".", "--format", "json"], &[]).ends(1).stdout);
    let list = told["diagnostics"].as_array().unwrap();
    let severities: Vec<&Value> = list.iter().map(|each| &each["severity"]).collect();
    assert_eq!(severities, ["error", "warning", "note"], "{told:#}");
    let error = &list[0];
    assert_eq!(
        (
            &error["code"],
            &error["places"][0]["file"],
            &error["places"][0]["line"],
            &error["places"][0]["column"]
        ),
        (&json!("ACI014"), &json!("bad.yaml"), &json!(10), &json!(22)),
        "{told:#}"
    );
    assert!(list[1]["help"].as_str().is_some_and(|help| help.contains("secureValue")), "{told:#}");

    let github = site.bare(&["validate", "-f", ".", "--format", "github"], &[]).ends(1).stdout;
    let heads: Vec<&str> = github.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(heads, ["::error", "::warning", "::notice"], "{github}");
    assert!(
        github.starts_with("::error file=bad.yaml,line=10,col=22,endLine=10,endColumn=27,title=ACI014::")
    );
}

#[test]
fn validate_denies_what_it_is_told_to() {
    let site = graded();
    fs::remove_file(site.file("bad.yaml")).unwrap();
    let validate = |more: &[&str]| site.bare(&[&["validate", "-f", "."], more].concat(), &[]);
    validate(&[]).ends(0).says(&["are valid: 1 resource group, 2 container groups"]);
    validate(&["--deny", "warnings"]).ends(1).says(&["PASSWORD"]);
    fs::remove_file(site.file("loud.yaml")).unwrap();
    for format in ["text", "json", "github"] {
        validate(&["--format", format]).ends(0);
        validate(&["--format", format, "--deny", "warnings"]).ends(0);
        validate(&["--format", format, "--deny", "notes"])
            .ends(1)
            .says(&["this image may change without any change here"]);
    }
    fs::remove_file(site.file("new.yaml")).unwrap();
    let none = validate(&["--format", "json", "--deny", "notes"]).ends(0);
    assert_eq!(found(&none.stdout), json!({"diagnostics": []}));
}

#[test]
fn files_that_cannot_be_read_are_told_with_the_others_in_bounded_time_and_memory() {
    let site = graded();
    fs::write(site.file("latin.yaml"), b"kind: \xe9").unwrap();
    fs::File::create(site.file("large.yaml")).unwrap().set_len(100 << 20).unwrap();
    let started = Instant::now();
    // As much memory as may be reserved, in KB; it is not enough for three times the large file.
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -v 300000 && exec \"$0\" validate --format json -f .", ACITASK])
        .current_dir(site.file(""))
        .env_clear()
        .env("HOME", site.state())
        .env("TOKIO_WORKER_THREADS", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let told = found(&String::from_utf8(output.stdout).unwrap());
    let codes: Vec<_> = told["diagnostics"].as_array().unwrap().iter().map(|each| &each["code"]).collect();
    let messages = told.to_string();
    assert_eq!(codes.iter().filter(|code| ***code == "ACI001").count(), 2, "{told:#}");
    assert!(codes.contains(&&json!("ACI014")), "{told:#}");
    assert!(messages.contains("latin.yaml cannot be read: it is not UTF-8 text from byte 6 on"), "{told:#}");
    assert!(messages.contains("large.yaml cannot be read: it has more than 16 MB"), "{told:#}");
}

#[test]
fn render_shows_the_bodies_and_no_secret() {
    let site = Site::new();
    let variables =
        "spec: {location: westeurope, variables: {TOKEN: {secret: true}, LEVEL: {default: debug}}}";
    site.write("project.yaml", &PROJECT.replace("spec: {location: westeurope}", variables));
    let more = "environmentVariables: [{name: TOKEN, secureValue: {fromVariable: TOKEN}}, {name: LEVEL, value: \"${LEVEL}\"}]";
    site.write("group.yaml", &group("shaft", "x:1", more));
    let canary = [("ACITASK_SECRET_TOKEN", CANARY)];
    let run = site.acitask_with(&["render", "-f", "."], &canary).ends(0);
    assert!(!run.all().contains(CANARY), "{}", run.all());
    let bodies = found(&run.stdout);
    assert_eq!(bodies[0]["type"], "Microsoft.Resources/resourceGroups");
    let shaft = &bodies[1];
    assert_eq!((&shaft["name"], &shaft["resourceGroup"]), (&json!("shaft"), &json!("jobs")));
    let variables = &shaft["body"]["properties"]["containers"][0]["properties"]["environmentVariables"];
    assert_eq!(
        *variables,
        json!([{"name": "TOKEN", "secureValue": "***"}, {"name": "LEVEL", "value": "debug"}]),
        "{bodies:#}"
    );
    // What is masked need not be known.
    assert_eq!(site.acitask(&["render", "-f", "."]).ends(0).stdout, run.stdout);
}

#[test]
fn schema_has_each_kind_by_either_name() {
    let site = Site::new();
    let committed = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        fs::read_to_string(path).unwrap()
    };
    for (kind, file) in [
        ("manifests", "acitask"),
        ("project", "project"),
        ("Project", "project"),
        ("resource-group", "resource-group"),
        ("ResourceGroup", "resource-group"),
        ("container-group", "container-group"),
        ("ContainerGroup", "container-group"),
        ("task-run", "task-run"),
        ("TaskRun", "task-run"),
        ("environment", "environment"),
        ("messages", "messages"),
    ] {
        assert_eq!(site.bare(&["schema", kind], &[]).ends(0).stdout, committed(file), "{kind}");
    }
    assert_eq!(site.bare(&["schema"], &[]).ends(0).stdout, committed("acitask"));
    site.bare(&["schema", "pod"], &[]).ends(1).says(&["pod", "container-group"]);
    site.bare(&["schema", "--write", "all"], &[]).ends(0);
    let written = fs::read_dir(site.file("all")).unwrap().count();
    assert_eq!(written, fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")).unwrap().count());
}

#[test]
fn explain_tells_a_rule_and_all_of_them() {
    let site = Site::new();
    let all = site.bare(&["explain"], &[]).ends(0).stdout;
    let codes: Vec<&str> = all.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(codes.len() > 60 && codes.is_sorted(), "{all}");
    for code in &codes {
        let text = site.bare(&["explain", code], &[]).ends(0).stdout;
        assert!(text.starts_with(code) && text.lines().count() > 2, "{text}");
    }
    let small = codes[1].to_lowercase();
    assert!(site.bare(&["explain", &small], &[]).ends(0).stdout.starts_with(codes[1]));
    site.bare(&["explain", "ACI999"], &[]).ends(1).says(&["there is no rule ACI999"]);
}

#[test]
fn init_writes_a_project_that_is_valid_and_nothing_over_another() {
    let site = Site::new();
    site.bare(&["init"], &[]).ends(0).says(&["manifests/project.yaml", "acitask plan -f manifests"]);
    let token = ["--var", "API_TOKEN=x"];
    site.bare(&[&token[..], &["validate", "--deny", "warnings"]].concat(), &[]).ends(0);
    // What it advises to do next can be done: here the plan, on a machine where nothing was set.
    let values = fs::read_to_string(site.file("manifests/project.yaml")).unwrap();
    assert!(values.starts_with("# yaml-language-server: $schema=acitask.schema.json\n"));

    site.write("manifests/service.yaml", "mine");
    fs::remove_file(site.file("manifests/nightly.yaml")).unwrap();
    site.bare(&["init"], &[]).ends(1).says(&["is there already", "nothing was written"]);
    assert_eq!(fs::read_to_string(site.file("manifests/service.yaml")).unwrap(), "mine");
    assert!(!site.file("manifests/nightly.yaml").exists());
    site.bare(&["init", "jobs"], &[]).ends(0).says(&["jobs/nightly.yaml"]);
}
