//! Exit codes, and what an apply's tally makes of them.

use std::process::ExitCode;

use crate::engine::event::{End, Tally};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u8);

/// What `--help` says about exit codes.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done, or nothing to do
  1    an error, of usage too
  2    changes are pending (`plan --detailed-exitcode`)
  3    blocked: something is protected, or beyond a limit
  4    something changed since it was planned
  5    partly applied: some steps failed
  6    a task failed
  7    something is other than it was applied (`drift`)
  124  a task took too long
  130  interrupted
`run` and `exec` end with the container's own code, and with 125 where acitask itself failed,
126 where the program cannot be executed, 127 where it is not found.";

impl Code {
    /// Done, or nothing to do.
    pub(crate) const DONE: Self = Self(0);
    /// An error.
    pub(crate) const ERROR: Self = Self(1);
    /// Changes are pending.
    pub(crate) const PENDING: Self = Self(2);
    /// Blocked by protection.
    pub(crate) const BLOCKED: Self = Self(3);
    /// Changed since planned.
    pub(crate) const STALE: Self = Self(4);
    /// Some steps were done, some failed.
    pub(crate) const PARTLY: Self = Self(5);
    /// A task failed.
    pub(crate) const TASK_FAILED: Self = Self(6);
    /// acitask's own failure, where the code belongs to a container.
    pub(crate) const OWN_FAILURE: Self = Self(125);
    /// Something is other than it was applied.
    pub(crate) const DRIFT: Self = Self(7);
    /// A task took too long.
    pub(crate) const TIMED_OUT: Self = Self(124);
    /// Interrupted.
    pub(crate) const INTERRUPTED: Self = Self(130);

    /// The code of an apply: of several kinds of ends, the one that asks most of a person.
    pub(crate) fn of(tally: &Tally) -> Self {
        let Tally { done, tasks_failed, timed_out, stale, failed, skipped: _, interrupted } = *tally;
        if interrupted > 0 {
            Self::INTERRUPTED
        } else if failed > 0 {
            if done > 0 { Self::PARTLY } else { Self::ERROR }
        } else if stale > 0 {
            Self::STALE
        } else if timed_out > 0 {
            Self::TIMED_OUT
        } else if tasks_failed > 0 {
            Self::TASK_FAILED
        } else {
            Self::DONE
        }
    }

    /// The code of a container, where it fits into the eight bits that a process has.
    pub(crate) fn of_container(exit: Option<i32>) -> Self {
        match exit.map(u8::try_from) {
            Some(Ok(code)) => Self(code),
            Some(Err(_)) | None => Self::OWN_FAILURE,
        }
    }

    /// The code of one run's end.
    pub(crate) fn of_run(end: &End) -> Self {
        match end {
            End::Done(_) => Self::DONE,
            End::TaskFailed { exit, .. } => Self::of_container(*exit),
            End::TimedOut { .. } => Self::TIMED_OUT,
            End::Interrupted => Self::INTERRUPTED,
            End::Stale { .. } | End::Failed { .. } | End::Skipped { .. } => Self::OWN_FAILURE,
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_decides() {
        let none = Tally::default();
        for (tally, code) in [
            (none, 0),
            (Tally { done: 3, ..none }, 0),
            (Tally { done: 1, tasks_failed: 1, skipped: 2, ..none }, 6),
            (Tally { timed_out: 1, tasks_failed: 1, ..none }, 124),
            (Tally { stale: 1, tasks_failed: 1, ..none }, 4),
            (Tally { done: 1, failed: 1, tasks_failed: 1, ..none }, 5),
            (Tally { failed: 1, skipped: 1, ..none }, 1),
            (Tally { done: 9, failed: 1, interrupted: 1, ..none }, 130),
        ] {
            assert_eq!(Code::of(&tally), Code(code), "{tally:?}");
        }
    }

    #[test]
    fn a_container_hands_its_code_on() {
        for (exit, code) in
            [(Some(0), 0), (Some(3), 3), (Some(255), 255), (Some(-1), 125), (Some(7147), 125), (None, 125)]
        {
            assert_eq!(Code::of_container(exit), Code(code));
        }
    }
}
