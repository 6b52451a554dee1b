//! `acitask forget`.

use clap::Args;

use super::apply::{Consent, carry_out};
use super::arguments::Input;
use super::carry::Order;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::{Desk, project};
use crate::model::name::Name;
use crate::plan::reconcile::Verb;

/// Let go of something without touching it: only the tags of acitask are taken off.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask forget strong\n  acitask forget my-resource-group/old-group\n\nWhat is still declared has to be taken over again (--adopt) or taken out of the manifests."
)]
pub(crate) struct Forget {
    /// A manifest's name, or the name of a resource group or container group (as resourceGroup/name) in Azure.
    name: String,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    consent: Consent,
}

/// Plans the removal of the tags, asks, and carries it out.
pub(crate) async fn forget(desk: &Desk, arguments: &Forget) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let verb = Verb::Forget(Name::from(arguments.name.as_str()));
    let order = Order::of(verb, &arguments.outputs);
    carry_out(desk, &line, &project.stack, order, &arguments.consent, None, None).await
}
