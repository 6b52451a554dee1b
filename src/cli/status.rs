//! `acitask status`.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, project};
use crate::engine;
use crate::plan::reconcile::{Request, Verb};
use crate::render::status;

/// Show the groups with their states and the runs with how they ended.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask status --local -f manifests/quickstart")]
pub(crate) struct Status {
    #[command(flatten)]
    input: Input,
}

/// Observes, and reads the instance view of every group that is shown.
pub(crate) async fn status(desk: &Desk, arguments: &Status) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let request = Request::of(Verb::Apply);
    let mut observed = engine::observe(&line.arm, &project.stack, &request).await?;
    engine::view(&line.arm, &project.stack, &mut observed).await?;
    desk.screen.result(|out| {
        writeln!(out, "{}\n", line.heading)?;
        status::write(out, &project.stack, &observed, desk.screen.out)
    })?;
    Ok(Code::DONE)
}
