//! When runs are due, how they begin, and how interrupted ones are finished.

use super::*;
use crate::plan::reconcile::{Reads, needs};
use crate::plan::{Finish, input};

fn strong_stack() -> Stack {
    let stack = with_group(stack(), "strong", group("strong", RestartPolicy::Always));
    with_run(stack, "dog", strong_run("strong"))
}

fn weak_stack() -> Stack {
    let stack = with_group(stack(), "weak", group("weak", RestartPolicy::Never));
    with_run(stack, "cat", persistent_run("weak"))
}

fn ephemeral_stack() -> Stack {
    with_run(stack(), "bird", ephemeral_run())
}

fn input_of(stack: &Stack, name: &str) -> Result<InputDigest, Box<dyn std::error::Error>> {
    let run = stack.runs.get(&Name::from(name)).ok_or("no such run")?;
    Ok(input::digest(run, stack))
}

fn other() -> Result<InputDigest, Box<dyn std::error::Error>> {
    Ok("00000000.00000000.00000000.0".parse()?)
}

/// A trigger, how the last run ended and whether it had the same input, `rerunFailed`, and the reason to run.
type DueCase<'c> = (Trigger, Option<(RunState, bool)>, bool, Option<&'c str>);

#[test]
fn triggers_decide_when_a_run_is_due() -> Outcome {
    use RunState::{Failed, Interrupted, Succeeded, TimedOut};
    let cases: [DueCase; 15] = [
        (Trigger::OnChange, None, false, Some("never ran")),
        (Trigger::OnChange, Some((Succeeded, true)), false, None),
        (
            Trigger::OnChange,
            Some((Succeeded, false)),
            false,
            Some("input changed: image, command, environment"),
        ),
        (Trigger::OnChange, Some((Failed, true)), false, None),
        (Trigger::OnChange, Some((TimedOut, true)), false, None),
        (Trigger::OnChange, Some((Interrupted, true)), false, None),
        (Trigger::OnChange, Some((Failed, true)), true, Some("the last run failed, and rerunFailed is set")),
        (Trigger::OnChange, Some((Failed, false)), false, Some("input changed: image, command, environment")),
        (Trigger::Once, None, false, Some("never ran")),
        (Trigger::Once, Some((Succeeded, false)), false, None),
        (Trigger::Once, Some((Failed, true)), false, Some("has not succeeded yet: the last run failed")),
        (Trigger::Always, None, false, Some("never ran")),
        (Trigger::Always, Some((Succeeded, true)), false, Some("runs at every apply")),
        (Trigger::Manual, None, false, None),
        (Trigger::Manual, Some((Succeeded, false)), true, None),
    ];
    for (trigger, state, rerun_failed, reason) in cases {
        let run = TaskRun { trigger, rerun_failed, ..strong_run("strong") };
        let stack = with_run(strong_stack(), "dog", run);
        let mut observed = as_wanted(&stack);
        if let Some((state, same)) = state {
            let input = if same { input_of(&stack, "dog")? } else { other()? };
            observed = recorded(observed, "dog", &record("r-1", state, input));
        }
        let planned = plan(&stack, &observed, APPLY)?;
        let case = format!("{trigger:?} {state:?} {rerun_failed}");
        assert_eq!(reasons(&planned), reason.into_iter().collect::<Vec<_>>(), "{case}");
        let told =
            trigger == Trigger::OnChange && reason.is_none() && state.is_some_and(|(s, _)| s != Succeeded);
        assert_eq!(planned.notes.len(), usize::from(told), "{case}");
    }
    Ok(())
}

