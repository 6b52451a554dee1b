//! The bare way: the command alone, whose end is all that can be known.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::terminal::Heard;
use super::{Command, ExecFault, Output, Place, Streams};
use crate::arm::Arm;

/// How the service says on the stream that a program could not be started. Source: azure-cli issue 10039.
const NOT_STARTED: &[u8] = b"OCI runtime exec failed";
/// How other runtimes and shells say so.
const NOT_THERE: [&str; 4] = ["exec failed", "no such file", "not found", "executable file"];
const KEPT: usize = 4_096;
/// How long is waited for the first byte of an input.
const FIRST_INPUT: Duration = Duration::from_secs(2);

/// The beginning of what a command says, which tells whether it was started.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<u8>);

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It was closed, as where the command has ended.
    Closed,
    /// It broke off.
    Cut,
}

impl Head {
    /// The beginning of this text.
    pub(super) fn of(text: String) -> Self {
        Self(text.into_bytes())
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(room));
    }

    /// Whether it tells that a program is not in the container. A stream that breaks off after anything else tells nothing
    /// about the program.
    pub(super) fn tells_of_absence(&self) -> bool {
        let text = String::from_utf8_lossy(&self.0).to_ascii_lowercase();
        NOT_THERE.iter().any(|words| text.contains(words))
    }

    /// What the end of the stream makes of the command.
    pub(super) fn end(&self, over: Over) -> Result<Option<i32>, ExecFault> {
        match over {
            _ if self.0.starts_with(NOT_STARTED) => {
                let message = String::from_utf8_lossy(&self.0).trim().to_owned();
                Err(ExecFault::NotStarted { code: 127, message })
            }
            Over::Closed => Ok(None),
            Over::Cut => Err(ExecFault::Cut { begun: true }),
        }
    }
}

pub(super) async fn run(
    arm: &Arm,
    (id, container): Place<'_>,
    command: &Command,
    streams: &mut Streams,
    cancel: &CancellationToken,
) -> Result<Option<i32>, ExecFault> {
    if let Some(input) = &mut streams.input {
        // An input that has nothing to give, as that of many pipelines, is none.
        let first = tokio::time::timeout(FIRST_INPUT, input.recv()).await;
        if let Ok(Some(_)) = first {
            return Err(ExecFault::Unfit(NOTHING_OF_ITS_OWN));
        }
    }
    let line = line(command)?;
    let mut terminal = arm.exec(id, container, &line, 24, 80).await?;
    let mut head = Head::default();
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
                head.take(&bytes);
                let _ = streams.output.send(Output::Stdout(bytes)).await;
            }
            Heard::Closed => return head.end(Over::Closed),
            Heard::Cut => return head.end(Over::Cut),
        }
    }
}

const NOTHING_OF_ITS_OWN: &str = "the container has neither /acitask-exec nor a shell, so a command there can have no environment, folder or input of its own";

/// The one string that the service takes, where every cluster understands it the same.
pub(super) fn line(command: &Command) -> Result<String, ExecFault> {
    let Command { argv, env, dir, run: _, attempt: _, nonce: _ } = command;
    if !env.is_empty() || dir.is_some() {
        return Err(ExecFault::Unfit(NOTHING_OF_ITS_OWN));
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
