//! `acitask start`, `stop` and `restart`: a declared group's power, as steps of a plan of their own.

use clap::Args;

use super::arguments::Input;
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, carry, name, project};
use crate::model::name::Name;
use crate::plan::reconcile::{Power, Verb};

/// Which group.
#[derive(Args)]
pub(crate) struct Group {
    /// The ContainerGroup.
    name: String,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
}

/// Starts or stops the group: who names it wants it.
pub(crate) async fn power(desk: &Desk, arguments: &Group, power: Power) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let name = Name::from(arguments.name.as_str());
    if !project.stack.groups.contains_key(&name) {
        return Err(name::unknown("ContainerGroup", &arguments.name, project.stack.groups.keys()));
    }
    let line = connect(desk, &project).await?;
    let order = Order::of(Verb::Power(name, power), &arguments.outputs);
    let planned = carry::make(desk, &line, &project.stack, order).await?.planned;
    carry::permit(&planned)?;
    if planned.plan.steps().is_empty() {
        return Ok(Code::DONE);
    }
    let carried = carry::out(desk, &line, &planned.plan, carry::PARALLELISM, &arguments.outputs).await?;
    Ok(Code::of(&carried.tally))
}
