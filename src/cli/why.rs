//! `acitask why`: why a group or a run does not do what it should.

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, name, project, runs};
use crate::engine;
use crate::model::name::Name;
use crate::plan::reconcile::{Request, Verb};
use crate::render::why;

/// Tell why a run failed or a group does not start: states, events, what exit codes mean, and what to do next.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask why post-cat")]
pub(crate) struct Why {
    /// The TaskRun or ContainerGroup.
    name: String,
    #[command(flatten)]
    input: Input,
}

/// Observes, and tells what is known.
pub(crate) async fn why(desk: &Desk, arguments: &Why) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let stack = &project.stack;
    let asked = Name::from(arguments.name.as_str());
    if !stack.runs.contains_key(&asked) && !stack.groups.contains_key(&asked) {
        let known = stack.groups.keys().chain(stack.runs.keys());
        return Err(name::unknown("ContainerGroup or TaskRun", &arguments.name, known));
    }
    let line = connect(desk, &project).await?;
    let request = Request::of(Verb::Apply);
    let mut observed = engine::observe(&line.arm, stack, &request).await?;
    engine::view(&line.arm, stack, &mut observed).await?;
    let kept = runs::archive(desk, &stack.project.owner).kept(Some(&asked));
    desk.screen.result(|out| {
        why::write(out, stack, &observed, &asked, kept.last(), (&line.flags, desk.screen.out))
    })?;
    Ok(Code::DONE)
}
