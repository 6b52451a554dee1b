//! `acitask quickstart`: the commands that a newcomer would type, each shown before it is done.

use clap::Args;

use super::apply::{self, Apply, Consent};
use super::arguments::Input;
use super::code::Code;
use super::emulator::{images, sink};
use super::failure::Failure;
use super::repository::Repository;
use super::{Desk, arguments::Globals};
use crate::render::style::Label;

/// Build the reference tasks, apply the quickstart's manifests on the local emulator, and show what the tasks posted.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo run --release -- quickstart")]
pub(crate) struct Quickstart {}

/// Does it, from anywhere in the repository.
pub(crate) async fn quickstart(desk: &Desk, arguments: &Quickstart) -> Result<Code, Failure> {
    let Quickstart {} = arguments;
    let repository = Repository::above(&desk.environment.folder)?;
    let local = local(desk);

    show(desk, "emulator images build");
    images::build(&local, &repository.containers()).await?;

    show(desk, "apply --local --auto-approve -f manifests/quickstart");
    let apply = Apply {
        input: Input { files: vec![repository.quickstart()] },
        consent: Consent { auto_approve: true, ..Consent::default() },
        ..Apply::default()
    };
    let code = apply::apply(&local, &apply).await?;
    if code != Code::DONE {
        return Ok(code);
    }

    show(desk, "emulator sink");
    sink::sink(&local, &sink::Sink::default()).await
}

/// The same desk with `--local`.
fn local(desk: &Desk) -> Desk {
    let Globals {
        local: _,
        state_dir,
        variables,
        env_files,
        subscription,
        auth,
        color,
        verbose,
        help,
        runs_dir,
        environment,
        break_lease,
    } = &desk.globals;
    let globals = Globals {
        environment: environment.clone(),
        local: true,
        state_dir: state_dir.clone(),
        runs_dir: runs_dir.clone(),
        break_lease: *break_lease,
        variables: variables.clone(),
        env_files: env_files.clone(),
        subscription: subscription.clone(),
        auth: *auth,
        color: *color,
        verbose: *verbose,
        help: *help,
    };
    Desk { globals, environment: desk.environment.clone(), screen: desk.screen }
}

fn show(desk: &Desk, command: &str) {
    desk.screen
        .line(&format!("\n{}", desk.screen.aside.paint(Label::Title, &format!("$ acitask {command}"))));
}
