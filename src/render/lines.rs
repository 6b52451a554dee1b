//! An apply as lines, one a change, for wherever no terminal is: with the time since the beginning, and tasks' output behind their names.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::engine::event::{End, Event, EventKind, Limit};
use crate::plan::{Plan, StepId};
use crate::render::style::{Label, Style};
use crate::render::text::{columns, elapsed, harmless, padded};
use crate::render::title::{Mark, short, words};

/// What is to be said of each step.
#[derive(Clone, Debug)]
struct Title {
    mark: Mark,
    subject: String,
    short: String,
    doing: &'static str,
    done: &'static str,
}

/// Makes lines of events.
#[derive(Clone, Debug)]
pub struct Lines {
    titles: BTreeMap<StepId, Title>,
    phases: BTreeMap<StepId, String>,
    subject_width: usize,
    short_width: usize,
    began: Option<Timestamp>,
    style: Style,
}

impl Lines {
    /// For the events of a plan.
    pub fn new(plan: &Plan, style: Style) -> Self {
        let title = |step: &crate::plan::Step| {
            let (doing, done) = words(&step.action);
            let subject = step.subject.to_string();
            let short = short(&step.subject).to_owned();
            (step.id, Title { mark: Mark::of(&step.action), subject, short, doing, done })
        };
        let titles: BTreeMap<StepId, Title> = plan.steps().iter().map(title).collect();
        let widest = |width: fn(&Title) -> usize| titles.values().map(width).max().unwrap_or(0).min(44);
        Self {
            subject_width: widest(|title| columns(&title.subject)),
            short_width: widest(|title| columns(&title.short)),
            titles,
            phases: BTreeMap::new(),
            began: None,
            style,
        }
    }

    /// The line of an event; none where there is nothing new to say.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        let began = *self.began.get_or_insert(event.at);
        let since = event.at.duration_since(began).unsigned_abs();
        let time = format!("{:>7}", elapsed(since));
        match &event.kind {
            EventKind::Began { .. } | EventKind::Ended(_) => None,
            EventKind::StepBegan(step) => {
                let doing = self.titles.get(step)?.doing;
                self.phases.insert(*step, doing.to_owned());
                self.about(&time, *step, doing)
            }
            EventKind::Progress { step, phase } => {
                if self.phases.get(step) == Some(phase) {
                    return None;
                }
                self.phases.insert(*step, phase.clone());
                self.about(&time, *step, &self.style.paint(Label::Aside, &harmless(phase)))
            }
            EventKind::Retrying { step, fault, after } => {
                let text = format!("{}; tried again in {}", harmless(fault), elapsed(*after));
                self.about(&time, *step, &self.style.paint(Label::Change, &text))
            }
            EventKind::Log { step, line, stream: _ } => Some(self.output(*step, line)),
            EventKind::StepEnded { step, end, elapsed: took } => {
                let (label, text) = self.ending(*step, end)?;
                let text = self.style.paint(label, &text);
                let took = self.style.paint(Label::Aside, &format!("({})", elapsed(*took)));
                self.about(&time, *step, &format!("{text} {took}"))
            }
        }
    }

    /// What a step is called, for a line that is drawn again and again.
    pub fn title(&self, step: StepId) -> String {
        self.titles.get(&step).map_or_else(String::new, |title| {
            let subject = padded(&title.subject, self.subject_width);
            format!("{} {subject}", title.mark.column(self.style))
        })
    }

    /// What a step does now.
    pub fn phase(&self, step: StepId) -> String {
        let phase = self.phases.get(&step).map(|phase| harmless(phase)).unwrap_or_default();
        self.style.paint(Label::Aside, &phase)
    }

    fn about(&self, time: &str, step: StepId, what: &str) -> Option<String> {
        let title = self.titles.get(&step)?;
        let subject = padded(&title.subject, self.subject_width);
        let time = self.style.paint(Label::Aside, time);
        Some(format!("{time} {} {subject}  {what}", title.mark.column(self.style)))
    }

    fn output(&self, step: StepId, line: &str) -> String {
        let short = self.titles.get(&step).map_or("", |title| &title.short);
        let name = self.style.paint(Label::Run, &padded(short, self.short_width));
        format!("{name} │ {}", harmless(line))
    }

    fn ending(&self, step: StepId, end: &End) -> Option<(Label, String)> {
        let done = self.titles.get(&step)?.done;
        let (label, text) = match end {
            End::Done(word) if word.is_empty() => (Label::Add, done.to_owned()),
            End::Done(word) => (Label::Add, format!("{done}: {word}")),
            End::Skipped { because } => {
                let because = self.titles.get(because).map_or("another step", |title| &title.subject);
                (Label::Change, format!("skipped, because {because} was not done"))
            }
            End::TaskFailed { .. }
            | End::TimedOut { .. }
            | End::Stale { .. }
            | End::Failed { .. }
            | End::Interrupted => (Label::Delete, failure(end)),
        };
        Some((label, harmless(&text)))
    }
}

/// What to say of an end that is not a good one.
pub fn failure(end: &End) -> String {
    match end {
        End::Done(word) => word.clone(),
        End::TaskFailed { exit: Some(code), why } if why.is_empty() => format!("failed: exit {code}"),
        End::TaskFailed { exit: Some(code), why } if why.contains(&format!("exit {code}")) => {
            format!("failed: {why}")
        }
        End::TaskFailed { exit: Some(code), why } => format!("failed: exit {code}: {why}"),
        End::TaskFailed { exit: None, why } => format!("failed: {why}"),
        End::TimedOut { limit: Limit::Total, allowed } => format!("timed out after {}", elapsed(*allowed)),
        End::TimedOut { limit: Limit::Idle, allowed } => {
            format!("timed out: it printed nothing for {}", elapsed(*allowed))
        }
        End::Stale { what } => format!("changed since planned: {what}"),
        End::Failed { why, help: _ } => format!("failed: {why}"),
        End::Skipped { because: _ } => "skipped".to_owned(),
        End::Interrupted => "interrupted".to_owned(),
    }
}
