//! `acitask emulator …`: the local emulator, looked after.

mod advance;
mod control;
mod env;
mod fault;
pub(crate) mod images;
pub(crate) mod local;
mod requests;
mod script;
mod serve;
pub(crate) mod sink;
mod snapshot;
pub(crate) mod start;
mod status;
mod switches;

use clap::Subcommand;

use super::code::Code;
use super::failure::Failure;
use super::{Desk, project};

const NONE_RAN: &str = "No local emulator runs, and none has run yet; any command with --local starts one.";

/// What to do with the local emulator.
#[derive(Subcommand)]
pub(crate) enum EmulatorCommand {
    Serve(serve::Serve),
    Start(start::Start),
    /// Stop it; what it knows is kept, its containers end.
    Stop,
    Status(status::Status),
    /// Empty it: all resources and all posts of the sink are gone.
    Reset,
    Advance(advance::Advance),
    /// Make things go wrong in it: by operation, resource, count and order.
    #[command(subcommand)]
    Fault(fault::FaultCommand),
    /// Save its whole world in a file, or put a saved one in its place.
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
    Requests(requests::Requests),
    Sink(sink::Sink),
    Env(env::Env),
    Switches(switches::Switches),
    /// Look after its images.
    #[command(subcommand)]
    Images(images::ImagesCommand),
}

/// Does it.
pub(crate) async fn emulator(desk: &Desk, command: EmulatorCommand) -> Result<Code, Failure> {
    match command {
        EmulatorCommand::Serve(arguments) => serve::serve(desk, &arguments).await,
        EmulatorCommand::Start(arguments) => start::start(desk, &arguments).await,
        EmulatorCommand::Stop => stop(desk).await,
        EmulatorCommand::Status(arguments) => status::status(desk, &arguments).await,
        EmulatorCommand::Reset => reset(desk).await,
        EmulatorCommand::Advance(arguments) => advance::advance(desk, &arguments).await,
        EmulatorCommand::Fault(command) => fault::fault(desk, command).await,
        EmulatorCommand::Snapshot(command) => snapshot::snapshot(desk, command).await,
        EmulatorCommand::Requests(arguments) => requests::requests(desk, &arguments).await,
        EmulatorCommand::Sink(arguments) => sink::sink(desk, &arguments).await,
        EmulatorCommand::Env(arguments) => env::env(desk, &arguments).await,
        EmulatorCommand::Switches(arguments) => switches::switches(desk, &arguments).await,
        EmulatorCommand::Images(command) => images::images(desk, command).await,
    }
}

/// Says that there is nothing to show, and makes nothing to show it.
fn none_ran(desk: &Desk) -> Result<Code, Failure> {
    desk.screen.say(NONE_RAN);
    Ok(Code::DONE)
}

async fn stop(desk: &Desk) -> Result<Code, Failure> {
    let stopped = match project::found_home(desk)? {
        Some(home) => local::stop(&home, &control::Control::of(&home)?).await?,
        None => false,
    };
    let said = if stopped { "The local emulator has stopped." } else { "No local emulator runs." };
    desk.screen.result(|out| writeln!(out, "{said}"))?;
    Ok(Code::DONE)
}

async fn reset(desk: &Desk) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    local::ensure(desk, &home).await?.send("POST", "/_emulator/reset", None).await?;
    desk.screen.result(|out| writeln!(out, "The local emulator is empty."))?;
    Ok(Code::DONE)
}
