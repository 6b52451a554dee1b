//! The end of an apply: what was done, what failed and why, the last lines of what failed, and what to do next.

use std::io::{self, Write};
use std::time::Duration;

use crate::engine::event::{End, Tally};
use crate::plan::{Action, Begin, Finish, Plan, Run, Step};
use crate::render::advice::advice;
use crate::render::flags::Flags;
use crate::render::lines::failure;
use crate::render::story::Story;
use crate::render::style::{Label, Style};
use crate::render::text::{counted, elapsed, harmless, wrapped};

/// Writes how an apply ended.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    plan: &Plan,
    story: &Story,
    tally: &Tally,
    took: Duration,
    flags: &Flags,
    style: Style,
) -> io::Result<()> {
    for (id, end) in story.ends() {
        let Some(step) = plan.steps().get(id.0) else { continue };
        match end {
            End::Done(_) | End::Skipped { .. } => {}
            End::TaskFailed { .. }
            | End::TimedOut { .. }
            | End::Stale { .. }
            | End::Failed { .. }
            | End::Interrupted => {
                let tail: Vec<&str> = story.tail(id).collect();
                write_failure(out, step, end, &tail, flags, style)?;
            }
        }
    }
    let (label, sentence) = sentence(plan.steps().len(), tally, took);
    for line in wrapped(&sentence, style.width) {
        writeln!(out, "{}", style.paint(label, &line))?;
    }
    Ok(())
}

/// What is said when somebody asks to stop.
pub fn stopping(plan: &Plan, story: &Story) -> String {
    let moving = moving(plan, story);
    format!("Stopping: nothing new is begun. Waiting for {moving}; once more leaves at once.")
}

/// What is said when somebody leaves before the end.
pub fn leaving(plan: &Plan, story: &Story, flags: &Flags) -> String {
    let moving = moving(plan, story);
    let text = format!("Leaving. Still under way: {moving}. `acitask apply` goes on from there.");
    flags.within(&text)
}

fn moving(plan: &Plan, story: &Story) -> String {
    let steps = story.under_way().filter_map(|id| plan.steps().get(id.0));
    let subjects: Vec<String> = steps.map(|step| step.subject.to_string()).collect();
    if subjects.is_empty() { "nothing".to_owned() } else { subjects.join(", ") }
}

fn sentence(steps: usize, tally: &Tally, took: Duration) -> (Label, String) {
    let Tally { done, tasks_failed, timed_out, stale, failed, skipped, interrupted } = *tally;
    let others = [
        (tasks_failed, "task failed", "tasks failed"),
        (timed_out, "task timed out", "tasks timed out"),
        (stale, "step found something changed", "steps found something changed"),
        (failed, "step failed", "steps failed"),
        (skipped, "step was skipped", "steps were skipped"),
        (interrupted, "step was interrupted", "steps were interrupted"),
    ];
    let others: Vec<String> = others
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    let time = elapsed(took);
    if others.is_empty() {
        (Label::Add, format!("Done: {} in {time}.", counted(done, "step", "steps")))
    } else {
        (Label::Delete, format!("Not all done: {done} of {steps} steps, {}, in {time}.", others.join(", ")))
    }
}

fn write_failure(
    out: &mut dyn Write,
    step: &Step,
    end: &End,
    tail: &[&str],
    flags: &Flags,
    style: Style,
) -> io::Result<()> {
    let mut mark = style.paint(Label::Delete, "✗");
    let text = harmless(&format!("{} {}", step.subject, failure(end)));
    for line in wrapped(&text, style.width.saturating_sub(2)) {
        writeln!(out, "{mark} {line}")?;
        mark = " ".to_owned();
    }
    for line in tail {
        writeln!(out, "  {} {}", style.paint(Label::Aside, "│"), harmless(line))?;
    }
    let next = next(step, end);
    let lines = next.iter().flat_map(|text| advice(text, flags, style.narrowed(2)));
    lines.into_iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    writeln!(out)
}

/// What to do about a bad end.
fn next(step: &Step, end: &End) -> Vec<String> {
    match (end, &step.action) {
        (End::TaskFailed { .. } | End::TimedOut { .. }, Action::Run(run)) => {
            let log = has_log(run, end).then(|| format!("acitask logs {}", run.name));
            log.into_iter().chain([format!("acitask run {}", run.name)]).collect()
        }
        (End::Failed { help, .. }, _) => help.iter().cloned().collect(),
        (End::Stale { .. }, _) => vec!["acitask plan".to_owned()],
        (End::Interrupted, _) => vec!["acitask apply".to_owned()],
        (End::TaskFailed { .. } | End::TimedOut { .. } | End::Done(_) | End::Skipped { .. }, _) => Vec::new(),
    }
}

/// Whether the service still has a log of a run that ended badly: it keeps none of a command that was executed, of a
/// group that is deleted, or of a task that never started.
fn has_log(run: &Run, end: &End) -> bool {
    let started = !matches!(end, End::TaskFailed { exit: None, .. });
    let stays = match run.finish {
        Finish::Leave | Finish::Stop => true,
        Finish::Delete { keep_on_success: _, keep_on_failure } => keep_on_failure,
    };
    started && stays && !matches!(run.begin, Begin::Exec(_))
}
