//! `acitask emulator serve`: the emulator itself, in the foreground.

use std::path::Path;

use acitask_emulator::home::Home;
use acitask_emulator::runtime::docker;
use acitask_emulator::{Options, Reach, serve as server};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::local::Program;
use super::script::Script;
use super::start::Way;
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::signals::Signals;
use crate::cli::{Desk, project};

/// Serve in the foreground until Ctrl-C or `acitask emulator stop`.
#[derive(Args)]
#[command(after_help = "Example:\n  acitask emulator serve --runtime simulated")]
pub(crate) struct Serve {
    #[command(flatten)]
    way: Way,
    /// Leave the session of whoever started it.
    #[arg(long, hide = true)]
    detached: bool,
}

/// Serves.
pub(crate) async fn serve(desk: &Desk, arguments: &Serve) -> Result<Code, Failure> {
    if arguments.detached
        && let Err(error) = rustix::process::setsid()
    {
        tracing::warn!(%error, "the emulator stays in the session of whoever started it");
    }
    let home = project::home(desk)?;
    let program = Program::running()?;
    let sockets = match arguments.way.listen {
        Some(address) => server::Sockets::also(&home, address).await?,
        None => server::Sockets::of(&home)?,
    };
    let mut signals = Signals::listen().map_err(|source| Failure::Runtime { source })?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        signals.next().await;
        stop.cancel();
    });
    server::serve(options(desk, &home, program, &arguments.way)?, sockets, shutdown).await?;
    Ok(Code::DONE)
}

fn options(desk: &Desk, home: &Home, program: Program, way: &Way) -> Result<Options, Failure> {
    let usual = || docker::usual_addresses(desk.environment.get("XDG_RUNTIME_DIR").map(Path::new));
    let script = way.faults.as_deref().map(|file| Script::read(desk, file)).transpose()?;
    let faults = script.map(|script| script.faults()).transpose()?.unwrap_or_default();
    Ok(Options {
        state: Some(home.path().to_owned()),
        runtime: way.runtime.into(),
        engines: way.docker_host().map_or_else(usual, |host| vec![host.to_owned()]),
        time: way.time.into(),
        faults,
        reach: if way.allow_other_machines { Reach::OtherMachines } else { Reach::ThisMachine },
        init: program.path,
        images: home.images(),
        origin: format!("http://127.0.0.1:{}", home.port()?),
        build: program.build,
        ..Options::in_memory()
    })
}