#[test]
fn the_reason_names_the_variable_that_the_live_group_shows() -> Outcome {
    let live = weak_stack();
    let observed =
        recorded(as_wanted(&live), "cat", &record("r-1", RunState::Succeeded, input_of(&live, "cat")?));
    let mut edited = live;
    if let Some(group) = edited.groups.get_mut(&Name::from("weak")) {
        group.group.containers[0].environment_variables[0] = plain("MODE", "b");
    }
    let planned = plan(&edited, &observed, APPLY)?;
    assert_eq!(lines(&planned), ["run:replace cat"]);
    let reason =
        "input changed: env.MODE; replaces the group: env.MODE differs; a finished group cannot be updated";
    assert_eq!(reasons(&planned), [reason]);
    Ok(())
}

#[test]
fn a_first_apply_makes_groups_before_what_runs_in_them() -> Outcome {
    let mut stack = strong_stack();
    stack.groups.extend(weak_stack().groups);
    let cat = |dependency: &str| TaskRun {
        depends_on: BTreeSet::from([Name::from(dependency)]),
        ..persistent_run("weak")
    };
    let stack = with_run(with_run(stack, "cat", cat("dog")), "another-cat", cat("cat"));
    let planned = plan(&stack, &Observed::default(), APPLY)?;
    let steps = [
        "create-rg rg",
        "create strong after 0",
        "run:exec dog after 0,1",
        "run:create cat after 0,2",
        "run:start another-cat after 0,3",
    ];
    assert_eq!(lines(&planned), steps);
    assert_eq!(planned.unchanged, 0);
    Ok(())
}

#[test]
fn a_persistent_group_changes_only_in_a_due_run() -> Outcome {
    let stack = weak_stack();
    let mut observed =
        recorded(as_wanted(&stack), "cat", &record("r-1", RunState::Succeeded, input_of(&stack, "cat")?));
    assert_eq!(lines(&plan(&stack, &observed, APPLY)?), Vec::<String>::new());
    if let Some(group) = observed.groups.get_mut(&id("weak")).and_then(|seen| seen.group.as_mut()) {
        group.containers[0].resources.requests.memory_in_gb = Thousandths::new(500);
    }
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(
        (lines(&planned), notes(&planned)),
        (vec![], vec!["memoryInGB differs; changes with its next run"])
    );
    assert_eq!(planned.unchanged, 2, "a group that waits for its next run is not as wanted");
    assert_eq!(planned.notes[0].help.as_deref(), Some("acitask run cat"));
    let planned = plan(&stack, &observed, Verb::Run(Name::from("cat")))?;
    assert_eq!(lines(&planned), ["run:replace cat"]);
    if let Some(seen) = observed.groups.get_mut(&id("weak")) {
        seen.tags.remove("team");
    }
    assert_eq!(lines(&plan(&stack, &observed, APPLY)?), ["tag weak"]);
    observed.groups.clear();
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(
        (lines(&planned), notes(&planned)),
        (vec![], vec!["it does not exist; its next run makes it"])
    );
    Ok(())
}

#[test]
fn an_interrupted_run_is_finished() -> Outcome {
    let open = |stack: &Stack, name| {
        Ok::<_, Box<dyn std::error::Error>>(record("r-1", RunState::Open, input_of(stack, name)?))
    };
    let (strong, weak) = (strong_stack(), weak_stack());
    let (dog, cat) = (open(&strong, "dog")?, open(&weak, "cat")?);
    let ended = Record { state: RunState::Succeeded, ..cat.clone() };
    let idle = |observed| in_state(observed, "weak", "Running", Phase::Running);
    let mut missing = recorded(as_wanted(&weak), "cat", &cat);
    missing.groups.clear();
    let cases: [(&str, &Stack, Observed, &[&str]); 6] = [
        ("strong", &strong, recorded(as_wanted(&strong), "dog", &dog), &["run:resume-exec dog"]),
        ("begun by PUT", &weak, idle(intended(as_wanted(&weak), "weak", "cat", &cat)), &["run:adopt cat"]),
        (
            "begun by PUT and recorded",
            &weak,
            idle(recorded(intended(as_wanted(&weak), "weak", "cat", &cat), "cat", &cat)),
            &["run:adopt cat"],
        ),
        (
            "recorded as ended",
            &weak,
            idle(recorded(intended(as_wanted(&weak), "weak", "cat", &cat), "cat", &ended)),
            &[],
        ),
        ("begun by start", &weak, idle(recorded(as_wanted(&weak), "cat", &cat)), &["run:resume-start cat"]),
        ("not made yet", &weak, missing, &["run:create cat"]),
    ];
    for (case, stack, observed, steps) in cases {
        let planned = plan(stack, &observed, APPLY)?;
        assert_eq!(lines(&planned), steps, "{case}");
        assert_eq!(conflicts(&planned), Vec::<&str>::new(), "{case}");
    }
    Ok(())
}

