//! `acitask graph`.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::failure::Failure;
use super::{Desk, project};
use crate::plan::reconcile::graph::dependencies;
use crate::render::mermaid;

/// Print what comes after what as a Mermaid flowchart; it calls nothing.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask graph -f manifests/quickstart")]
pub(crate) struct Graph {
    #[command(flatten)]
    input: Input,
}

/// Prints the chart.
pub(crate) fn graph(desk: &Desk, arguments: &Graph) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    desk.screen.result(|out| mermaid::write(out, &dependencies(&project.stack)))?;
    Ok(Code::DONE)
}
