//! What is deleted, and what is not.

use super::*;
use crate::model::observed::SeenResource;
use crate::plan::input;

fn strong() -> Stack {
    with_group(stack(), "strong", group("strong", RestartPolicy::Always))
}

/// Beside what the stack declares: an owned group in its resource group, an owned resource group with a group, and a
/// group of somebody else.
fn crowded(stack: &Stack) -> Observed {
    let mut observed = as_wanted(stack);
    let ours = tags::wanted(&owner(), &Tags::new());
    let old = GroupId { resource_group: Name::from("old-rg"), name: Name::from("old") };
    for (id, tags) in [(id("left"), ours.clone()), (id("theirs"), Tags::new()), (old, ours.clone())] {
        observed.groups.insert(id.clone(), seen_group(id, tags, &tree(RestartPolicy::Always)));
    }
    let mut old = seen_resource_group("old-rg", ours.clone());
    old.resources = Some(vec![resource("old", ours)]);
    observed.resource_groups.insert(Name::from("old-rg"), old);
    observed
}

fn resource(name: &str, tags: Tags) -> SeenResource {
    SeenResource { kind: "Microsoft.Storage/storageAccounts".into(), name: Name::from(name), tags }
}

#[test]
fn what_no_manifest_declares_is_deleted_only_by_the_whole_project() -> Outcome {
    let mut stack = strong();
    let planned = plan(&stack, &crowded(&stack), APPLY)?;
    assert_eq!(lines(&planned), ["delete old", "delete left", "delete-rg old-rg after 0"]);
    assert_eq!((planned.unchanged, planned.notes.len()), (2, 0));
    stack.whole = false;
    let planned = plan(&stack, &crowded(&stack), APPLY)?;
    assert_eq!((lines(&planned).len(), planned.notes.len()), (0, 3));
    Ok(())
}

#[test]
fn an_empty_stack_deletes_nothing() -> Outcome {
    let mut empty = stack();
    empty.resource_groups.clear();
    let planned = plan(&empty, &crowded(&strong()), APPLY)?;
    assert_eq!((lines(&planned).len(), planned.blocks.len()), (0, 1));
    assert!(planned.blocks.iter().all(|block| block.help.contains("acitask destroy")));
    assert_eq!(plan(&empty, &Observed::default(), APPLY)?.blocks, []);
    Ok(())
}

#[test]
fn a_resource_group_with_foreign_things_stays() -> Outcome {
    let stack = strong();
    let mut observed = crowded(&stack);
    if let Some(seen) = observed.resource_groups.get_mut(&Name::from("old-rg")) {
        seen.resources = Some((0..12).map(|n| resource(&format!("disk{n:02}"), Tags::new())).collect());
    }
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(lines(&planned), ["delete old", "delete left"].map(str::to_owned));
    let told = conflicts(&planned).concat();
    assert!(told.contains("disk09 and 2 more") && !told.contains("disk10"), "{told}");
    Ok(())
}

#[test]
fn groups_of_runs_that_are_in_no_manifest_are_deleted() -> Outcome {
    let stack = strong();
    let digest = input::digest(&ephemeral_run(), &stack);
    let observed = crowded(&stack);
    let open = record("r-1", RunState::Open, digest);
    let planned = plan(&stack, &intended(observed.clone(), "left", "bird", &open), APPLY)?;
    assert!(reasons(&planned).contains(&"was made for run bird, which is in no manifest".to_owned()));
    let mut odd = observed;
    if let Some(seen) = odd.groups.get_mut(&id("left")) {
        seen.tags.insert("acitask-run".into(), "v9".into());
    }
    let planned = plan(&stack, &odd, APPLY)?;
    assert_eq!(planned.conflicts.len(), 1);
    assert!(!lines(&planned).contains(&"delete left".to_owned()));
    Ok(())
}

#[test]
fn destroy_removes_all_of_the_owner_and_nothing_else() -> Outcome {
    let mut stack = strong();
    let mut observed = crowded(&stack);
    let ours = tags::wanted(&owner(), &Tags::new());
    if let Some(seen) = observed.resource_groups.get_mut(&Name::from("rg")) {
        seen.resources = Some(vec![resource("strong", ours)]);
    }
    let all =
        ["delete old", "delete left", "delete strong", "delete-rg old-rg after 0", "delete-rg rg after 1,2"];
    assert_eq!(lines(&plan(&stack, &observed, Verb::Destroy)?), all);
    stack.groups.values_mut().for_each(|group| group.protect = true);
    stack.resource_groups.values_mut().for_each(|declared| declared.protect = true);
    let planned = plan(&stack, &observed, Verb::Destroy)?;
    assert_eq!((lines(&planned), planned.blocks.len()), (all.map(str::to_owned).to_vec(), 2));
    Ok(())
}

#[test]
fn destroy_takes_its_records_off_a_resource_group_that_stays() -> Outcome {
    let mut stack = with_run(strong(), "dog", strong_run("strong"));
    let digest = input::digest(&strong_run("strong"), &stack);
    stack.resource_groups.values_mut().for_each(|declared| declared.existing = true);
    let observed = as_wanted(&stack);
    let ended = record("r-1", RunState::Succeeded, digest);
    let observed = recorded(recorded(observed, "dog", &ended), "of-another-project", &ended);
    let planned = plan(&stack, &observed, Verb::Destroy)?;
    assert_eq!(lines(&planned), ["delete strong", "tag-rg rg after 0"]);
    let removed: Vec<String> = planned
        .plan
        .steps()
        .iter()
        .filter_map(|step| match &step.action {
            Action::TagResourceGroup(edit) => Some(edit.remove.iter().cloned().collect::<Vec<_>>().concat()),
            _ => None,
        })
        .collect();
    assert_eq!(removed, ["acitask-run.dog"]);
    Ok(())
}

#[test]
fn a_protected_group_is_not_replaced_and_the_step_is_shown() -> Outcome {
    let mut stack = strong();
    let observed = as_wanted(&stack);
    for group in stack.groups.values_mut() {
        group.protect = true;
        group.group.os_type = OsType::Windows;
    }
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!((lines(&planned).len(), planned.blocks.len()), (2, 1));
    Ok(())
}
