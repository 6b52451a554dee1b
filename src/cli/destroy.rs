//! `acitask destroy`.

use clap::Args;

use super::apply::{Consent, carry_out};
use super::arguments::Input;
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
}

/// Plans the deletes, asks, and carries them out.
pub(crate) async fn destroy(desk: &Desk, arguments: &Destroy) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let order = Order { verb: Verb::Destroy, adopt: &[], outputs: &arguments.outputs };
    carry_out(desk, &line, &project.stack, order, &arguments.consent, None).await
}
