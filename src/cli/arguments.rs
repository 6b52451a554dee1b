//! The arguments; their comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::assignment::{Assignment, assignment};
use super::code;
use super::emulator::EmulatorCommand;
use super::environment::Environment;
use super::{
    apply, destroy, drift, exec, explain, forget, gc, graph, import, init, logs, plan, power, quickstart,
    render, run, runs, schema, status, validate, why,
};
use crate::arm::credential::Source;
use crate::render::flags::Flags;

/// Over the flags of every command in the help.
const GLOBAL: &str = "Flags of every command";

/// Names the local emulator's state folder.
const STATE_DIR: &str = "ACITASK_STATE_DIR";
/// Names the environment.
const ENVIRONMENT: &str = "ACITASK_ENVIRONMENT";

/// Plans and applies task workloads on Azure Container Instances, runs them, and tells what happened to them.
#[derive(Parser)]
#[command(name = "acitask", version, disable_help_flag = true, after_help = code::HELP)]
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
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) local: bool,
    /// The local emulator's state folder [default: ~/.local/state/acitask/emulator].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FOLDER", env = STATE_DIR)]
    pub(crate) state_dir: Option<PathBuf>,
    /// Take the project's lease from whoever has it: another apply that has ended and could not give it back.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) break_lease: bool,
    /// Where logs and outcomes of runs are kept [default: .acitask/runs].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FOLDER", env = "ACITASK_RUNS_DIR")]
    pub(crate) runs_dir: Option<PathBuf>,
    /// A variable's value; stronger than any other. Repeatable.
    #[arg(long = "var", global = true, help_heading = GLOBAL, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) variables: Vec<Assignment>,
    /// A file of NAME=VALUE lines with values of variables; stronger than `.env` beside the manifests. Repeatable.
    #[arg(long = "env-file", global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// The environment; where there are manifests of kind Environment, one of them has to be named.
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "NAME", env = ENVIRONMENT)]
    pub(crate) environment: Option<String>,
    /// The subscription, where the Project does not name it.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// How to log in to Azure: service-principal, workload-identity, managed-identity, az or azd [default: the first that works].
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "SOURCE")]
    pub(crate) auth: Option<Source>,
    /// When to use colours.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
    /// Log what is done; twice: in detail.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print help.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::HelpShort)]
    pub(crate) help: Option<bool>,
}

impl Globals {
    /// The flags as they were given, for a command that looks after the same emulator.
    pub(crate) fn emulator_flags(&self, environment: &Environment) -> Flags {
        let folder = told_folder(self.state_dir.as_ref(), environment);
        Flags::new(folder.into_iter().flat_map(|folder| ["--state-dir".to_owned(), folder]).collect())
    }

    /// The flags as they were given, for a command that is to be about the same project. Of a variable only the name is
    /// told, because its value may be secret.
    pub(crate) fn flags(&self, input: &Input, environment: &Environment) -> Flags {
        let Self {
            local,
            state_dir,
            runs_dir: _,
            break_lease: _,
            variables,
            env_files,
            environment: own,
            subscription,
            auth,
            color: _,
            verbose: _,
            help: _,
        } = self;
        let Input { files } = input;
        let path = |path: &PathBuf| path.display().to_string();
        let mut words = Vec::new();
        let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
        files.iter().for_each(|file| flag("-f", path(file)));
        own.iter()
            .filter(|own| environment.get(ENVIRONMENT) != Some(own))
            .for_each(|own| flag("-e", own.clone()));
        variables.iter().for_each(|variable| flag("--var", format!("{}=…", variable.name)));
        env_files.iter().for_each(|file| flag("--env-file", path(file)));
        subscription.iter().for_each(|subscription| flag("--subscription", subscription.clone()));
        auth.iter().for_each(|auth| flag("--auth", auth.to_string()));
        told_folder(state_dir.as_ref(), environment)
            .iter()
            .for_each(|folder| flag("--state-dir", folder.clone()));
        let local = local.then(|| "--local".to_owned());
        Flags::new(local.into_iter().chain(words).collect())
    }
}

/// The state folder, where a flag names it and not the environment.
fn told_folder(folder: Option<&PathBuf>, environment: &Environment) -> Option<String> {
    let folder = folder.map(|folder| folder.display().to_string());
    folder.filter(|folder| environment.get(STATE_DIR) != Some(folder))
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
    Drift(drift::Drift),
    Forget(forget::Forget),
    Run(run::Run),
    /// Follow a run that is under way to its end, and end with its exit code.
    Attach(run::Open),
    /// Wait until a run that is under way has ended, and end with its exit code.
    Wait(run::Open),
    /// End a run that is under way.
    Cancel(run::Open),
    /// Start a group that is stopped.
    Start(power::Group),
    /// Stop a group, which ends its billing.
    Stop(power::Group),
    /// Stop a group and start it again, which pulls its images anew.
    Restart(power::Group),
    Runs(runs::Runs),
    Why(why::Why),
    Gc(gc::Gc),
    Status(status::Status),
    Logs(logs::Logs),
    Exec(exec::Exec),
    Validate(validate::Validate),
    Graph(graph::Graph),
    Render(render::Render),
    Import(import::Import),
    Init(init::Init),
    Explain(explain::Explain),
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
    fn commands_that_are_told_are_about_the_same_project() -> Result<(), clap::Error> {
        let given =
            "acitask plan -f jobs --local --var TOKEN=canary --auth az --state-dir a -v --color never";
        let arguments = Arguments::try_parse_from(given.split(' '))?;
        let input = Input { files: vec!["jobs".into()] };
        let [bare, inherited] = [&[][..], &[(STATE_DIR, "a")][..]].map(Environment::of);
        let flags = |environment| arguments.globals.flags(&input, environment).on("acitask run x");
        assert_eq!(flags(&bare), "acitask run x --local -f jobs --var 'TOKEN=…' --auth az --state-dir a");
        assert_eq!(flags(&inherited), "acitask run x --local -f jobs --var 'TOKEN=…' --auth az");
        let stop = |environment| arguments.globals.emulator_flags(environment).on("acitask emulator stop");
        assert_eq!(stop(&bare), "acitask emulator stop --state-dir a");
        assert_eq!(stop(&inherited), "acitask emulator stop");
        Ok(())
    }

    #[test]
    fn the_arguments_hang_together() {
        Arguments::command().debug_assert();
    }
}
