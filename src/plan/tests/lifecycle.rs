//! What a person leaves out of account, renames, prunes and looks at closely, and the tasks that a change would end.

use super::*;
use crate::model::group::{IpAddress, Sku};
use crate::plan::Impact;
use crate::plan::reconcile::{Reads, Refresh, needs};

fn strong() -> Stack {
    with_group(stack(), "one", group("one", RestartPolicy::Always))
}

fn ignoring(paths: &[&str]) -> Request {
    Request { ignore: paths.iter().map(|path| (*path).to_owned()).collect(), ..Request::of(APPLY) }
}

/// The group as somebody else has changed it.
fn touched(stack: &Stack) -> Observed {
    let mut observed = as_wanted(stack);
    for seen in observed.groups.values_mut() {
        seen.tags.insert("team".into(), "theirs".into());
        for container in seen.group.iter_mut().flat_map(|group| &mut group.containers) {
            container.image = "theirs:1".into();
            container.environment_variables[0].value = Some("theirs".into());
        }
    }
    observed
}

#[test]
fn what_is_ignored_stays_as_it_is_in_what_is_compared_and_sent() -> Outcome {
    let stack = strong();
    let observed = touched(&stack);
    let mode = "containers[job].environmentVariables[MODE]";
    for (paths, left) in [
        (&[][..], &["containers[job].environmentVariables[MODE]", "containers[job].image", "tags.team"][..]),
        (&["containers[job].image"], &["containers[job].environmentVariables[MODE]", "tags.team"]),
        (&["containers[].image", "tags.team"], &["containers[job].environmentVariables[MODE]"]),
        (&["containers[].image", mode], &["tags.team"]),
        (&["containers[].image", "containers[].environmentVariables[MODE].value", "tags.team"], &[]),
    ] {
        let planned = reconcile(&stack, &observed, &ignoring(paths))?;
        let changes = planned.plan.steps().iter().flat_map(|step| &step.changes);
        let mut told: Vec<&str> = changes.map(|change| change.path.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, left, "{paths:?}");
        for step in planned.plan.steps() {
            if let Action::UpdateGroup(body, _) = &step.action {
                let sent = &body.group.containers[0];
                let image = if paths.is_empty() { "acitask/strong:1" } else { "theirs:1" };
                assert_eq!(sent.image, image, "{paths:?}");
                assert!(sent.environment_variables[1].secure_value.is_some(), "a secret is sent as ever");
            }
        }
    }
    // The same, persisted in the manifest.
    let mut kept = stack.clone();
    for declared in kept.groups.values_mut() {
        declared.ignored = ["containers[].image".to_owned(), mode.to_owned()].into();
        declared.ignored_tags = ["team".to_owned()].into();
    }
    assert_eq!(lines(&plan(&kept, &observed, APPLY)?), Vec::<String>::new());
    Ok(())
}

#[test]
fn what_holds_a_secret_cannot_be_ignored() -> Outcome {
    let stack = strong();
    let observed = touched(&stack);
    for path in ["containers[job].environmentVariables", "containers[].environmentVariables[TOKEN]"] {
        let planned = reconcile(&stack, &observed, &ignoring(&[path]))?;
        let told = conflicts(&planned);
        assert!(told.len() == 1 && told[0].starts_with(path), "{told:?}");
    }
    Ok(())
}

#[test]
fn a_part_of_the_project_deletes_only_where_that_is_asked_for() -> Outcome {
    let mut stack = strong();
    let observed = as_wanted(&stack);
    stack.groups.clear();
    stack.whole = false;
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!((lines(&planned), planned.notes.len()), (vec![], 1));
    let pruning = Request { prune: true, ..Request::of(APPLY) };
    assert_eq!(lines(&reconcile(&stack, &observed, &pruning)?), ["delete one"]);
    Ok(())
}

#[test]
fn a_full_refresh_looks_at_every_declared_group() {
    let stack = strong();
    let mut observed = as_wanted(&stack);
    observed.groups.values_mut().for_each(|seen| seen.view = None);
    let settled = [Name::from("one")].into();
    assert_eq!(needs(&stack, &observed, &Request::of(APPLY)), Reads { settled, ..Reads::default() });
    let full = Request { refresh: Refresh::Full, ..Request::of(APPLY) };
    let full = needs(&stack, &observed, &full);
    assert_eq!(full.groups, [id("one")].into());
    assert!(full.settled.is_empty(), "what is read may say something else");
}

