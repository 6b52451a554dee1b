//! Where differences come from, and what of it is drift.

use super::*;
use crate::plan::Change;
use crate::plan::applied::Origin;
use crate::plan::reconcile::drift::drift;

fn strong() -> Stack {
    with_group(stack(), "one", group("one", RestartPolicy::Always))
}

/// The stack as an apply of it leaves it.
fn made(stack: &Stack) -> Result<Observed, Box<dyn std::error::Error>> {
    let planned = plan(stack, &Observed::default(), APPLY)?;
    let mut observed = as_wanted(stack);
    for step in planned.plan.steps() {
        if let (Subject::Group(id), Action::CreateGroup(deployment)) = (&step.subject, &step.action)
            && let Some(seen) = observed.groups.get_mut(id)
        {
            seen.tags.clone_from(&deployment.tags);
        }
    }
    Ok(observed)
}

fn image(stack: &mut Stack, image: &str) {
    for group in stack.groups.values_mut() {
        for container in &mut group.group.containers {
            container.image = image.to_owned();
        }
    }
}

fn live_image(observed: &mut Observed, image: &str) {
    for container in
        observed.groups.values_mut().filter_map(|seen| seen.group.as_mut()).flat_map(|g| &mut g.containers)
    {
        container.image = image.to_owned();
    }
}

fn changes(planned: &Planned) -> Vec<Change> {
    planned.plan.steps().iter().flat_map(|step| step.changes.clone()).collect()
}

#[test]
fn a_difference_is_the_manifests_or_somebody_elses_or_both() -> Outcome {
    for (edited, touched, origin, drifts) in [
        (Some("acitask/job:2"), None, Origin::Manifest, 0),
        (None, Some("theirs:1"), Origin::Drift, 1),
        (Some("acitask/job:2"), Some("theirs:1"), Origin::Both, 1),
    ] {
        let mut stack = strong();
        let mut observed = made(&stack)?;
        assert_eq!(lines(&plan(&stack, &observed, APPLY)?), Vec::<String>::new());
        assert_eq!(drift(&stack, &observed), []);
        edited.iter().for_each(|name| image(&mut stack, name));
        touched.iter().for_each(|name| live_image(&mut observed, name));
        let planned = plan(&stack, &observed, APPLY)?;
        let changes = changes(&planned);
        assert_eq!(changes.iter().map(|change| change.origin).collect::<Vec<_>>(), [origin]);
        let found = drift(&stack, &observed);
        assert_eq!(found.len(), drifts, "{found:?}");
        // The update tells what is applied now.
        let Some(Action::UpdateGroup(_, edit)) = planned.plan.steps().first().map(|step| &step.action) else {
            return Err("no update".into());
        };
        assert_eq!(edit.set.contains_key("acitask-shape"), edited.is_some());
    }
    Ok(())
}

#[test]
fn a_group_of_which_nothing_is_told_is_not_touched_for_it_and_drifts() -> Outcome {
    let stack = strong();
    let mut observed = as_wanted(&stack);
    assert_eq!(lines(&plan(&stack, &observed, APPLY)?), Vec::<String>::new());
    assert_eq!(drift(&stack, &observed), []);
    live_image(&mut observed, "theirs:1");
    let planned = plan(&stack, &observed, APPLY)?;
    assert!(changes(&planned).iter().all(|change| change.origin == Origin::Unknown));
    assert_eq!(drift(&stack, &observed).len(), 1);
    Ok(())
}

#[test]
fn what_is_gone_or_let_go_drifted() -> Outcome {
    let stack = strong();
    let mut observed = made(&stack)?;
    if let Some(seen) = observed.groups.get_mut(&id("one")) {
        seen.tags.clear();
    }
    let told = |observed: &Observed| -> Vec<String> {
        drift(&stack, observed).into_iter().filter_map(|drift| drift.remark).collect()
    };
    assert_eq!(told(&observed), ["it is not owned by this project"]);
    observed.groups.clear();
    assert_eq!(told(&observed), ["it is not there"]);
    Ok(())
}

#[test]
fn a_change_of_a_users_tag_by_hand_is_drift() -> Outcome {
    let mut stack = strong();
    for group in stack.groups.values_mut() {
        group.tags.insert("team".into(), "ops".into());
    }
    let mut observed = made(&stack)?;
    assert_eq!(drift(&stack, &observed), []);
    if let Some(seen) = observed.groups.get_mut(&id("one")) {
        seen.tags.insert("team".into(), "theirs".into());
        seen.tags.insert("foreign".into(), "stays".into());
    }
    let found = drift(&stack, &observed);
    let paths: Vec<_> =
        found.iter().flat_map(|drift| &drift.changes).map(|c| (c.path.as_str(), c.origin)).collect();
    assert_eq!(paths, [("tags.team", Origin::Drift)]);
    Ok(())
}
