//! The bare way: the command alone, whose end is all that can be known.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::terminal::Heard;
use super::{Command, ExecFault, Output};
use crate::arm::Arm;
use crate::model::name::GroupId;

/// How the service says on the stream that a program could not be started. Source: azure-cli issue 10039.
const NOT_STARTED: &[u8] = b"OCI runtime exec failed";
const KEPT: usize = 4_096;

pub(super) async fn run(
    arm: &Arm,
    id: &GroupId,
    container: &str,
    command: &Command,
    out: &mpsc::Sender<Output>,
    cancel: &CancellationToken,
) -> Result<Option<i32>, ExecFault> {
    let line = line(command)?;
    let mut terminal = arm.exec(id, container, &line, 24, 80).await?;
    let mut head = Vec::new();
    loop {
        let heard = tokio::select! {
            heard = terminal.recv() => heard,
            () = cancel.cancelled() => {
                terminal.close().await;
                return Err(ExecFault::Cancelled);
            }
        };
        match heard {
            Heard::Bytes(bytes) => {
                let room = KEPT.saturating_sub(head.len());
                head.extend(bytes.iter().take(room));
                let _ = out.send(Output::Stdout(bytes)).await;
            }
            Heard::Closed | Heard::Cut if head.starts_with(NOT_STARTED) => {
                let message = String::from_utf8_lossy(&head).trim().to_owned();
                return Err(ExecFault::NotStarted { code: 127, message });
            }
            Heard::Closed => return Ok(None),
            Heard::Cut => return Err(ExecFault::Cut { begun: true }),
        }
    }
}

fn line(command: &Command) -> Result<String, ExecFault> {
    let Command { argv, env, dir, stdin, run: _, attempt: _, nonce: _ } = command;
    if !env.is_empty() || dir.is_some() || stdin.is_some() {
        return Err(ExecFault::Unfit(
            "the container has neither /acitask-exec nor a shell, so a command there can have no environment, folder or input of its own",
        ));
    }
    if argv.iter().any(|argument| argument.is_empty() || argument.contains(char::is_whitespace)) {
        return Err(ExecFault::Unfit(
            "the container has neither /acitask-exec nor a shell, so no argument of a command there can be empty or hold a space",
        ));
    }
    Ok(argv.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn command(argv: &[&str]) -> Command {
        Command {
            argv: argv.iter().map(|text| (*text).to_owned()).collect(),
            env: Vec::new(),
            dir: None,
            stdin: None,
            run: None,
            attempt: 1,
            nonce: "n0nce".into(),
        }
    }

    #[test]
    fn only_what_every_cluster_understands_is_sent() {
        assert_eq!(line(&command(&["/post", "--name", "dog"])), Ok("/post --name dog".to_owned()));
        for argv in [&["/post", "a b"][..], &["/post", ""], &["/post", "a\tb"]] {
            assert!(matches!(line(&command(argv)), Err(ExecFault::Unfit(_))), "{argv:?}");
        }
        let with_env = Command { env: vec![("A".into(), Secret::new("b"))], ..command(&["/post"]) };
        assert!(matches!(line(&with_env), Err(ExecFault::Unfit(_))));
    }
}
