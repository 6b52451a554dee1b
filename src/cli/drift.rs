//! `acitask drift`.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, project};
use crate::engine;
use crate::plan::reconcile::{Request, Verb, drift};
use crate::render;

/// Show what is other than it was applied, and nothing that only the manifests changed; it only reads.
#[derive(Args)]
#[command(
    after_help = "Example:\n  acitask drift --local -f manifests/quickstart\n\nExit codes: 0 no drift, 1 an error, 7 drift."
)]
pub(crate) struct Drift {
    #[command(flatten)]
    input: Input,
    /// Print one JSON object a thing that drifted.
    #[arg(long)]
    json: bool,
}

/// Looks at every declared group closely and tells what has drifted.
pub(crate) async fn drift(desk: &Desk, arguments: &Drift) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let mut observed = engine::observe(&line.arm, &project.stack, &Request::of(Verb::Apply)).await?;
    engine::view(&line.arm, &project.stack, &mut observed).await?;
    for unseen in &observed.unseen {
        desk.screen.say(&format!("Not seen: {unseen}."));
    }
    let drifts = drift::drift(&project.stack, &observed);
    desk.screen.result(|out| {
        if arguments.json {
            render::message::drifts(&drifts).iter().try_for_each(|message| message.write(out))
        } else {
            render::drift::write(out, &line.heading, &drifts, desk.screen.out)
        }
    })?;
    Ok(if drifts.is_empty() { Code::DONE } else { Code::DRIFT })
}
