//! The arguments; their comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::assignment::{Assignment, assignment};
use super::code;
use super::emulator::EmulatorCommand;
use super::{apply, destroy, exec, logs, plan, quickstart, run, schema, status, validate};
use crate::arm::credential::Source;

/// Plans and applies task workloads on Azure Container Instances, runs them, and tells what happened to them.
#[derive(Parser)]
#[command(name = "acitask", version, after_help = code::HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args)]
pub(crate) struct Globals {
    /// Use the local emulator, whatever the manifests say.
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// The local emulator's state folder [default: ~/.local/state/acitask/emulator].
    #[arg(long, global = true, value_name = "FOLDER", env = "ACITASK_STATE_DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// A variable's value; stronger than any other. Repeatable.
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) variables: Vec<Assignment>,
    /// A file of NAME=VALUE lines with values of variables; stronger than `.env` beside the manifests. Repeatable.
    #[arg(long = "env-file", global = true, value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// The subscription, where the Project does not name it.
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// How to log in to Azure: service-principal, workload-identity, managed-identity, az or azd [default: the first that works].
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(crate) auth: Option<Source>,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
    /// Log what is done; twice: in detail.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Which manifests are read.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Input {
    /// Manifests: a file, a folder (all `*.yaml` and `*.yml` below it), or `-` for standard input. Repeatable
    /// [default: the folder `manifests`, else the current one].
    #[arg(short, long = "file", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Plan(plan::Plan),
    Apply(apply::Apply),
    Destroy(destroy::Destroy),
    Run(run::Run),
    Status(status::Status),
    Logs(logs::Logs),
    Exec(exec::Exec),
    Validate(validate::Validate),
    Schema(schema::Schema),
    /// Look after the local emulator.
    #[command(subcommand)]
    Emulator(EmulatorCommand),
    Quickstart(quickstart::Quickstart),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_hang_together() {
        Arguments::command().debug_assert();
    }
}