#[test]
fn an_intent_that_follows_the_record_is_the_newer_one_whatever_the_clocks_say() -> Outcome {
    let stack = weak_stack();
    let input = input_of(&stack, "cat")?;
    let cases: [(RunState, Option<&str>, &[&str]); 5] = [
        (RunState::Succeeded, Some("r-1"), &["run:adopt cat"]),
        (RunState::Succeeded, Some("r-0"), &[]),
        (RunState::Succeeded, None, &[]),
        // The interrupted start came before a PUT of another run of the task, or after it.
        (RunState::Open, Some("r-1"), &["run:adopt cat"]),
        (RunState::Open, Some("r-0"), &["run:resume-start cat"]),
    ];
    for (state, follows, steps) in cases {
        for (first, second) in [
            ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"),
            ("2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z"),
        ] {
            let known = Record { at: first.parse().ok(), ..record("r-1", state, input.clone()) };
            let begun = Record { at: second.parse().ok(), ..record("r-2", RunState::Open, input.clone()) };
            let observed = following(as_wanted(&stack), "weak", "cat", &begun, follows);
            let planned = plan(&stack, &recorded(observed, "cat", &known), APPLY)?;
            assert_eq!(lines(&planned), steps, "{state} {follows:?} {first}");
        }
    }
    Ok(())
}

#[test]
fn an_open_run_goes_before_those_that_it_depends_on() -> Outcome {
    let stack = with_run(
        weak_stack(),
        "another-cat",
        TaskRun { depends_on: BTreeSet::from([Name::from("cat")]), ..persistent_run("weak") },
    );
    let open = record("r-1", RunState::Open, input_of(&stack, "another-cat")?);
    let observed = intended(as_wanted(&stack), "weak", "another-cat", &open);
    assert_eq!(lines(&plan(&stack, &observed, APPLY)?), ["run:adopt another-cat", "run:start cat after 0"]);
    Ok(())
}

#[test]
fn a_group_that_somebody_started_is_a_conflict() -> Outcome {
    let stack = weak_stack();
    let observed = in_state(as_wanted(&stack), "weak", "Running", Phase::Running);
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(conflicts(&planned), ["it runs, though no run of it is recorded as begun"]);
    assert_eq!(lines(&planned), Vec::<String>::new());
    Ok(())
}

