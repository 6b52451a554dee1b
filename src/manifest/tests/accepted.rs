//! Manifests that hold, and what becomes of them.

use super::{Outcome, given, resolve};
use crate::manifest::{Source, Values, kind, read, to_yaml};
use crate::model::group::RestartPolicy;
use crate::model::name::Name;
use crate::model::stack::{Concurrency, Power, RunKind, RunValue, Stack, Target, Trigger};
use crate::model::tag::Tags;

const FULL: &str = include_str!("../../../tests/data/valid/full.yaml");

fn values() -> Values {
    [("SUBSCRIPTION_ID", "s-1"), ("ENDPOINT_URL", "http://127.0.0.1:1"), ("API_TOKEN", "canary-token")]
        .map(|(name, text)| (name.to_owned(), given(text)))
        .into()
}

fn full() -> Result<Stack, Box<dyn std::error::Error>> {
    let resolved = resolve(&[("full.yaml", FULL)], &values())?;
    assert_eq!(resolved.warnings, []);
    Ok(resolved.stack)
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn the_project_and_its_resource_groups_are_lowered() -> Outcome {
    let stack = full()?;
    assert_eq!(stack.project.owner.as_str(), "nightly-jobs");
    assert_eq!(stack.project.target, Some(Target::Azure));
    assert_eq!(stack.project.subscription.as_deref(), Some("s-1"));
    assert_eq!(stack.project.location.as_deref(), Some("westeurope"));
    assert!(stack.whole);
    let nightly = stack.resource_groups.get(&Name::from("nightly")).ok_or("nightly")?;
    assert_eq!(nightly.name, Name::from("rg-nightly"));
    assert_eq!(nightly.location.as_deref(), Some("westeurope"));
    assert_eq!(nightly.tags, tags(&[("cost", "c-17"), ("team", "ops")]));
    assert!(nightly.protect && !nightly.existing);
    let theirs = stack.resource_groups.get(&Name::from("theirs")).ok_or("theirs")?;
    assert_eq!((theirs.location.as_deref(), theirs.tags.len()), (None, 0));
    assert!(theirs.existing && theirs.records);
    Ok(())
}

#[test]
fn a_group_is_lowered_with_its_variables_and_secrets() -> Outcome {
    let stack = full()?;
    let strong = stack.groups.get(&Name::from("strong")).ok_or("strong")?;
    assert_eq!(strong.id.to_string(), "rg-nightly/strong");
    assert_eq!(strong.power, Power::Running);
    assert_eq!(strong.ignored_tags, ["owner".to_owned()].into());
    let [first, side] = &strong.group.containers[..] else { return Err("two containers".into()) };
    assert_eq!(first.command, ["/bin/sh", "-c", "echo ${HOME} $$ $HOME"]);
    let plain: Vec<_> = first.environment_variables.iter().map(|each| each.value.as_deref()).collect();
    let url = "http://127.0.0.1:1/x?mode=fast ${literally}";
    assert_eq!(plain, [Some(url), None, None, Some("yes"), Some("")]);
    let secret = |each: &crate::model::group::EnvironmentVariable<crate::model::secret::SecretSource>| {
        each.secure_value
            .as_ref()
            .and_then(|source| source.value.as_ref())
            .map(|value| value.expose().to_owned())
    };
    let secrets: Vec<_> = first.environment_variables.iter().filter_map(secret).collect();
    assert_eq!(secrets, ["canary-token", "canary-file"]);
    assert_eq!(side.resources.requests.memory_in_gb.to_string(), "0.5");
    assert!(!format!("{stack:?}").contains("canary"));
    Ok(())
}

#[test]
fn runs_are_lowered_by_type() -> Outcome {
    let stack = full()?;
    let run = |name: &str| stack.runs.get(&Name::from(name)).ok_or(name.to_owned());
    let dog = run("post-dog")?;
    assert_eq!(dog.trigger, Trigger::Once);
    let RunKind::Strong(strong) = &dog.kind else { return Err("strong".into()) };
    assert_eq!(strong.command, ["/strong_task/post", "--name", "dog"]);
    assert_eq!(
        strong.environment.first(),
        Some(&("MODE".into(), RunValue::Plain("fast ${literally}".into())))
    );
    let cat = run("post-cat")?;
    assert_eq!(cat.kind, RunKind::Persistent { group: Name::from("weak"), concurrency: Concurrency::Refuse });
    assert!(cat.rerun_failed);
    let RunKind::Ephemeral(sweep) = &run("sweep")?.kind else { return Err("ephemeral".into()) };
    assert_eq!(sweep.group.restart_policy, RestartPolicy::Never);
    assert_eq!((sweep.keep_on_success, sweep.keep_on_failure), (true, false));
    assert_eq!(sweep.tags, tags(&[("Cost", "shared"), ("Team", "night")]));
    let names: Vec<_> = sweep.group.containers.iter().map(|each| each.name.as_str()).collect();
    assert_eq!(names, ["sweep", "mop"]);
    Ok(())
}

#[test]
fn a_secret_without_a_value_waits_for_the_step_that_sends_it() -> Outcome {
    let mut values = values();
    values.remove("API_TOKEN");
    assert!(resolve(&[("full.yaml", FULL)], &values).is_ok());
    Ok(())
}

#[test]
fn a_subscription_without_a_value_is_left_open() -> Outcome {
    let mut values = values();
    values.remove("SUBSCRIPTION_ID");
    assert_eq!(resolve(&[("full.yaml", FULL)], &values)?.stack.project.subscription, None);
    values.insert("SUBSCRIPTION_ID".into(), given(""));
    assert_eq!(resolve(&[("full.yaml", FULL)], &values)?.stack.project.subscription, None);
    values.remove("SUBSCRIPTION_ID");
    let empty = FULL.replace("${SUBSCRIPTION_ID}", "\"\"");
    assert_eq!(resolve(&[("full.yaml", &empty)], &values)?.stack.project.subscription, None);
    Ok(())
}

#[test]
fn a_hint_is_given_even_where_something_else_is_wrong() {
    let broken = format!("{FULL}\n---\nkind: [\n");
    let hint = read(vec![Source { name: "a".into(), text: broken }]).project_hint();
    assert_eq!(hint.target, Some(Target::Azure));
    assert_eq!(hint.subscription.as_deref(), Some("${SUBSCRIPTION_ID}"));
    let variables: Vec<_> = hint
        .variables
        .iter()
        .map(|each| (each.name.as_str(), each.secret, each.default.is_some(), each.local_sink))
        .collect();
    assert_eq!(
        variables,
        [
            ("SUBSCRIPTION_ID", false, false, false),
            ("ENDPOINT_URL", false, false, true),
            ("MODE", false, true, false),
            ("API_TOKEN", true, false, false),
        ]
    );
}

#[test]
fn files_are_one_project_whatever_their_order() -> Outcome {
    let (head, tail) = FULL.split_once("---\n").ok_or("documents")?;
    let one = resolve(&[("a.yaml", head), ("b.yaml", tail)], &values())?;
    let other = resolve(&[("b.yaml", tail), ("a.yaml", head)], &values())?;
    assert_eq!(format!("{:?}", one.stack), format!("{:?}", other.stack));
    assert_eq!(format!("{:?}", one.stack), format!("{:?}", full()?));
    Ok(())
}

#[test]
fn what_is_written_is_read_again() -> Outcome {
    let manifest = kind::project::ProjectManifest {
        api_version: kind::ApiVersion,
        kind: kind::ProjectKind,
        metadata: kind::Metadata { name: "p".into() },
        spec: kind::project::ProjectSpec { location: Some("westeurope".into()), ..Default::default() },
    };
    let text = to_yaml(&manifest)?;
    assert_eq!(
        text,
        "apiVersion: acitask/v1\nkind: Project\nmetadata:\n  name: p\nspec:\n  location: westeurope\n"
    );
    assert!(resolve(&[("p.yaml", &text)], &Values::new()).is_ok());
    Ok(())
}
