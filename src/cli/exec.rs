//! `acitask exec`: a command in a running container, its bytes handed through, or a terminal in it. It is the one change
//! that is no step of a plan.

mod session;
mod through;

use std::io::{IsTerminal, Write};

use clap::Args;

use super::arguments::Input;
use super::assignment::{Assignment, assignment};
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::{Desk, name, project};
use crate::arm::exec::{Command, Ended, ExecFault, Output};
use crate::clock::Clock;
use crate::model::name::Name;
use crate::model::quantity::Period;

/// Execute a command in a running container; standard input is passed on where it is a pipe or a file.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask exec strongtask -- /strong_task/post --name bird\n  echo hello | acitask exec strongtask -- /bin/cat\n  acitask exec strongtask -it -- /bin/sh\n  acitask exec strongtask --timeout 5m --idle-timeout 30s -- /bin/job\n\nA time-out and Ctrl-C end the command in its container too.\n\nExit codes: the command's own, 124 where it took too long, 125 where acitask itself failed,\n126 where the program cannot be executed, 127 where it is not found, 130 after Ctrl-C."
)]
pub(crate) struct Exec {
    /// The ContainerGroup.
    group: String,
    /// The container [default: the first].
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Pass on standard input, whatever it is.
    #[arg(short, long)]
    interactive: bool,
    /// Give the command this terminal, Ctrl-C included; standard input has to be one.
    #[arg(short, long, requires = "interactive")]
    tty: bool,
    /// A variable of the command's environment. Repeatable.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = assignment)]
    environment_of_command: Vec<Assignment>,
    /// The folder that the command runs in [default: the container's].
    #[arg(short, long, value_name = "FOLDER")]
    workdir: Option<String>,
    /// How long the command may take: 90s, 5m, 1h.
    #[arg(long, value_name = "TIME", conflicts_with = "tty")]
    timeout: Option<Period>,
    /// How long the command may say nothing.
    #[arg(long, value_name = "TIME", conflicts_with = "tty")]
    idle_timeout: Option<Period>,
    #[command(flatten)]
    input: Input,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "ARGV")]
    command: Vec<String>,
}

/// Executes the command and hands its output and its exit code on.
pub(crate) async fn exec(desk: &Desk, arguments: &Exec) -> Result<Code, Failure> {
    if arguments.tty && !std::io::stdin().is_terminal() {
        return Err(Failure::Unfit(
            "-t gives the command this terminal, but standard input is none; leave -t away to pass on a pipe or a file"
                .to_owned(),
        ));
    }
    let project = project::open(desk, &arguments.input)?;
    let groups = &project.stack.groups;
    let Some(group) = groups.get(&Name::from(arguments.group.as_str())) else {
        return Err(name::unknown("ContainerGroup", &arguments.group, groups.keys()));
    };
    let names: Vec<Name> =
        group.group.containers.iter().map(|container| Name::from(container.name.as_str())).collect();
    let container = match &arguments.container {
        None => names.first().cloned(),
        Some(told) => names.iter().find(|name| name.as_str() == told).cloned(),
    };
    let Some(container) = container else {
        let told = arguments.container.as_deref().unwrap_or_default();
        return Err(name::unknown("container", told, names.iter()));
    };
    let line = connect(desk, &project).await?;
    let variables = arguments.environment_of_command.iter();
    let command = Command {
        argv: arguments.command.clone(),
        env: variables.map(|Assignment { name, value }| (name.clone(), value.clone())).collect(),
        dir: arguments.workdir.clone(),
        run: None,
        attempt: 1,
        nonce: Clock::system().draw(16),
    };
    let place = (&group.id, container.as_str());
    if arguments.tty {
        session::hold(desk, &line.arm, place, &command).await
    } else {
        let limits = through::Limits {
            total: arguments.timeout.map(Period::get),
            idle: arguments.idle_timeout.map(Period::get),
        };
        let input = if arguments.interactive { Some(through::input()) } else { through::piped() };
        through::pass(desk, &line.arm, place, &command, input, limits).await
    }
}

/// What the command's end means to whoever called us.
fn told(desk: &Desk, ended: Result<Ended, ExecFault>) -> Result<Code, Failure> {
    match ended {
        Ok(Ended { code: Some(code), how: _ }) => Ok(Code::of_container(Some(code))),
        Ok(Ended { code: None, how: _ }) => {
            desk.screen.say(
                "The exit code is unknown: a /bin/sh in the container would tell it, and without -t /acitask-exec too.",
            );
            Ok(Code::DONE)
        }
        Err(ExecFault::NotStarted { code, message }) => {
            desk.screen.say(&message);
            Ok(Code::of_container(Some(code)))
        }
        Err(ExecFault::Cancelled) => Err(Failure::Left),
        Err(fault) => Err(fault.into()),
    }
}

fn hand_on(output: &Output) -> Result<(), Failure> {
    let written = match output {
        Output::Stdout(bytes) => write_all(&mut std::io::stdout().lock(), bytes),
        Output::Stderr(bytes) => write_all(&mut std::io::stderr().lock(), bytes),
    };
    written.map_err(|source| Failure::Output { source })
}

fn write_all(out: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    out.write_all(bytes).and_then(|()| out.flush())
}
