//! What happens while a plan is carried out, as messages.

use std::collections::BTreeMap;

use super::planned::subject;
use super::{EndWord, Message, SubjectView};
use crate::engine::event::{End, Event, EventKind, Limit, Stream, Tally};
use crate::plan::{Plan, StepId};

/// Makes messages of the events of a plan.
#[derive(Clone, Debug)]
pub struct Telling {
    subjects: BTreeMap<StepId, SubjectView>,
}

impl Telling {
    /// For the events of a plan.
    pub fn new(plan: &Plan) -> Self {
        let subjects = plan.steps().iter().map(|step| (step.id, subject(&step.subject))).collect();
        Self { subjects }
    }

    /// The message of an event; none of a step that the plan does not have.
    pub fn message(&self, event: &Event) -> Option<Message> {
        let at = event.at.to_string();
        Some(match &event.kind {
            EventKind::Began { steps } => Message::ApplyBegan { at, steps: *steps },
            EventKind::StepBegan(step) => {
                Message::StepBegan { at, step: step.0, subject: self.subjects.get(step)?.clone() }
            }
            EventKind::Progress { step, phase } => {
                Message::Progress { at, step: step.0, phase: phase.clone() }
            }
            EventKind::Retrying { step, fault, after } => Message::Retrying {
                at,
                step: step.0,
                fault: fault.clone(),
                after_seconds: after.as_secs_f64(),
            },
            EventKind::Log { step, stream, line } => {
                let stream = match stream {
                    Stream::Output => "output",
                    Stream::Errors => "errors",
                };
                Message::Log { at, step: step.0, stream: stream.to_owned(), line: line.clone() }
            }
            EventKind::StepEnded { step, end, elapsed } => {
                let Told { end, exit, text, help, because } = told(end);
                Message::StepEnded {
                    at,
                    step: step.0,
                    subject: self.subjects.get(step)?.clone(),
                    end,
                    exit,
                    text,
                    help,
                    because,
                    elapsed_seconds: elapsed.as_secs_f64(),
                }
            }
            EventKind::Ended(tally) => {
                let Tally { done, tasks_failed, timed_out, stale, failed, skipped, interrupted } = *tally;
                Message::ApplyEnded { at, done, tasks_failed, timed_out, stale, failed, skipped, interrupted }
            }
        })
    }
}

struct Told {
    end: EndWord,
    exit: Option<i32>,
    text: Option<String>,
    help: Option<String>,
    because: Option<usize>,
}

fn told(end: &End) -> Told {
    let plain = |end| Told { end, exit: None, text: None, help: None, because: None };
    let said = |text: &String| (!text.is_empty()).then(|| text.clone());
    match end {
        End::Done(text) => Told { text: said(text), ..plain(EndWord::Done) },
        End::TaskFailed { exit, why } => Told { exit: *exit, text: said(why), ..plain(EndWord::TaskFailed) },
        End::TimedOut { limit, allowed } => {
            let seconds = allowed.as_secs_f64();
            let text = match limit {
                Limit::Total => format!("it had {seconds} seconds"),
                Limit::Idle => format!("it printed nothing for {seconds} seconds"),
            };
            Told { text: Some(text), ..plain(EndWord::TimedOut) }
        }
        End::Stale { what } => Told { text: said(what), ..plain(EndWord::Stale) },
        End::Failed { why, help } => Told { text: said(why), help: help.clone(), ..plain(EndWord::Failed) },
        End::Skipped { because } => Told { because: Some(because.0), ..plain(EndWord::Skipped) },
        End::Interrupted => plain(EndWord::Interrupted),
    }
}