#[test]
fn an_unreadable_record_is_a_conflict() -> Outcome {
    for (name, stack) in [("dog", strong_stack()), ("cat", weak_stack()), ("bird", ephemeral_stack())] {
        let mut observed = as_wanted(&stack);
        if let Some(seen) = observed.resource_groups.get_mut(&Name::from("rg")) {
            seen.tags.insert(format!("acitask-run.{name}"), "v9;odd".into());
        }
        let planned = plan(&stack, &observed, APPLY)?;
        assert_eq!(conflicts(&planned), ["its record cannot be read, so it is not known whether it ran"]);
        assert_eq!(lines(&planned), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn an_ephemeral_run_makes_finishes_and_clears_its_groups() -> Outcome {
    let stack = ephemeral_stack();
    let input = input_of(&stack, "bird")?;
    let planned = plan(&stack, &as_wanted(&stack), APPLY)?;
    let made = planned.plan.steps().iter().find_map(|step| match &step.action {
        Action::Run(run) => Some((run.group.clone(), run.finish)),
        _ => None,
    });
    let (made, finish) = made.ok_or("no run")?;
    assert_eq!(finish, Finish::Delete { keep_on_success: false, keep_on_failure: true });
    assert!(made.name.as_str().starts_with("bird-") && made.name.as_str().ends_with("-1"));

    let with = |intent: &Record, ledger: Option<&Record>| {
        let mut observed = as_wanted(&stack);
        let group =
            seen_group(made.clone(), tags::wanted(&owner(), &Tags::new()), &tree(RestartPolicy::Never));
        observed.groups.insert(made.clone(), group);
        let observed = intended(observed, made.name.as_str(), "bird", intent);
        ledger.map_or(observed.clone(), |ledger| recorded(observed, "bird", ledger))
    };
    let open = record("r-1", RunState::Open, input.clone());
    let well = Record { state: RunState::Succeeded, ..open.clone() };
    let failed = Record { state: RunState::Failed, ..open.clone() };
    let named = format!("delete {}", made.name);
    let cases: [(&str, Observed, Vec<&str>); 5] = [
        ("open by intent", with(&open, None), vec!["run:adopt bird"]),
        ("open by both", with(&open, Some(&open)), vec!["run:adopt bird"]),
        ("ended well", with(&open, Some(&well)), vec![&named]),
        ("failed and kept", with(&open, Some(&failed)), vec![]),
        ("gone", recorded(as_wanted(&stack), "bird", &open), vec!["run:create bird"]),
    ];
    for (case, observed, steps) in cases {
        assert_eq!(lines(&plan(&stack, &observed, APPLY)?), steps, "{case}");
    }
    let planned = plan(&stack, &with(&open, Some(&failed)), Verb::Run(Name::from("bird")))?;
    let second = planned.plan.steps().iter().find_map(|step| match &step.action {
        Action::Run(run) => Some(run.group.name.to_string()),
        _ => None,
    });
    assert!(second.is_some_and(|name| name.ends_with("-2")), "the first name is taken");
    Ok(())
}

#[test]
fn long_names_are_cut_to_fit() -> Outcome {
    let stack = with_run(stack(), &"n".repeat(63), ephemeral_run());
    let planned = plan(&stack, &Observed::default(), APPLY)?;
    let lengths: Vec<usize> = planned
        .plan
        .steps()
        .iter()
        .filter_map(|step| match &step.action {
            Action::Run(run) => Some(run.group.name.as_str().len()),
            _ => None,
        })
        .collect();
    assert_eq!(lengths, [58], "the attempt has its place behind it");
    Ok(())
}

#[test]
fn one_run_is_planned_with_what_it_needs_and_nothing_else() -> Outcome {
    let mut stack = strong_stack();
    stack.groups.extend(weak_stack().groups);
    stack.runs.extend(weak_stack().runs);
    let planned = plan(&stack, &Observed::default(), Verb::Run(Name::from("cat")))?;
    assert_eq!(lines(&planned), ["create-rg rg", "run:create cat after 0"]);
    assert_eq!(reasons(&planned)[1], "asked for; creates the group");
    let planned = plan(&stack, &Observed::default(), Verb::Run(Name::from("cow")))?;
    assert_eq!(conflicts(&planned), ["no manifest declares this TaskRun"]);
    Ok(())
}

#[test]
fn only_what_decides_is_read() -> Outcome {
    let request = Request::of;
    let stack = weak_stack();
    let rested =
        recorded(as_wanted(&stack), "cat", &record("r-1", RunState::Succeeded, input_of(&stack, "cat")?));
    let rest = Reads { settled: [Name::from("weak")].into(), ..Reads::default() };
    assert_eq!(needs(&stack, &rested, &request(APPLY)), rest);
    let due = Reads { groups: [id("weak")].into(), ..Reads::default() };
    assert_eq!(needs(&stack, &as_wanted(&stack), &request(APPLY)), due);
    let known = in_state(as_wanted(&stack), "weak", "Stopped", Phase::Terminated);
    assert_eq!(needs(&stack, &known, &request(APPLY)), Reads::default());
    let destroy = Reads { listings: [Name::from("rg")].into(), ..Reads::default() };
    assert_eq!(needs(&stack, &rested, &request(Verb::Destroy)), destroy);
    let strong = strong_stack();
    let due = Reads { groups: [id("strong")].into(), ..Reads::default() };
    assert_eq!(needs(&strong, &as_wanted(&strong), &request(APPLY)), due);
    Ok(())
}

#[test]
fn a_stopped_group_is_started_for_a_strong_run() -> Outcome {
    let stack = strong_stack();
    let observed = in_state(as_wanted(&stack), "strong", "Stopped", Phase::Terminated);
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(lines(&planned), ["start strong", "run:exec dog after 0"]);
    assert_eq!(reasons(&planned)[0], "run dog needs it running");
    Ok(())
}

#[test]
fn a_value_that_is_set_for_one_run_is_no_change_for_the_next_apply() -> Outcome {
    for (stack, name) in [(strong_stack(), "dog"), (ephemeral_stack(), "bird")] {
        let mut once = stack.clone();
        once.set_environment(&Name::from(name), "MODE", "once")?;
        assert_eq!(input_of(&once, name)?, input_of(&stack, name)?, "{name}");
        assert_ne!(once.runs, stack.runs, "{name}: it runs with it");
    }
    Ok(())
}

#[test]
fn a_run_waits_for_one_that_did_not_end_well() -> Outcome {
    use RunState::{Cancelled, Failed, Interrupted, Open, Succeeded, TimedOut};
    // `cat`, then `dog`, then `bird`.
    let mut stack = with_run(weak_stack(), "dog", ephemeral_run());
    stack = with_run(stack, "bird", ephemeral_run());
    for (name, after) in [("dog", "cat"), ("bird", "dog")] {
        let run = stack.runs.get_mut(&Name::from(name)).ok_or("no such run")?;
        run.depends_on = [Name::from(after)].into();
    }
    let observed = |state| -> Result<Observed, Box<dyn std::error::Error>> {
        let record = record("r", state, input_of(&stack, "cat")?);
        Ok(recorded(in_state(as_wanted(&stack), "weak", "Failed", Phase::Terminated), "cat", &record))
    };
    let steps = |stack: &Stack, state, verb| -> Result<usize, Box<dyn std::error::Error>> {
        Ok(plan(stack, &observed(state)?, verb)?.plan.steps().len())
    };
    for state in [Failed, TimedOut, Interrupted, Cancelled] {
        let planned = plan(&stack, &observed(state)?, Verb::Apply)?;
        assert_eq!(lines(&planned), [""; 0], "{state:?}");
        for (name, other) in [("dog", "cat"), ("bird", "cat")] {
            let told = planned.notes.iter().find(|note| note.subject == Subject::Run(Name::from(name)));
            let told = told.ok_or("nothing is told")?;
            assert!(told.text.contains(&format!("waits for run {other}")), "{}", told.text);
            assert_eq!(told.help.as_deref(), Some("acitask run cat"));
        }
        assert_eq!(steps(&stack, state, Verb::Run(Name::from("dog")))?, 1, "a person says so");
    }
    // One that ended well, or is repeated, holds nobody back.
    assert_eq!(steps(&stack, Succeeded, Verb::Apply)?, 2);
    assert_eq!(steps(&stack, Open, Verb::Apply)?, 3);
    let cat = stack.runs.get(&Name::from("cat")).cloned().ok_or("no such run")?;
    let repeated = with_run(stack.clone(), "cat", TaskRun { rerun_failed: true, ..cat });
    assert_eq!(steps(&repeated, Failed, Verb::Apply)?, 3);
    Ok(())
}
