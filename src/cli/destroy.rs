//! `acitask destroy`.

use clap::Args;

use super::apply::{Consent, carry_out};
use super::arguments::Input;
use super::breadth::{Allowance, Breadth};
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, project};
use crate::plan::reconcile::Verb;

/// Delete everything that this project owns, declared or not, and nothing else.
#[derive(Args)]
#[command(
    after_help = "Example:\n  acitask destroy --local -f manifests/quickstart\n\nExit codes are those of apply."
)]
pub(crate) struct Destroy {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    allowance: Allowance,
}

/// Plans the deletes, asks, and carries them out.
pub(crate) async fn destroy(desk: &Desk, arguments: &Destroy) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let breadth = Breadth { allowance: arguments.allowance, ..Breadth::default() };
    let order = Order { breadth, ..Order::of(Verb::Destroy, &arguments.outputs) };
    carry_out(desk, &line, &project.stack, order, &arguments.consent, None, None).await
}
