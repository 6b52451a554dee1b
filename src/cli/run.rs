//! `acitask run`, `attach`, `wait` and `cancel`: one TaskRun, now.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Input;
use super::assignment::{Assignment, assignment};
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, carry, name, project};
use crate::model::name::Name;
use crate::model::stack::{Override, RunKind, Stack};
use crate::plan::reconcile::Verb;
use crate::plan::{Action, Subject};

/// Run one task now, whatever its trigger, with what it needs and nothing else.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask run post-cat --local -f manifests/quickstart\n  acitask run nightly --set env.DATE=2026-10-01 --detach\n\nExit codes: the task's own, 124 where it took too long, 125 where acitask itself failed."
)]
pub(crate) struct Run {
    /// The TaskRun.
    name: String,
    /// Another value for this run alone: `env.NAME=VALUE`. Repeatable.
    #[arg(long = "set", value_name = "env.NAME=VALUE", value_parser = setting)]
    set: Vec<Assignment>,
    /// Leave the run to itself once it has begun; `acitask attach` follows it.
    #[arg(long)]
    detach: bool,
    /// Write the results of tasks as JUnit XML into a file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
}

/// Which run is under way.
#[derive(Args)]
pub(crate) struct Open {
    /// The TaskRun.
    name: String,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
}

fn setting(text: &str) -> Result<Assignment, String> {
    let told = text
        .strip_prefix("env.")
        .ok_or_else(|| "only the environment can be set for one run: --set env.NAME=VALUE".to_owned())?;
    assignment(told)
}

/// Plans the run and carries it out: who names a run wants it.
pub(crate) async fn run(desk: &Desk, arguments: &Run) -> Result<Code, Failure> {
    let mut project = project::open(desk, &arguments.input)?;
    let name = known(&project.stack, &arguments.name)?;
    for Assignment { name: variable, value } in &arguments.set {
        project.stack.set_environment(&name, variable, value.expose()).map_err(|fault| match fault {
            Override::Kept => Failure::Unfit(format!(
                "{name} starts a declared group, whose environment cannot be set for one run: change it in the \
                 manifest, or make the run an ephemeral one"
            )),
        })?;
    }
    if arguments.detach
        && let Some(why) = stays(&project.stack, &name)
    {
        return Err(Failure::Unfit(format!("{name} cannot be left to itself: {why}; leave --detach away")));
    }
    let verb = if arguments.detach { Verb::Detach(name.clone()) } else { Verb::Run(name.clone()) };
    carry_out(desk, &project, (name, verb), &arguments.outputs, arguments.junit.as_ref()).await
}

/// Follows the run that is under way to its end.
pub(crate) async fn attach(desk: &Desk, arguments: &Open) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let name = known(&project.stack, &arguments.name)?;
    let verb = Verb::Attach(name.clone());
    carry_out(desk, &project, (name, verb), &arguments.outputs, None).await
}

/// Ends the run that is under way.
pub(crate) async fn cancel(desk: &Desk, arguments: &Open) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let name = known(&project.stack, &arguments.name)?;
    let verb = Verb::Cancel(name.clone());
    carry_out(desk, &project, (name, verb), &arguments.outputs, None).await
}

/// Why a run needs somebody who stays with it; nothing where it goes on by itself.
fn stays(stack: &Stack, name: &Name) -> Option<&'static str> {
    match &stack.runs.get(name)?.kind {
        RunKind::Strong(_) => {
            Some("a strong run's output and exit code come through the stream of its command")
        }
        RunKind::Ephemeral(ephemeral) if ephemeral.array.is_some() => {
            Some("the items of an array begin one after another")
        }
        RunKind::Ephemeral(_) | RunKind::Persistent { .. } => None,
    }
}

fn known(stack: &Stack, told: &str) -> Result<Name, Failure> {
    let name = Name::from(told);
    if stack.runs.contains_key(&name) {
        Ok(name)
    } else {
        Err(name::unknown("TaskRun", told, stack.runs.keys()))
    }
}

async fn carry_out(
    desk: &Desk,
    project: &project::Project,
    (name, verb): (Name, Verb),
    outputs: &Outputs,
    junit: Option<&PathBuf>,
) -> Result<Code, Failure> {
    let line = connect(desk, project).await?;
    let needs_a_run = matches!(verb, Verb::Run(_) | Verb::Detach(_));
    let order = Order::of(verb, outputs);
    let planned = carry::make(desk, &line, &project.stack, order).await?.planned;
    carry::permit(&planned)?;
    if planned.plan.steps().is_empty() && !needs_a_run {
        return Ok(Code::DONE);
    }
    let carried = carry::out(desk, &line, &planned.plan, carry::PARALLELISM, outputs).await?;
    if let Some(path) = junit {
        carry::junit(desk, path, &planned.plan, &carried.story)?;
    }
    let subject = Subject::Run(name);
    let asked = planned
        .plan
        .steps()
        .iter()
        .find(|step| step.subject == subject && matches!(step.action, Action::Run(_)));
    let end = asked.and_then(|step| carried.story.ends().find(|(id, _)| *id == step.id));
    Ok(end.map_or(Code::OWN_FAILURE, |(_, end)| Code::of_run(end)))
}
