//! `acitask gc`: deletes the groups that ended runs have left.

use clap::Args;

use super::apply::Consent;
use super::arguments::Input;
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, carry, project};
use crate::clock::Clock;
use crate::engine;
use crate::plan::reconcile::{Cleaning, Request, Verb};

/// Delete the groups of ended runs that were kept for as long as `keep.for` in their manifest says.
#[derive(Args)]
#[command(after_help = "Examples:\n  acitask gc\n  acitask gc --all --auto-approve")]
pub(crate) struct Gc {
    /// All of them, however long they were to be kept.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    outputs: Outputs,
}

/// Plans the deletes, asks, and carries them out.
pub(crate) async fn gc(desk: &Desk, arguments: &Gc) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let cleaning = if arguments.all {
        Cleaning::All
    } else {
        // An answer is needed before the service's clock is known.
        let request = Request::of(Verb::Apply);
        engine::observe(&line.arm, &project.stack, &request).await?;
        let now = line.arm.service_time().unwrap_or_else(|| Clock::system().now());
        Cleaning::Expired { now }
    };
    let order = Order::of(Verb::Clean(cleaning), &arguments.outputs);
    let planned = carry::make(desk, &line, &project.stack, order).await?.planned;
    carry::permit(&planned)?;
    if planned.plan.steps().is_empty() {
        return Ok(Code::DONE);
    }
    let question = line.heading.question("Delete this from", desk.screen.aside.width);
    if !arguments.consent.auto_approve && !desk.screen.confirm(&question)? {
        desk.screen.line("Nothing was done.");
        return Ok(Code::ERROR);
    }
    let carried =
        carry::out(desk, &line, &planned.plan, arguments.consent.parallelism, &arguments.outputs).await?;
    Ok(Code::of(&carried.tally))
}
