//! `acitask exec`: a command in a running container, its bytes handed through. It is the one change that is no step of a plan.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use bytes::Bytes;
use clap::Args;
use rustix::fs::FileType;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::arguments::Input;
use super::code::Code;
use super::connect::connect;
use super::failure::Failure;
use super::signals::Signals;
use super::{Desk, name, project};
use crate::arm::exec::{self, Command, ExecFault, Output};
use crate::clock::Clock;
use crate::model::name::Name;

/// Execute a command in a running container; standard input is passed on where it is a pipe or a file.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask exec strongtask -- /strong_task/post --name bird\n  echo hello | acitask exec strongtask -- /bin/cat\n\nExit codes: the command's own, 125 where acitask itself failed,\n126 where the program cannot be executed, 127 where it is not found."
)]
pub(crate) struct Exec {
    /// The ContainerGroup.
    group: String,
    /// The container [default: the first].
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    #[command(flatten)]
    input: Input,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "ARGV")]
    command: Vec<String>,
}

/// Executes the command and hands its output and its exit code on.
pub(crate) async fn exec(desk: &Desk, arguments: &Exec) -> Result<Code, Failure> {
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
    let command = Command {
        argv: arguments.command.clone(),
        env: Vec::new(),
        dir: None,
        stdin: piped()?,
        run: None,
        attempt: 1,
        nonce: Clock::system().draw(16),
    };
    let (sender, mut receiver) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let mut signals = Signals::listen().map_err(|source| Failure::Runtime { source })?;
    let executing = exec::run(&line.arm, &group.id, container.as_str(), &command, &sender, &cancel);
    tokio::pin!(executing);
    let ended = loop {
        tokio::select! {
            biased;
            () = signals.next() => {
                if cancel.is_cancelled() {
                    return Err(Failure::Left);
                }
                cancel.cancel();
            }
            Some(output) = receiver.recv() => hand_on(&output)?,
            ended = &mut executing => break ended,
        }
    };
    while let Ok(output) = receiver.try_recv() {
        hand_on(&output)?;
    }
    match ended {
        Ok(ended) if ended.code.is_some() => Ok(Code::of_container(ended.code)),
        Ok(_) => {
            desk.screen.say(
                "The exit code is unknown: the container has neither /acitask-exec nor a shell to tell it.",
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

/// All of standard input where it is a pipe or a file; nothing of a terminal.
fn piped() -> Result<Option<Bytes>, Failure> {
    let stdin = std::io::stdin();
    let kind = rustix::fs::fstat(stdin.as_fd()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::RegularFile | FileType::Socket)) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    stdin.lock().read_to_end(&mut bytes).map_err(|source| Failure::Input { source })?;
    Ok(Some(bytes.into()))
}
