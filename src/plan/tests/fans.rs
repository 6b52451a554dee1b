//! Runs that are fanned out, tried again, or find their group busy.

use super::*;
use crate::model::record::Done;
use crate::model::stack::Array;
use crate::plan::{Fan, input};

fn fan_stack(items: &[&str]) -> Stack {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    let mut run = ephemeral_run();
    if let RunKind::Ephemeral(ephemeral) = &mut run.kind {
        ephemeral.array = Some(Array { items, parallelism: Some(2) });
    }
    with_run(stack(), "bird", run)
}

fn fan(planned: &Planned) -> Option<&Fan> {
    planned.plan.steps().iter().find_map(|step| match &step.action {
        Action::Run(run) => match &run.begin {
            Begin::Fan(fan) => Some(&**fan),
            _ => None,
        },
        _ => None,
    })
}

/// The items that are to run, each with the number of the attempt that is followed.
fn items(planned: &Planned) -> Vec<(String, Option<u32>)> {
    let items = fan(planned).into_iter().flat_map(|fan| &fan.items);
    items.map(|item| (item.text.clone(), item.adopt.as_ref().map(|record| record.attempt))).collect()
}

fn done(items: &[&str], succeeded: &[u32]) -> Done {
    let texts: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    let mut done = Done::new(u32::try_from(items.len()).unwrap_or_default(), &input::items(&texts));
    succeeded.iter().for_each(|item| done.set(*item));
    done
}

fn of(stack: &Stack, state: RunState, done: Done) -> Result<Record, Box<dyn std::error::Error>> {
    let run = stack.runs.get(&Name::from("bird")).ok_or("no such run")?;
    Ok(Record { done: Some(done), ..record("r-1", state, input::digest(run, stack)) })
}

#[test]
fn an_array_runs_what_its_record_does_not_hold() -> Outcome {
    let list = ["a", "b", "c"];
    let ask = || Verb::Run(Name::from("bird"));
    let stack = fan_stack(&list);
    for (state, bits, verb, reason, runs) in [
        (None, &[][..], APPLY, Some("never ran"), &["a", "b", "c"][..]),
        (Some(RunState::Succeeded), &[0, 1, 2], APPLY, None, &[]),
        (Some(RunState::Succeeded), &[0, 1, 2], ask(), Some("asked for"), &["a", "b", "c"]),
        (Some(RunState::Failed), &[0, 2], APPLY, None, &[]),
        (Some(RunState::Failed), &[0, 2], ask(), Some("asked for; 1 of 3 items are still to run"), &["b"]),
        (
            Some(RunState::Open),
            &[2],
            APPLY,
            Some("the last run was interrupted before its end was recorded"),
            &["a", "b"],
        ),
    ] {
        let mut observed = as_wanted(&stack);
        if let Some(state) = state {
            observed = recorded(observed, "bird", &of(&stack, state, done(&list, bits))?);
        }
        let planned = plan(&stack, &observed, verb)?;
        assert_eq!(reasons(&planned), reason.into_iter().collect::<Vec<_>>(), "{state:?}");
        let texts: Vec<String> = items(&planned).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, runs, "{state:?}");
    }
    Ok(())
}

#[test]
fn items_that_are_added_run_alone_and_another_list_runs_whole() -> Outcome {
    let old = ["a", "b"];
    let record = of(&fan_stack(&old), RunState::Succeeded, done(&old, &[0, 1]))?;
    for (new, reason, runs) in [
        (&["a", "b", "c"][..], "items were added: 1 of 3 are to run", &["c"][..]),
        (&["b", "a"], "input changed: items", &["b", "a"]),
        (&["a"], "input changed: items", &["a"]),
    ] {
        let stack = fan_stack(new);
        let planned = plan(&stack, &recorded(as_wanted(&stack), "bird", &record), APPLY)?;
        assert_eq!(reasons(&planned), [reason]);
        assert_eq!(items(&planned).into_iter().map(|(text, _)| text).collect::<Vec<_>>(), runs);
    }
    Ok(())
}

#[test]
fn the_last_attempt_of_an_item_is_followed_and_those_before_are_deleted() -> Outcome {
    let list = ["a", "b"];
    let stack = fan_stack(&list);
    let open = of(&stack, RunState::Open, done(&list, &[]))?;
    let mut observed = recorded(as_wanted(&stack), "bird", &open);
    let tree = tree(RestartPolicy::Never);
    for (name, attempt) in [("bird-x-i1-1", 1), ("bird-x-i1-1-a2", 2)] {
        let tags = tags::wanted(&owner(), &Tags::new());
        observed.groups.insert(id(name), seen_group(id(name), tags, &tree));
        let attempt = Record { attempt, item: Some(1), done: None, ..open.clone() };
        observed = intended(observed, name, "bird", &attempt);
    }
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(lines(&planned), ["delete bird-x-i1-1", "run:resume-fan bird"]);
    assert_eq!(items(&planned), [("b".to_owned(), Some(2)), ("a".to_owned(), None)]);
    let group = fan(&planned).and_then(|fan| fan.items.first()).map(|item| item.group.clone());
    assert_eq!(group, Some(id("bird-x-i1-1")), "further attempts are named after the first");
    Ok(())
}

#[test]
fn a_busy_group_is_a_conflict_or_what_its_run_says() -> Outcome {
    for (concurrency, reason) in [
        (Concurrency::Refuse, None),
        (Concurrency::Wait, Some("never ran; waits until what runs in the group has ended")),
        (Concurrency::Replace, Some("never ran; ends what runs in the group")),
    ] {
        let run = run(RunKind::Persistent { group: Name::from("weak"), concurrency });
        let stack =
            with_run(with_group(super::stack(), "weak", group("weak", RestartPolicy::Never)), "cat", run);
        let observed = in_state(as_wanted(&stack), "weak", "Running", Phase::Running);
        let planned = plan(&stack, &observed, APPLY)?;
        assert_eq!(reasons(&planned), reason.into_iter().collect::<Vec<_>>());
        assert_eq!(planned.conflicts.len(), usize::from(reason.is_none()));
    }
    Ok(())
}

#[test]
fn an_interrupted_attempt_goes_on_as_the_attempt_that_it_was() -> Outcome {
    let mut run = ephemeral_run();
    run.retries.limit = 2;
    let stack = with_run(super::stack(), "bird", run);
    let run = stack.runs.get(&Name::from("bird")).ok_or("no such run")?;
    let open = record("r-1", RunState::Open, input::digest(run, &stack));
    let mut observed = as_wanted(&stack);
    for (name, attempt) in [("bird-x-1", 1), ("bird-x-1-a2", 2)] {
        let tags = tags::wanted(&owner(), &Tags::new());
        observed.groups.insert(id(name), seen_group(id(name), tags, &tree(RestartPolicy::Never)));
        observed = intended(observed, name, "bird", &Record { attempt, ..open.clone() });
    }
    let planned = plan(&stack, &observed, APPLY)?;
    assert_eq!(lines(&planned), ["delete bird-x-1", "run:adopt bird"]);
    let Some(Action::Run(run)) = planned.plan.steps().last().map(|step| &step.action) else {
        return Err("no run".into());
    };
    assert!(matches!(&run.begin, Begin::Adopt(record) if record.attempt == 2));
    assert!(run.again.is_some() && run.group == id("bird-x-1"));
    Ok(())
}