#[test]
fn a_run_that_was_renamed_goes_on_with_its_record_and_is_not_repeated() -> Outcome {
    let before = with_run(strong(), "dog", strong_run("one"));
    let run = before.runs.get(&Name::from("dog")).ok_or("no run")?;
    let ended = record("r-1", RunState::Succeeded, crate::plan::input::digest(run, &before));
    let observed = recorded(as_wanted(&before), "dog", &ended);
    assert_eq!(lines(&plan(&before, &observed, APPLY)?), Vec::<String>::new());
    let renamed = |from: Option<&str>| {
        with_run(strong(), "hound", TaskRun { moved_from: from.map(Name::from), ..strong_run("one") })
    };
    assert!(lines(&plan(&renamed(None), &observed, APPLY)?).iter().any(|line| line.contains("hound")));
    let planned = plan(&renamed(Some("dog")), &observed, APPLY)?;
    assert_eq!(lines(&planned), ["tag-rg rg"]);
    assert_eq!(reasons(&planned), ["run hound was called dog"]);
    let Some(Action::TagResourceGroup(edit)) = planned.plan.steps().first().map(|step| &step.action) else {
        return Err("no edit".into());
    };
    assert!(edit.set.contains_key("acitask-run.hound") && edit.remove.contains("acitask-run.dog"));
    Ok(())
}

#[test]
fn a_change_that_ends_a_task_says_how_long_it_has_run() -> Outcome {
    let now: jiff::Timestamp = "2026-01-01T12:00:00Z".parse()?;
    for (policy, phase, wanted) in [
        (RestartPolicy::Never, Phase::Running, Some(Impact::EndsTask { running: Some(720) })),
        (RestartPolicy::Never, Phase::Terminated, None),
        (RestartPolicy::Always, Phase::Running, None),
    ] {
        let mut stack = with_group(stack(), "one", group("one", policy));
        let mut observed = in_state(as_wanted(&stack), "one", "Running", phase);
        observed.now = Some(now);
        for seen in observed.groups.values_mut() {
            let views = seen.view.iter_mut().flat_map(|view| view.containers.values_mut());
            for state in views.filter_map(|view| view.current.as_mut()) {
                state.start_time = "2026-01-01T11:48:00Z".parse().ok();
            }
        }
        stack.groups.values_mut().for_each(|declared| declared.group.containers[0].image = "other:2".into());
        let planned = plan(&stack, &observed, APPLY)?;
        let impacts: BTreeSet<Impact> =
            planned.plan.steps().iter().flat_map(|step| step.impacts.clone()).collect();
        let told = impacts.into_iter().find(|impact| matches!(impact, Impact::EndsTask { .. }));
        assert_eq!(told, wanted, "{policy:?}");
    }
    Ok(())
}

#[test]
fn a_replacement_says_that_the_name_is_lost_for_a_while() -> Outcome {
    for (label, wanted) in [(Some("front"), true), (None, false)] {
        let mut stack = with_group(stack(), "one", group("one", RestartPolicy::Always));
        for declared in stack.groups.values_mut() {
            declared.group.ip_address =
                Some(IpAddress { dns_name_label: label.map(str::to_owned), ..IpAddress::default() });
        }
        let observed = as_wanted(&stack);
        stack.groups.values_mut().for_each(|declared| declared.group.sku = Sku::Dedicated);
        let planned = plan(&stack, &observed, APPLY)?;
        let impacts: BTreeSet<Impact> =
            planned.plan.steps().iter().flat_map(|step| step.impacts.clone()).collect();
        assert!(impacts.contains(&Impact::NewAddress) && impacts.contains(&Impact::Downtime), "{impacts:?}");
        assert_eq!(impacts.contains(&Impact::NameLost), wanted, "{label:?}");
    }
    Ok(())
}

#[test]
fn a_group_that_the_service_gave_up_on_is_deployed_again() -> Outcome {
    for (policy, wanted) in [
        (RestartPolicy::Always, &["update one"][..]),
        (RestartPolicy::Never, &["delete-to-replace one", "create one after 0"]),
    ] {
        let stack = with_group(stack(), "one", group("one", policy));
        let mut observed = as_wanted(&stack);
        assert_eq!(lines(&reconcile(&stack, &observed, &Request::of(APPLY))?), Vec::<String>::new());
        observed.groups.values_mut().for_each(|seen| seen.provisioning = Provisioning::Failed);
        let planned = reconcile(&stack, &observed, &Request::of(APPLY))?;
        assert_eq!(lines(&planned), wanted);
        let step = planned.plan.steps().first().ok_or("no step")?;
        assert!(step.reason.to_string().contains("the service gave up its last change"), "{:?}", step.reason);
        assert!(!step.impacts.is_empty(), "it restarts, or is replaced");
    }
    Ok(())
}
