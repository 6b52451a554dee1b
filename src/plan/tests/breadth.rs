//! Plans about a part of a project, within limits, and what is let go.

use super::*;
use crate::model::stack::Limits;
use crate::plan::reconcile::graph::dependencies;
use crate::plan::reconcile::{Request, Scope};

/// Two groups with a run in each; the second run comes after the first.
fn pair() -> Stack {
    let stack = with_group(stack(), "one", group("one", RestartPolicy::Always));
    let stack = with_group(stack, "two", group("two", RestartPolicy::Always));
    let stack = with_run(stack, "first", strong_run("one"));
    let after = BTreeSet::from([Name::from("first")]);
    with_run(stack, "second", TaskRun { depends_on: after, ..strong_run("two") })
}

fn scoped(only: &[&str], without: &[&str]) -> Request {
    let names = |list: &[&str]| list.iter().copied().map(Name::from).collect();
    Request { scope: Scope { only: names(only), without: names(without) }, ..Request::of(APPLY) }
}

#[test]
fn a_part_of_a_project_comes_with_what_it_needs() -> Outcome {
    let stack = pair();
    let subjects = |request: &Request| -> Result<Vec<String>, Defect> {
        let planned = reconcile(&stack, &Observed::default(), request)?;
        Ok(planned.plan.steps().iter().map(|step| step.subject.to_string()).collect())
    };
    for (only, without, wanted) in [
        (&["one"][..], &[][..], &["resource group rg", "group rg/one"][..]),
        (&["first"], &[], &["resource group rg", "group rg/one", "run first"]),
        (&[], &["second"], &["resource group rg", "group rg/one", "group rg/two", "run first"]),
        // What comes after an excluded thing goes with it.
        (&[], &["one"], &["resource group rg", "group rg/two"]),
        (&["first", "two"], &["two"], &["resource group rg", "group rg/one", "run first"]),
    ] {
        let mut found = subjects(&scoped(only, without))?;
        found.sort();
        let mut wanted: Vec<&str> = wanted.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{only:?} {without:?}");
    }
    assert_eq!(subjects(&scoped(&["second"], &[]))?.len(), 5);
    Ok(())
}

#[test]
fn a_part_deletes_nothing_that_it_does_not_name() -> Outcome {
    let mut stack = pair();
    let mut observed = as_wanted(&stack);
    stack.groups.remove(&Name::from("two"));
    stack.runs.remove(&Name::from("second"));
    let ours = tags::wanted(&owner(), &Tags::new());
    let left = seen_group(id("left"), ours, &tree(RestartPolicy::Always));
    observed.groups.insert(id("left"), left);
    let planned = reconcile(&stack, &observed, &scoped(&["one"], &[]))?;
    assert_eq!((lines(&planned), planned.unchanged), (vec![], 2));
    Ok(())
}

#[test]
fn more_than_the_limits_allow_is_blocked_with_the_exact_override() -> Outcome {
    let mut stack = pair();
    let observed = as_wanted(&stack);
    stack.groups.clear();
    stack.runs.clear();
    stack.project.limits = Limits { max_delete: Some(1), max_replace: Some(0) };
    let planned = plan(&stack, &observed, APPLY)?;
    let told: Vec<(&str, &str)> =
        planned.blocks.iter().map(|block| (block.text.as_str(), block.help.as_str())).collect();
    assert_eq!(
        told,
        [(
            "it would delete 2, and maxDelete allows 1",
            "if that is what you want: `acitask apply --max-delete 2`"
        )]
    );
    let allowed = Request { limits: Limits { max_delete: Some(2), max_replace: None }, ..Request::of(APPLY) };
    assert_eq!(reconcile(&stack, &observed, &allowed)?.blocks, []);

    let mut replaced = pair();
    let observed = as_wanted(&replaced);
    replaced.project.limits = Limits { max_delete: Some(0), max_replace: Some(0) };
    if let Some(group) = replaced.groups.get_mut(&Name::from("one")) {
        group.group.restart_policy = RestartPolicy::OnFailure;
    }
    let planned = plan(&replaced, &observed, APPLY)?;
    assert!(planned.blocks.iter().any(|block| block.help.ends_with("--max-replace 1`")), "{planned:?}");
    Ok(())
}

#[test]
fn what_is_let_go_keeps_everything_but_our_tags() -> Outcome {
    let stack = pair();
    let mut observed = as_wanted(&stack);
    let seen = observed.groups.get_mut(&id("one")).ok_or("no group")?;
    seen.tags.insert("team".into(), "ops".into());
    seen.tags.insert("Acitask-Pending".into(), "x".into());
    for name in ["one", "rg/one"] {
        let planned = plan(&stack, &observed, Verb::Forget(Name::from(name)))?;
        assert_eq!(lines(&planned), ["tag one"]);
        let Some(Action::TagGroup(edit)) = planned.plan.steps().first().map(|step| &step.action) else {
            return Err("no edit of tags".into());
        };
        assert!(edit.set.is_empty() && !edit.remove.contains("team"));
        assert!(edit.remove.contains("Acitask-Pending") && edit.remove.contains("acitask-owner"));
    }
    let planned = plan(&stack, &observed, Verb::Forget(Name::from("nothing")))?;
    assert_eq!((lines(&planned).len(), planned.conflicts.len()), (0, 1));
    Ok(())
}

#[test]
fn the_graph_is_what_the_manifests_say() {
    let graph = dependencies(&pair());
    let after = |subject: Subject| -> Vec<String> {
        graph.get(&subject).into_iter().flatten().map(ToString::to_string).collect()
    };
    assert_eq!(graph.len(), 5);
    assert_eq!(after(Subject::Group(id("one"))), ["resource group rg"]);
    let second = after(Subject::Run(Name::from("second")));
    assert!(second.contains(&"run first".to_owned()) && second.contains(&"group rg/two".to_owned()));
}
