//! `acitask apply`.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::{Line, connect};
use super::failure::Failure;
use super::{Desk, carry, project};
use crate::model::stack::Stack;
use crate::plan::reconcile::Verb;

/// Make everything as the manifests say, and run the tasks that are due.
#[derive(Args, Default)]
#[command(
    after_help = "Examples:\n  acitask apply\n  acitask apply --local -f manifests/quickstart --auto-approve\n\nExit codes: 0 done, 1 an error, 3 blocked by protection, 4 changed since planned, 5 partly applied,\n6 a task failed, 124 a task took too long, 130 interrupted."
)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) consent: Consent,
    /// Take over what a manifest names though it belongs to somebody else, or to nobody. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) adopt: Vec<String>,
}

/// Whether to ask, and how much to do at once.
#[derive(Args)]
pub(crate) struct Consent {
    /// Do not ask.
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// How many steps may be under way at once.
    #[arg(long, value_name = "N", default_value_t = carry::PARALLELISM, value_parser = at_least_one)]
    pub(crate) parallelism: usize,
}

impl Default for Consent {
    fn default() -> Self {
        Self { auto_approve: false, parallelism: carry::PARALLELISM }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on was expected".to_owned())
}

/// Plans, asks, and carries the plan out.
pub(crate) async fn apply(desk: &Desk, arguments: &Apply) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let verb = (Verb::Apply, "Apply this to");
    carry_out(desk, &line, &project.stack, verb, &arguments.adopt, &arguments.consent).await
}

/// The way of `apply` and `destroy`: shown, asked for, done.
pub(crate) async fn carry_out(
    desk: &Desk,
    line: &Line,
    stack: &Stack,
    (verb, question): (Verb, &str),
    adopt: &[String],
    consent: &Consent,
) -> Result<Code, Failure> {
    let planned = carry::make(desk, line, stack, verb, adopt).await?;
    carry::permit(&planned)?;
    if planned.plan.steps().is_empty() {
        return Ok(Code::DONE);
    }
    let question = line.heading.question(question, desk.screen.aside.width);
    if !consent.auto_approve && !desk.screen.confirm(&question)? {
        desk.screen.line("Nothing was done.");
        return Ok(Code::ERROR);
    }
    let carried = carry::out(desk, line, &planned.plan, consent.parallelism).await?;
    Ok(Code::of(&carried.tally))
}
