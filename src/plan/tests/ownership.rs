//! Nothing of anybody else's is touched.

use super::*;

fn request(adopt: &[&str]) -> Request {
    Request { adopt: adopt.iter().copied().map(Name::from).collect(), ..Request::of(APPLY) }
}

fn held_by(owner: Option<&str>) -> Tags {
    owner.map(|owner| ("acitask-owner".to_owned(), owner.to_owned())).into_iter().collect()
}

#[test]
fn what_others_own_is_a_conflict_until_it_is_taken_over() -> Outcome {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    for (holder, told) in [(Some("cats"), "cats"), (None, "nobody"), (Some("Pets"), "Pets")] {
        let mut observed = as_wanted(&stack);
        for seen in observed.groups.values_mut() {
            seen.tags = held_by(holder);
        }
        for seen in observed.resource_groups.values_mut() {
            seen.tags = held_by(holder);
        }
        let planned = reconcile(&stack, &observed, &request(&[]))?;
        assert_eq!(lines(&planned), Vec::<String>::new());
        let text = format!("it is owned by {told}, not by pets");
        assert_eq!(conflicts(&planned), [&text, &text]);
        assert!(planned.conflicts.iter().all(|conflict| conflict.help.contains("--adopt ")));

        let planned = reconcile(&stack, &observed, &request(&["main", "strong"]))?;
        assert_eq!(lines(&planned), ["tag-rg rg", "tag strong after 0"]);
        assert!(reasons(&planned).iter().all(|reason| *reason == format!("taken over from {told}")));
        assert_eq!(conflicts(&planned), Vec::<&str>::new());
    }
    Ok(())
}

#[test]
fn what_is_taken_over_is_changed_afterwards() -> Outcome {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    let mut observed = as_wanted(&stack);
    for seen in observed.groups.values_mut() {
        seen.tags = Tags::new();
        seen.group.iter_mut().for_each(|group| group.containers[0].image = "old".into());
    }
    let planned = reconcile(&stack, &observed, &request(&["strong"]))?;
    assert_eq!(lines(&planned), ["tag strong", "update strong after 0"]);
    let guards: BTreeSet<String> =
        planned.plan.steps().iter().map(|step| format!("{:?}", step.guard)).collect();
    assert_eq!(guards.len(), 2, "the second guard holds the new owner");
    Ok(())
}

#[test]
fn a_group_that_cannot_be_read_is_a_conflict() -> Outcome {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    let mut observed = as_wanted(&stack);
    observed.groups.values_mut().for_each(|seen| seen.group = None);
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(conflicts(&planned), ["its properties could not be understood, so it cannot be compared"]);
    Ok(())
}

#[test]
fn resource_groups_are_never_moved_and_existing_ones_never_written() -> Outcome {
    let moved = |existing| {
        let mut stack = stack();
        for declared in stack.resource_groups.values_mut() {
            declared.existing = existing;
            declared.location = (!existing).then(|| "northeurope".into());
            declared.tags = Tags::from([("a".into(), "1".into())]);
        }
        stack
    };
    let there = as_wanted(&stack());
    let text = "it is in westeurope, and a resource group cannot be moved";
    assert_eq!(conflicts(&plan(&moved(false), &there, APPLY)?), [text]);
    let planned = plan(&moved(true), &there, APPLY)?;
    assert_eq!((lines(&planned), conflicts(&planned), planned.unchanged), (vec![], vec![], 1));
    let planned = plan(&moved(true), &Observed::default(), APPLY)?;
    assert_eq!(conflicts(&planned), ["it does not exist, though the manifest says that it does"]);
    Ok(())
}

#[test]
fn a_group_that_is_being_deleted_is_made_again() -> Outcome {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    let mut observed = as_wanted(&stack);
    observed.groups.values_mut().for_each(|seen| seen.provisioning = Provisioning::Moving("Deleting".into()));
    assert_eq!(
        lines(&plan(&stack, &observed, APPLY)?),
        ["delete-to-replace strong", "create strong after 0"]
    );
    Ok(())
}
