//! Tags, digests of input, guards.

use super::*;
use crate::model::observed::SeenGroup;
use crate::plan::{TagEdit, guard, input, shape};

fn of(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// What is wanted and found, which names are ignored, and which are then set and removed.
type TagCase<'c> = (&'c str, Tags, Tags, &'c [&'c str], &'c [&'c str], &'c [&'c str]);

#[test]
fn tags_are_managed_by_name() {
    let ours = [("acitask-owner", "pets")];
    let found = |pairs: &[(&str, &str)]| of(&[&ours[..], pairs].concat());
    let cases: [TagCase; 6] = [
        ("equal", of(&[("a", "1")]), found(&[("a", "1"), ("acitask-tags", "a")]), &[], &[], &[]),
        ("case", of(&[("Team", "1")]), found(&[("TEAM", "1"), ("acitask-tags", "Team")]), &[], &[], &[]),
        ("foreign", of(&[]), found(&[("theirs", "1")]), &[], &[], &[]),
        (
            "removed",
            of(&[]),
            found(&[("A", "1"), ("theirs", "1"), ("acitask-tags", "a")]),
            &[],
            &[],
            &["A", "acitask-tags"],
        ),
        ("added", of(&[("a", "1")]), found(&[]), &[], &["a", "acitask-tags"], &[]),
        ("ignored", of(&[("a", "1")]), found(&[("a", "2"), ("acitask-tags", "a")]), &["A"], &[], &[]),
    ];
    for (case, wanted, found, ignored, set, remove) in cases {
        let (edit, changes) = tags::diff(&tags::wanted(&owner(), &wanted), &found, &names(ignored));
        assert_eq!(edit.set.keys().cloned().collect::<BTreeSet<_>>(), names(set), "{case}");
        assert_eq!(edit.remove, names(remove), "{case}");
        assert!(changes.iter().all(|change| change.path != "tags.acitask-tags"));
    }
}

#[test]
fn a_comma_in_a_name_is_no_separator() {
    let found = tags::wanted(&owner(), &of(&[("a,b", "1")]));
    let mut theirs = found.clone();
    theirs.insert("b".into(), "2".into());
    let (edit, _) = tags::diff(&tags::wanted(&owner(), &Tags::new()), &theirs, &BTreeSet::new());
    assert_eq!(edit.remove, names(&["a,b", "acitask-tags"]));
    assert_eq!(tags::diff(&found, &found, &BTreeSet::new()).0, TagEdit::default());
}

#[test]
fn a_put_keeps_foreign_tags_and_no_intent() {
    let found = of(&[
        ("TEAM", "1"),
        ("theirs", "x"),
        ("old", "y"),
        ("acitask-tags", "team,old"),
        ("acitask-run", "r;v1"),
    ]);
    let merged = tags::merged(&tags::wanted(&owner(), &of(&[("team", "2")])), &found, &BTreeSet::new());
    let expected = of(&[("TEAM", "2"), ("acitask-owner", "pets"), ("acitask-tags", "team"), ("theirs", "x")]);
    assert_eq!(merged, expected);
}

#[test]
fn the_names_fit_a_tag() {
    let many: Tags = (0..40).map(|n| (format!("a-rather-long-name-{n}"), String::new())).collect();
    let names = tags::wanted(&owner(), &many);
    assert!(names.get("acitask-tags").is_some_and(|names| (200..=256).contains(&names.len())));
}

#[test]
fn digests_of_version_1_are_golden() {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    let text = |run: &TaskRun| input::digest(run, &stack).to_string();
    assert_eq!(text(&strong_run("strong")), "7640f726.8e508256.f10276d6.0");
    assert_eq!(text(&persistent_run("strong")), "7640f726.6770b452.c1c8bab8.0");
    assert_eq!(text(&ephemeral_run()), "7640f726.6770b452.c1c8bab8.0e887e9c");
}

/// An edit, and the parts of the input that it changes.
type InputCase<'c> = (fn(&mut Group<SecretSource>), &'c [&'c str]);

#[test]
fn each_part_of_the_input_has_its_own_digest() {
    let digest = |edit: fn(&mut Group<SecretSource>)| {
        let mut run = ephemeral_run();
        if let RunKind::Ephemeral(ephemeral) = &mut run.kind {
            edit(&mut ephemeral.group);
        }
        input::digest(&run, &stack())
    };
    let before = digest(|_| ());
    let differing = |after: &InputDigest| {
        [
            ("image", before.image != after.image),
            ("command", before.command != after.command),
            ("environment", before.environment != after.environment),
            ("template", before.template != after.template),
        ]
        .into_iter()
        .filter_map(|(part, differs)| differs.then_some(part))
        .collect::<Vec<_>>()
    };
    let cases: [InputCase; 7] = [
        (|g| g.containers[0].image = "other".into(), &["image"]),
        (|g| g.containers[0].command = vec!["x".into()], &["command"]),
        (|g| g.containers[0].environment_variables[0] = plain("MODE", "b"), &["environment"]),
        (|g| g.containers[0].environment_variables[1] = secret("TOKEN", "OTHER"), &["environment"]),
        (|g| g.containers[0].environment_variables.reverse(), &[]),
        (|g| g.containers[0].resources.requests.cpu = Thousandths::new(500), &["template"]),
        (|g| g.restart_policy = RestartPolicy::OnFailure, &["template"]),
    ];
    for (edit, parts) in cases {
        assert_eq!(differing(&digest(edit)), parts);
    }
}

#[test]
fn the_value_of_a_secret_is_no_input() {
    let run = strong_run("strong");
    let mut declared = group("strong", RestartPolicy::Always);
    let before = input::digest(&run, &with_group(stack(), "strong", declared.clone()));
    declared.group.containers[0].environment_variables[1].secure_value = Some(SecretSource {
        value: Some(crate::model::secret::Secret::new("canary")),
        ..source("API_TOKEN")
    });
    assert_eq!(input::digest(&run, &with_group(stack(), "strong", declared)), before);
}

#[test]
fn a_guard_holds_owner_and_shape_and_nothing_else() {
    let declared = group("strong", RestartPolicy::Always);
    let seen = seen_group(id("strong"), tags::wanted(&owner(), &Tags::new()), &declared.group);
    let made = guard::wanted(&owner(), shape::wanted(&declared.group));
    let with = |edit: fn(&mut SeenGroup)| {
        let mut seen = seen.clone();
        edit(&mut seen);
        guard::group(Some(&seen)) == made
    };
    assert!(with(|_| ()));
    assert!(with(|seen| seen.provisioning = Provisioning::Failed));
    assert!(with(|seen| drop(seen.tags.insert("theirs".into(), "x".into()))));
    assert!(with(|seen| seen.view = Some(view("Running", Phase::Running))));
    assert!(!with(|seen| drop(seen.tags.insert("acitask-owner".into(), "other".into()))));
    assert!(!with(|seen| seen.group = None));
    assert!(!with(|seen| seen.group.iter_mut().for_each(|group| group.os_type = OsType::Windows)));
}
