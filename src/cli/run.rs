//! `acitask run`.

use clap::Args;

use super::arguments::Input;
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, carry, name, project};
use crate::model::name::Name;
use crate::plan::reconcile::Verb;
use crate::plan::{Action, Subject};

/// Run one task now, whatever its trigger, with what it needs and nothing else.
#[derive(Args)]
#[command(
    after_help = "Example:\n  acitask run post-cat --local -f manifests/quickstart\n\nExit codes: the task's own, 124 where it took too long, 125 where acitask itself failed."
)]
pub(crate) struct Run {
    /// The TaskRun.
    name: String,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
}

/// Plans the run and carries it out: who names a run wants it.
pub(crate) async fn run(desk: &Desk, arguments: &Run) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let name = Name::from(arguments.name.as_str());
    if !project.stack.runs.contains_key(&name) {
        return Err(name::unknown("TaskRun", &arguments.name, project.stack.runs.keys()));
    }
    let line = connect(desk, &project).await?;
    let planned = {
        let order = Order::of(Verb::Run(name.clone()), &arguments.outputs);
        carry::make(desk, &line, &project.stack, order).await?.planned
    };
    carry::permit(&planned)?;
    let carried = carry::out(desk, &line, &planned.plan, carry::PARALLELISM, &arguments.outputs).await?;
    let subject = Subject::Run(name);
    let asked = planned
        .plan
        .steps()
        .iter()
        .find(|step| step.subject == subject && matches!(step.action, Action::Run(_)));
    let end = asked.and_then(|step| carried.story.ends().find(|(id, _)| *id == step.id));
    Ok(end.map_or(Code::OWN_FAILURE, |(_, end)| Code::of_run(end)))
}
