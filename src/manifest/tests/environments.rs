//! Environments: what their patches make of the other manifests, and what is said where they are wrong.

use super::{Outcome, given};
use crate::manifest::{Rejected, Resolved, Source, Values, read};
use crate::model::name::Name;

const BASE: &str = include_str!("../../../manifests/environments/project.yaml");
const TEST: &str = include_str!("../../../manifests/environments/test.yaml");
const PRODUCTION: &str = include_str!("../../../manifests/environments/production.yaml");

fn resolve(
    sources: &[(&str, &str)],
    environment: Option<&str>,
    values: &Values,
) -> Result<Resolved, Rejected> {
    let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: (*text).into() };
    let draft = read(sources.iter().map(source).collect()).in_environment(environment);
    draft.resolve(values, &|name| Err(name.to_owned()), true)
}

const ALL: [(&str, &str); 3] = [("a.yaml", BASE), ("production.yaml", PRODUCTION), ("test.yaml", TEST)];

#[test]
fn each_environment_is_an_owner_with_its_own_values_and_patches() -> Outcome {
    for (environment, owner, group, cpu, variables) in [
        ("test", "environments/test", "shop-test", "1", &["https://test.example.com", "debug"][..]),
        ("production", "environments/production", "shop-production", "4", &["https://example.com"]),
    ] {
        let stack = resolve(&ALL, Some(environment), &Values::new())?.stack;
        assert_eq!(stack.project.owner.as_str(), owner);
        let home = stack.resource_groups.get(&Name::from("shop")).ok_or("shop")?;
        assert_eq!((home.name.as_str(), home.protect), (group, environment == "production"));
        let worker = stack.groups.get(&Name::from("worker")).ok_or("worker")?;
        let container = worker.group.containers.first().ok_or("a container")?;
        assert_eq!(container.resources.requests.cpu.to_string(), cpu);
        let values: Vec<_> =
            container.environment_variables.iter().filter_map(|each| each.value.as_deref()).collect();
        assert_eq!(values, variables);
    }
    Ok(())
}

#[test]
fn a_value_that_is_given_is_stronger_than_the_environments() -> Outcome {
    let values: Values = [("ENDPOINT_URL".to_owned(), given("https://given.example"))].into();
    let stack = resolve(&ALL, Some("test"), &values)?.stack;
    let worker = stack.groups.get(&Name::from("worker")).ok_or("worker")?;
    let value = worker.group.containers[0].environment_variables[0].value.as_deref();
    assert_eq!(value, Some("https://given.example"));
    Ok(())
}

#[test]
fn a_patch_may_take_away_and_put_in_place() -> Outcome {
    let patch = |container: &str| {
        format!(
            "apiVersion: acitask/v1\nkind: Environment\nmetadata: {{name: test}}\nspec:\n  variables: {{ENDPOINT_URL: x}}\n  \
             patches:\n    - target: {{kind: ContainerGroup, name: worker}}\n      spec: {{containers: [{container}]}}\n"
        )
    };
    let resources = "resources: {requests: {cpu: 2, memoryInGB: 2}}";
    for (container, variables, cpu) in [
        ("{name: worker, environmentVariables: [{name: LOG_LEVEL, $patch: delete}]}".to_owned(), 1, "1"),
        (format!("{{name: worker, $patch: replace, image: \"x:1\", {resources}}}"), 0, "2"),
        (format!("{{name: worker, environmentVariables: null, {resources}}}"), 0, "2"),
    ] {
        let text = patch(&container);
        let stack = resolve(&[("a.yaml", BASE), ("e.yaml", &text)], Some("test"), &Values::new())?.stack;
        let worker = stack.groups.get(&Name::from("worker")).ok_or("worker")?;
        let [only] = &worker.group.containers[..] else { return Err("one container".into()) };
        assert_eq!(only.environment_variables.len(), variables, "{container}");
        assert_eq!(only.resources.requests.cpu.to_string(), cpu, "{container}");
    }
    Ok(())
}

/// The codes and the places of a refusal: `CODE file:line:column`.
fn places(outcome: Result<Resolved, Rejected>) -> Vec<String> {
    let found = outcome.err().map(|rejected| rejected.diagnostics).unwrap_or_default();
    let place = |each: &crate::manifest::Diagnostic| match each.spots().first() {
        Some(spot) => format!("{} {}:{}:{}", each.rule(), spot.file, spot.line, spot.column),
        None => each.rule().to_string(),
    };
    found.iter().map(place).collect()
}

#[test]
fn what_is_wrong_with_environments_is_told_where_it_stands() {
    let environment = |spec: &str| {
        format!("apiVersion: acitask/v1\nkind: Environment\nmetadata: {{name: test}}\nspec:\n{spec}")
    };
    let patch = |spec: &str| {
        environment(&format!(
            "  variables: {{ENDPOINT_URL: x}}\n  patches:\n    - target: {{kind: ContainerGroup, name: worker}}\n      spec: {spec}\n"
        ))
    };
    for (what, text, chosen, expected) in [
        ("none is named", patch("{}"), None, &["ACI088 e.yaml:3:18"][..]),
        ("an unknown one", patch("{}"), Some("tset"), &["ACI088"]),
        ("a misspelt key", patch("{restartpolicy: Never}"), Some("test"), &["ACI010 e.yaml:8:14"]),
        ("a wrong word", patch("{osType: Linus}"), Some("test"), &["ACI013 e.yaml:8:22"]),
        ("an unknown target", patch("{}").replace("worker", "wroker"), Some("test"), &["ACI089 e.yaml:7:44"]),
        (
            "an undeclared variable",
            environment("  variables: {ENDPONT_URL: x}\n"),
            Some("test"),
            &["ACI050 e.yaml:5:15"],
        ),
        (
            "an unknown key",
            environment("  patch: []\n  variables: {ENDPOINT_URL: x}\n"),
            Some("test"),
            &["ACI010 e.yaml:5:3"],
        ),
        (
            "an unknown directive",
            patch("{containers: [{name: worker, $patch: remove}]}"),
            Some("test"),
            &["ACI013 e.yaml:8:50"],
        ),
        (
            "a target of another environment",
            format!(
                "{}---\n{}",
                patch("{}"),
                patch("{}").replace("test}", "other}").replace("worker", "wroker")
            ),
            Some("test"),
            &["ACI089 e.yaml:16:44"],
        ),
        (
            "a placeholder without a value",
            patch("{location: \"${NOWHERE}\"}"),
            Some("test"),
            &["ACI050 e.yaml:8:24"],
        ),
    ] {
        let found = places(resolve(&[("a.yaml", BASE), ("e.yaml", &text)], chosen, &Values::new()));
        assert_eq!(found, expected, "{what}");
    }
}
