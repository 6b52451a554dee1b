//! `acitask plan`.

use std::path::PathBuf;

use clap::Args;

use super::adoption::Adoption;
use super::arguments::Input;
use super::breadth::Breadth;
use super::carry::{Made, Order};
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::outputs::Outputs;
use super::plan_file::{Asked, PlanFile};
use super::{Desk, carry, project};
use crate::plan::reconcile::Verb;

/// Show what an apply would do; it only reads.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask plan\n  acitask plan --local -f manifests/quickstart\n\nExit codes: 0 shown, 1 an error or a conflict, 2 changes are pending (with --detailed-exitcode), 3 blocked by protection."
)]
pub(crate) struct Plan {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    breadth: Breadth,
    /// Write a file that `acitask apply FILE` takes; it holds no secret.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    adoption: Adoption,
    /// End with 2 where an apply would do something; runs with the trigger `always` do not count.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Shows the plan. One with conflicts is an error, a blocked one is blocked, as they would be for `apply`.
pub(crate) async fn plan(desk: &Desk, arguments: &Plan) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let breadth = arguments.breadth.clone();
    let adopt = arguments.adoption.names(&project.stack);
    let order = Order { verb: Verb::Apply, adopt: &adopt, breadth, outputs: &arguments.outputs };
    let Made { planned, fingerprint, apply } = carry::make(desk, &line, &project.stack, order).await?;
    if let Some(apply) = apply
        && !arguments.outputs.json
        && carry::permit(&planned).is_ok()
        && !planned.plan.steps().is_empty()
    {
        desk.screen.say(&format!("Fingerprint {fingerprint}. Apply exactly this with `{apply}`."));
    }
    if let Some(path) = &arguments.out {
        let asked = Asked {
            files: arguments.input.files.clone(),
            adopt: adopt.clone(),
            breadth: arguments.breadth.clone(),
        };
        let file = PlanFile::new(&line.heading, &planned, fingerprint, asked);
        file.write(&desk.environment.folder.join(path))?;
        desk.screen.say(&format!("Apply exactly this with `acitask apply {}`.", path.display()));
    }
    carry::permit(&planned)?;
    let pending = arguments.detailed_exitcode && planned.pending(&project.stack);
    Ok(if pending { Code::PENDING } else { Code::DONE })
}
