//! `acitask runs`: what is known of the runs of this project, from what is kept here and from the records in Azure.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, name, project};
use crate::engine;
use crate::engine::archive::{Archive, Kept};
use crate::model::name::{Name, Owner};
use crate::plan::reconcile::{Request, Verb};
use crate::render::runs;

/// Show the history of task runs: why and when they ran, how they ended, and where their logs are.
#[derive(Args)]
#[command(after_help = "Examples:\n  acitask runs\n  acitask runs post-cat --json")]
pub(crate) struct Runs {
    /// The TaskRun [default: all].
    name: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: Input,
}

/// Where the runs of a project are kept.
pub(crate) fn archive(desk: &Desk, owner: &Owner) -> Archive {
    let told = desk.globals.runs_dir.clone().unwrap_or_else(|| PathBuf::from(".acitask/runs"));
    Archive::new(desk.environment.folder.join(told), owner.clone())
}

/// Joins what is kept here with the last records.
pub(crate) async fn runs(desk: &Desk, arguments: &Runs) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let asked = arguments.name.as_deref().map(Name::from);
    if let Some(asked) = asked.as_ref().filter(|asked| !project.stack.runs.contains_key(asked)) {
        return Err(name::unknown("TaskRun", asked.as_str(), project.stack.runs.keys()));
    }
    let line = connect(desk, &project).await?;
    let request = Request::of(Verb::Apply);
    let observed = engine::observe(&line.arm, &project.stack, &request).await?;
    let kept: Vec<Kept> = archive(desk, &project.stack.project.owner).kept(asked.as_ref());
    let rows = runs::rows(&kept, &observed, &project.stack, asked.as_ref());
    desk.screen.result(|out| {
        if arguments.json { runs::json(out, &rows) } else { runs::write(out, &rows, desk.screen.tables) }
    })?;
    Ok(Code::DONE)
}
