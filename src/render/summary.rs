//! The end of an apply: what was done, what failed and why, the last lines of what failed, and what to do next.

use std::io::{self, Write};
use std::time::Duration;

use crate::engine::event::{End, Tally};
use crate::plan::{Plan, Step, Subject};
use crate::render::lines::failure;
use crate::render::story::Story;
use crate::render::style::{Label, Style};
use crate::render::text::{counted, elapsed, harmless, wrapped};
use crate::render::title::short;

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
                write_failure(out, step, end, &tail, style)?;
            }
        }
    }
    let (label, sentence) = sentence(plan.steps().len(), tally, took);
    for line in wrapped(&sentence, style.width) {
        writeln!(out, "{}", style.paint(label, &line))?;
    }
    Ok(())
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

fn write_failure(out: &mut dyn Write, step: &Step, end: &End, tail: &[&str], style: Style) -> io::Result<()> {
    let mut mark = style.paint(Label::Delete, "✗");
    let text = harmless(&format!("{} {}", step.subject, failure(end)));
    for line in wrapped(&text, style.width.saturating_sub(2)) {
        writeln!(out, "{mark} {line}")?;
        mark = " ".to_owned();
    }
    for line in tail {
        writeln!(out, "  {} {}", style.paint(Label::Aside, "│"), harmless(line))?;
    }
    for line in next(&step.subject, end).iter().flat_map(|help| wrapped(help, style.width.saturating_sub(4)))
    {
        writeln!(out, "  {}", style.paint(Label::Run, &format!("→ {line}")))?;
    }
    writeln!(out)
}

/// What to do about a bad end.
fn next(subject: &Subject, end: &End) -> Vec<String> {
    let name = short(subject);
    match end {
        End::Failed { help: Some(help), .. } => vec![help.clone()],
        End::TaskFailed { .. } | End::TimedOut { .. } => vec![
            format!("acitask logs {name}   shows all that it printed"),
            format!("acitask run {name}   runs it again"),
        ],
        End::Stale { .. } => vec!["acitask plan   shows what is to be done now".to_owned()],
        End::Interrupted => vec!["acitask apply   goes on where this ended".to_owned()],
        End::Done(_) | End::Failed { help: None, .. } | End::Skipped { .. } => Vec::new(),
    }
}
