//! `acitask apply`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::adoption::Adoption;
use super::arguments::Input;
use super::breadth::Breadth;
use super::carry::{Made, Order};
use super::code::Code;
use super::connect::{Line, connect};
use super::failure::Failure;
use super::outputs::Outputs;
use super::plan_file::PlanFile;
use super::{Desk, carry, project};
use crate::model::stack::Stack;
use crate::plan::fingerprint::Fingerprint;
use crate::plan::reconcile::Verb;
use crate::render::story::Story;

/// Make everything as the manifests say, and run the tasks that are due.
#[derive(Args, Default)]
#[command(
    after_help = "Examples:\n  acitask apply\n  acitask apply --local -f manifests/quickstart --auto-approve\n\nExit codes: 0 done, 1 an error, 3 blocked by protection, 4 changed since planned, 5 partly applied,\n6 a task failed, 124 a task took too long, 130 interrupted."
)]
pub(crate) struct Apply {
    /// A plan file made with `acitask plan --out`: exactly that plan is applied, or nothing.
    #[arg(value_name = "PLAN", conflicts_with_all = ["expect", "adopt", "adopt_all", "target", "exclude", "max_delete", "max_replace"])]
    pub(crate) plan: Option<PathBuf>,
    /// Apply only a plan with this fingerprint; end with 4 where it is another one.
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) expect: Option<String>,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    #[command(flatten)]
    pub(crate) breadth: Breadth,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) adoption: Adoption,
    /// Write the results of tasks as JUnit XML into a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
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
    let Apply { plan, expect, input, outputs, breadth, consent, adoption, junit } = arguments;
    let file = plan.as_ref().map(|path| PlanFile::read(&desk.environment.folder.join(path))).transpose()?;
    let (mut input, mut breadth) = (input.clone(), breadth.clone());
    if let Some(PlanFile { asked, .. }) = &file {
        if input.files.is_empty() {
            input.files.clone_from(&asked.files);
        }
        breadth = asked.breadth.clone();
    }
    let expected = match &file {
        Some(file) => Some(Expected { fingerprint: file.fingerprint.clone(), file: Some(file) }),
        None => expect.as_ref().map(|text| Expected { fingerprint: Fingerprint::new(text), file: None }),
    };
    let project = project::open(desk, &input)?;
    let line = connect(desk, &project).await?;
    let adopt = file.as_ref().map_or_else(|| adoption.names(&project.stack), |file| file.asked.adopt.clone());
    let order = Order { verb: Verb::Apply, adopt: &adopt, breadth, outputs };
    carry_out(desk, &line, &project.stack, order, consent, expected, junit.as_deref()).await
}

/// The plan that was reviewed.
pub(crate) struct Expected<'a> {
    fingerprint: Fingerprint,
    file: Option<&'a PlanFile>,
}

impl Expected<'_> {
    /// Refuses any other plan, and shows what differs where a file tells what was reviewed.
    fn hold(&self, desk: &Desk, line: &Line, made: &Made) -> Result<(), Failure> {
        if self.fingerprint == made.fingerprint {
            return Ok(());
        }
        if let Some(file) = self.file {
            desk.screen.line("\nSince it was reviewed:");
            file.difference(&line.heading, &made.planned).iter().for_each(|line| desk.screen.line(line));
        }
        let (expected, now) = (self.fingerprint.to_string(), made.fingerprint.to_string());
        Err(Failure::Stale { expected, now })
    }
}

/// The way of `apply` and `destroy`: shown, asked for, done.
pub(crate) async fn carry_out(
    desk: &Desk,
    line: &Line,
    stack: &Stack,
    order: Order<'_>,
    consent: &Consent,
    expected: Option<Expected<'_>>,
    junit: Option<&Path>,
) -> Result<Code, Failure> {
    let question = match order.verb {
        Verb::Destroy => "Delete this from",
        Verb::Apply
        | Verb::Run(_)
        | Verb::Forget(_)
        | Verb::Detach(_)
        | Verb::Attach(_)
        | Verb::Cancel(_)
        | Verb::Power(..)
        | Verb::Clean(_) => "Apply this to",
    };
    let outputs = order.outputs;
    let made = carry::make(desk, line, stack, order).await?;
    if let Some(expected) = expected {
        expected.hold(desk, line, &made)?;
    }
    let planned = made.planned;
    carry::permit(&planned)?;
    let report = |story: &Story| match junit {
        Some(path) => carry::junit(desk, path, &planned.plan, story),
        None => Ok(()),
    };
    if planned.plan.steps().is_empty() {
        // Whoever collects reports finds one in any case.
        report(&Story::default())?;
        return Ok(Code::DONE);
    }
    let question = line.heading.question(question, desk.screen.aside.width);
    if !consent.auto_approve && !desk.screen.confirm(&question)? {
        desk.screen.line("Nothing was done.");
        return Ok(Code::ERROR);
    }
    let carried = carry::out(desk, line, &planned.plan, consent.parallelism, outputs).await?;
    report(&carried.story)?;
    Ok(Code::of(&carried.tally))
}
