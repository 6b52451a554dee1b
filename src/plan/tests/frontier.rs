//! Which steps may start when.

use super::*;
use crate::plan::frontier::Frontier;
use crate::plan::{Guard, Plan, Reason, Step, StepId};

fn sealed(needs: &[&[usize]]) -> Result<Plan, Defect> {
    let step = |(place, needs): (usize, &&[usize])| Step {
        id: StepId(place),
        subject: Subject::Group(id("g")),
        action: Action::StartGroup,
        needs: needs.iter().copied().map(StepId).collect(),
        guard: Guard::None,
        reason: Reason::new(""),
        changes: Vec::new(),
        impacts: Vec::new(),
    };
    Plan::seal(needs.iter().enumerate().map(step).collect())
}

#[test]
fn steps_start_in_order_within_the_width_and_after_their_needs() -> Outcome {
    let mut frontier = Frontier::new(&sealed(&[&[], &[], &[0], &[0, 1]])?, 2);
    assert_eq!((frontier.next(), frontier.next(), frontier.next()), (Some(StepId(0)), Some(StepId(1)), None));
    assert_eq!(frontier.settle(StepId(1), true), []);
    assert_eq!(frontier.next(), None);
    frontier.settle(StepId(0), true);
    assert_eq!((frontier.next(), frontier.next()), (Some(StepId(2)), Some(StepId(3))));
    frontier.settle(StepId(2), true);
    frontier.settle(StepId(3), true);
    assert_eq!((frontier.next(), frontier.left()), (None, vec![]));
    Ok(())
}

#[test]
fn a_failure_skips_what_waits_for_it_and_nothing_else() -> Outcome {
    let mut frontier = Frontier::new(&sealed(&[&[], &[0], &[1], &[]])?, 1);
    assert_eq!(frontier.next(), Some(StepId(0)));
    let skipped = [(StepId(1), StepId(0)), (StepId(2), StepId(1))];
    assert_eq!(frontier.settle(StepId(0), false), skipped);
    assert_eq!(frontier.next(), Some(StepId(3)));
    assert_eq!(frontier.settle(StepId(3), false), [], "what was skipped is not skipped again");
    assert_eq!((frontier.next(), frontier.left()), (None, vec![]));
    Ok(())
}

#[test]
fn a_step_that_ended_twice_or_never_began_changes_nothing() -> Outcome {
    let mut frontier = Frontier::new(&sealed(&[&[], &[0], &[1]])?, 8);
    assert_eq!(frontier.settle(StepId(1), false), []);
    assert_eq!(frontier.next(), Some(StepId(0)));
    frontier.settle(StepId(0), true);
    assert_eq!(frontier.settle(StepId(0), false), []);
    assert_eq!((frontier.next(), frontier.next(), frontier.left()), (Some(StepId(1)), None, vec![StepId(2)]));
    Ok(())
}

#[test]
fn a_closed_frontier_waits_only_for_what_runs() -> Outcome {
    let mut frontier = Frontier::new(&sealed(&[&[], &[0]])?, 0);
    assert_eq!(frontier.next(), Some(StepId(0)));
    frontier.close();
    frontier.settle(StepId(0), true);
    assert_eq!(frontier.next(), None);
    assert_eq!(frontier.left(), [StepId(1)]);
    Ok(())
}
