//! Every rule has a sample that breaks it and one that does not, in `tests/data/rules`: `CODE.bad.yaml`, whose findings
//! are a snapshot, and `CODE.good.yaml`, which is taken.

use std::path::{Path, PathBuf};

use super::{Outcome, given, rendered};
use crate::manifest::{Given, Origin, Rejected, Rule, Source, Values, read};

/// What the samples lean on.
const PROJECT: &str = include_str!("../../../tests/data/valid/project.yaml");

/// No manifest can break it: it is a bug of ours.
const OURS: [Rule; 1] = [Rule::Ours];
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules")
}

fn values() -> Values {
    let mut values: Values =
        [("PLAIN", "plain"), ("SECRET", "canary")].map(|(name, text)| (name.to_owned(), given(text))).into();
    values.insert(
        "UNREAD".into(),
        Given { origin: Origin::Environment("ACITASK_VAR_UNREAD".into()), ..given("x") },
    );
    values
}

/// All findings of a sample, errors first. Its first line may name an environment: `# environment: NAME`.
fn findings(name: &str, bytes: Vec<u8>) -> Rejected {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!("it is not UTF-8 text from byte {} on", error.utf8_error().valid_up_to());
            let missing = [(name.to_owned(), reason)];
            let outcome = read(vec![]).without(missing).resolve(&values(), &|_| Err(String::new()), true);
            return outcome.err().unwrap_or(Rejected { diagnostics: vec![], warnings: vec![] });
        }
    };
    let first = text.lines().next().unwrap_or_default();
    let environment = first.strip_prefix("# environment: ").map(str::to_owned);
    let mut sources = vec![Source { name: name.to_owned(), text: text.clone() }];
    if !text.contains("kind: Project\n") && !text.contains("# no project") {
        sources.push(Source { name: "project.yaml".into(), text: PROJECT.into() });
    }
    let files = |path: &str| match path {
        "cert.pem" => Ok("canary".to_owned()),
        _ => Err(format!("there is no {path} in the project folder")),
    };
    match read(sources).in_environment(environment.as_deref()).resolve(&values(), &files, true) {
        Ok(resolved) => Rejected { diagnostics: vec![], warnings: resolved.warnings },
        Err(rejected) => rejected,
    }
}

#[test]
fn every_rule_is_broken_by_one_sample_and_kept_by_another() -> Outcome {
    let mut missing = vec![];
    for rule in Rule::ALL.iter().filter(|rule| !OURS.contains(rule)) {
        let sample = |kind: &str| std::fs::read(folder().join(format!("{rule}.{kind}.yaml")));
        let (Ok(bad), Ok(good)) = (sample("bad"), sample("good")) else {
            missing.push(rule.code());
            continue;
        };
        let found = findings(&format!("{rule}.yaml"), bad);
        let all = || found.diagnostics.iter().chain(&found.warnings);
        assert!(all().any(|each| each.rule() == *rule), "{rule} is not broken: {found:?}");
        assert!(all().all(|each| each.advice().is_some()), "{rule} does not say what to do: {found:?}");
        let shown = rendered(&found)?;
        assert!(!shown.contains("canary"), "{rule} shows a secret");
        insta::with_settings!({
            snapshot_path => folder(), prepend_module_to_snapshot => false, omit_expression => true
        }, {
            insta::assert_snapshot!(rule.code(), shown);
        });
        let kept = findings(&format!("{rule}.yaml"), good);
        assert_eq!(kept.diagnostics, [], "{rule} is broken by its good sample");
        assert!(kept.warnings.iter().all(|each| each.rule() != *rule), "{rule}: {kept:?}");
    }
    assert_eq!(missing, <[&str; 0]>::default(), "rules without samples");
    Ok(())
}

#[test]
fn every_rule_is_explained_with_its_source() {
    for rule in Rule::ALL {
        let text = rule.explanation();
        assert!(text.len() > 80 && text.contains("\nSource: "), "{rule}");
    }
}
