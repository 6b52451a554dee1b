//! What is not known of the service is a switch of the emulator; the quickstart converges under every setting.

use super::images::SHELL;
use super::quickstart::{DOG_AND_CATS, names};
use super::stand::Stand;

/// Applies, changes what a finished group is made of and a tag of everything, and applies again.
fn converges(setting: &str, image: Option<&str>) {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.switch(setting);
    let strong = image.map(|image| format!("STRONG_IMAGE={image}"));
    let with = |verb: &[&'static str]| {
        let variable = strong.iter().flat_map(|variable| ["--var", variable.as_str()]);
        let arguments: Vec<&str> = verb.iter().copied().chain(variable).collect();
        stand.acitask(&arguments)
    };
    with(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(names(&stand), DOG_AND_CATS, "{setting}");
    with(&["plan"]).ends(0).says(&["No changes."]);

    stand.edit("weak.yaml", "--name, cat]", "--name, tiger]");
    stand.edit("project.yaml", "{project: acitask-quickstart}", "{project: acitask-zoo, team: keepers}");
    with(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(names(&stand), ["dog", "cat", "cat", "tiger", "tiger"], "{setting}");
    with(&["plan"]).ends(0).says(&["No changes."]);
}

#[test]
fn with_an_exec_that_is_split_on_spaces() {
    converges("exec.split=true", None);
}

#[test]
fn with_an_exec_that_is_not_split() {
    converges("exec.split=false", None);
}

#[test]
fn with_a_shell_instead_of_the_helper() {
    converges("exec.split=true", Some(SHELL));
}

#[test]
fn with_a_shell_whose_command_is_not_split() {
    converges("exec.split=false", Some(SHELL));
}

#[test]
fn with_views_that_are_old_for_a_while() {
    converges("view.stale-reads=3", None);
}

#[test]
fn with_properties_that_nobody_knows() {
    converges("get.unknown-fields=true", None);
}

#[test]
fn with_a_put_that_writes_tags() {
    converges("put.writes-tags=true", None);
}

#[test]
fn with_a_put_that_writes_no_tags() {
    converges("put.writes-tags=false", None);
}

#[test]
fn with_finished_groups_that_a_put_deploys_anew() {
    converges("put.on-terminated=redeploy", None);
}

#[test]
fn with_finished_groups_that_refuse_a_put() {
    converges("put.on-terminated=refuse", None);
}
