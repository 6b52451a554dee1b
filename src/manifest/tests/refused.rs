//! Manifests that are refused, and what a person sees of it: one snapshot a sample of `tests/data/invalid`.

use std::path::Path;

use super::{Outcome, codes, given, rendered, resolve};
use crate::manifest::{Given, Origin, Rejected, Source, Values, read};

/// What the samples lean on.
const PROJECT: &str = include_str!("../../../tests/data/valid/project.yaml");

fn values() -> Values {
    let mut values = Values::new();
    values.insert("PLAIN".into(), given("plain"));
    values.insert("SECRET".into(), given("canary"));
    values
}

#[test]
fn every_sample_is_refused_as_its_snapshot_shows() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/invalid");
    let mut samples: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    samples.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    samples.sort();
    assert!(samples.len() > 10, "the samples are gone");
    for sample in samples {
        let name = sample.file_stem().and_then(|stem| stem.to_str()).ok_or("a name")?;
        let text = std::fs::read_to_string(&sample)?;
        let file = format!("{name}.yaml");
        let mut sources = vec![(file.as_str(), text.as_str())];
        if !text.contains("kind: Project\n") {
            sources.push(("project.yaml", PROJECT));
        }
        let shown = match resolve(&sources, &values()) {
            Err(rejected) => rendered(&rejected)?,
            Ok(resolved) => {
                assert!(!resolved.warnings.is_empty(), "{name} is accepted");
                rendered(&Rejected { diagnostics: resolved.warnings, warnings: vec![] })?
            }
        };
        assert!(!shown.contains("canary"), "{name} shows a secret");
        insta::with_settings!({
            snapshot_path => folder.clone(), prepend_module_to_snapshot => false, omit_expression => true
        }, {
            insta::assert_snapshot!(name, shown);
        });
    }
    Ok(())
}

#[test]
fn what_other_tools_write_is_one_mistake_each() {
    let group = |spec: &str, container: &str| {
        format!(
            "apiVersion: acitask/v1\nkind: ContainerGroup\nmetadata: {{name: group}}\nspec:\n  resourceGroup: home\n{spec}  \
             containers:\n    - {{name: main, image: \"i:1\", {container}}}\n"
        )
    };
    let resources = "resources: {requests: {cpu: 1, memoryInGB: 1}}";
    let with = |more: &str| format!("{resources}, {more}");
    for (spec, container, expected) in [
        ("", with("env: [{name: A, value: b}]"), "did you mean `environmentVariables`?"),
        ("  labels: {a: b}\n", resources.to_owned(), "did you mean `tags`?"),
        ("", "resources: {requests: {cpu: 1, memory: 1}}".to_owned(), "did you mean `memoryInGB`?"),
        (
            "",
            "resources: {requests: {cpu: 500m, memoryInGB: 1}}".to_owned(),
            "write a number of CPUs, such as 0.5 for 500m, without quotes",
        ),
        (
            "",
            format!("properties: {{{resources}}}"),
            "write what is below it one level up: the properties levels of Azure's API are left out here",
        ),
        (
            "  arm: {properties: 1}\n",
            resources.to_owned(),
            "arm is merged into the request as it stands: write arm: {properties: {…}}",
        ),
        (
            "  arm: {properties: {containers: {a: b}}}\n",
            resources.to_owned(),
            "arm is merged into the request as it stands: write arm: {properties: {…}}",
        ),
    ] {
        let text = group(spec, &container);
        let outcome = resolve(&[("a.yaml", &text), ("p.yaml", PROJECT)], &values());
        let found: Vec<_> = outcome.err().into_iter().flat_map(|rejected| rejected.diagnostics).collect();
        let advice: Vec<_> = found.iter().filter_map(|each| each.advice()).collect();
        assert_eq!(advice, [expected], "{text}");
    }
}

#[test]
fn five_mistakes_are_five_errors() -> Outcome {
    let text = include_str!("../../../tests/data/invalid/five_mistakes.yaml");
    let outcome = resolve(&[("a.yaml", text), ("project.yaml", PROJECT)], &values());
    assert_eq!(codes(&outcome), ["ACI023", "ACI010", "ACI012", "ACI013", "ACI051"]);
    Ok(())
}

#[test]
fn a_file_that_is_no_text_is_refused_by_name() -> Outcome {
    let source =
        Source { name: "b.yaml".into(), text: format!("{PROJECT}---\napiVersion: acitask/v1\nkind: Pod\n") };
    let missing = [("a.yaml".to_owned(), "byte 3 is not UTF-8".to_owned())];
    let outcome = read(vec![source]).without(missing).resolve(&values(), &|_| Err(String::new()), true);
    assert_eq!(codes(&outcome), ["ACI006", "ACI001"]);
    let rejected = outcome.err().ok_or("it is not refused")?;
    assert!(rendered(&rejected)?.contains("a.yaml cannot be read: byte 3 is not UTF-8"));
    Ok(())
}

#[test]
fn small_mistakes_have_their_codes() {
    let timeout = |key: &str, period: &str| {
        format!(
            "apiVersion: acitask/v1\nkind: TaskRun\nmetadata: {{name: run}}\nspec:\n  {{type: strong, containerGroup: live, \
             command: [x], {key}: {period}}}\n"
        )
    };
    for (period, expected) in [
        ("1h30m", &[][..]),
        ("0s", &["ACI067"]),
        ("2m1h", &["ACI012"]),
        ("500ms", &["ACI012"]),
        ("99999999999999999999h", &["ACI012"]),
        ("90", &["ACI012"]),
    ] {
        for key in ["timeout", "idleTimeout"] {
            let text = timeout(key, period);
            assert_eq!(
                codes(&resolve(&[("a.yaml", &text), ("p.yaml", PROJECT)], &values())),
                expected,
                "{key}: {period}"
            );
        }
    }
}

#[test]
fn a_value_given_by_name_is_one_that_is_declared() {
    let mut values = values();
    values.insert("PLIAN".into(), Given { origin: Origin::Flag, ..given("x") });
    assert_eq!(codes(&resolve(&[("p.yaml", PROJECT)], &values)), ["ACI050"]);
    values.insert(
        "PLIAN".into(),
        Given { origin: Origin::Environment("ACITASK_VAR_PLIAN".into()), ..given("x") },
    );
    assert!(resolve(&[("p.yaml", PROJECT)], &values).is_ok());
}

#[test]
fn a_value_that_is_given_as_a_secret_is_one() {
    let text = "apiVersion: acitask/v1\nkind: ResourceGroup\nmetadata: {name: rg}\nspec: {tags: {a: \"${PLAIN}\"}}\n";
    let mut values = values();
    assert!(resolve(&[("a.yaml", text), ("p.yaml", PROJECT)], &values).is_ok());
    values.insert("PLAIN".into(), Given { secret: true, ..given("canary") });
    assert_eq!(codes(&resolve(&[("a.yaml", text), ("p.yaml", PROJECT)], &values)), ["ACI052"]);
}
