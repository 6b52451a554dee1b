//! `acitask status`.

use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, project};
use crate::clock::Clock;
use crate::engine;
use crate::plan::reconcile::{Request, Verb};
use crate::render::status;

/// Show the groups with their states and the runs with how they ended.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask status --local -f manifests/quickstart")]
pub(crate) struct Status {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Show it again whenever it changes, until it is interrupted.
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    input: Input,
}

/// Observes, and reads the instance view of every group that is shown.
pub(crate) async fn status(desk: &Desk, arguments: &Status) -> Result<Code, Failure> {
    let project = project::open(desk, &arguments.input)?;
    let line = connect(desk, &project).await?;
    let request = Request::of(Verb::Apply);
    let mut shown = Vec::new();
    loop {
        let mut observed = engine::observe(&line.arm, &project.stack, &request).await?;
        engine::view(&line.arm, &project.stack, &mut observed).await?;
        let mut page = Vec::new();
        let now = line.arm.service_time().unwrap_or_else(|| Clock::system().now());
        let written = if arguments.json {
            status::json(&mut page, &project.stack, &observed)
        } else {
            let heading = line.heading.write(&mut page, desk.screen.out);
            heading.and_then(|()| writeln!(page)).and_then(|()| {
                status::write(&mut page, &project.stack, &observed, Some(now), desk.screen.tables)
            })
        };
        written.map_err(|source| Failure::Output { source })?;
        if page != shown {
            desk.screen.result(|out| out.write_all(&page))?;
            shown = page;
        }
        if !arguments.watch {
            return Ok(Code::DONE);
        }
        tokio::time::sleep(PACE).await;
    }
}

/// How often it is looked at.
const PACE: Duration = Duration::from_secs(2);
