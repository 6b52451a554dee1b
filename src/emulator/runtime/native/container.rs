//! A running container: its keeper, its log, its end.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, watch};

use super::keeper::Keeper;
use super::log::Log;
use super::order::{KEEP, Keep, Process};
use crate::image::unpack::Tree;

/// How long a program may take to end after TERM. Short, because a person waits for `stop`; ACI does not say its own.
const GRACE: Duration = Duration::from_secs(2);

/// A log that its container writes and others read.
pub(super) type SharedLog = Arc<Mutex<Log>>;

/// A container whose program was started.
#[derive(Debug)]
pub(super) struct Container {
    /// Its first process, as the machine numbers it.
    pub(super) pid: i32,
    wishes: mpsc::UnboundedSender<Wish>,
    ended: watch::Receiver<Option<i32>>,
}

enum Wish {
    Term,
    Kill,
}

impl Container {
    /// Starts a program on a file tree; its output goes to the log.
    pub(super) async fn start(keep: &Keep, tree: Option<Tree>, log: SharedLog) -> Result<Self, String> {
        let pipe = pipe::pipe().and_then(|(theirs, ours)| Ok((theirs.into_blocking_fd()?, ours)));
        let (theirs, ours) = pipe.map_err(|error| error.to_string())?;
        let mut keeper = Keeper::start(&keep.init, KEEP, keep, Stdio::from(theirs)).await?;
        let pid = keeper.pid;
        let (wishes, mut wished) = mpsc::unbounded_channel();
        let (over, ended) = watch::channel(None);
        let logging = tokio::spawn(follow(ours, log));
        tokio::spawn(async move {
            let code = loop {
                tokio::select! {
                    code = keeper.ended() => break code,
                    wish = wished.recv() => match wish {
                        Some(Wish::Term) => keeper.term().await,
                        // Nobody holds the container any more.
                        Some(Wish::Kill) | None => {
                            keeper.kill();
                            break keeper.ended().await;
                        }
                    },
                }
            };
            drop(tree);
            // Who hears of the end may ask for the log next, so it has to be whole.
            let _ = logging.await;
            over.send_replace(Some(code));
        });
        Ok(Self { pid, wishes, ended })
    }

    /// Its exit code, once it has ended and its log is whole.
    pub(super) async fn ended(&self) -> i32 {
        let mut ended = self.ended.clone();
        let code = ended.wait_for(Option::is_some).await.map(|code| *code);
        code.ok().flatten().unwrap_or(128 + 9)
    }

    /// Whether it runs.
    pub(super) fn runs(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// TERM, grace, KILL; comes back when nothing of it is left.
    pub(super) async fn stop(&self) {
        let _ = self.wishes.send(Wish::Term);
        if tokio::time::timeout(GRACE, self.ended()).await.is_err() {
            self.kill().await;
        }
    }

    /// KILL; comes back when nothing of it is left.
    pub(super) async fn kill(&self) {
        let _ = self.wishes.send(Wish::Kill);
        self.ended().await;
    }
}

/// Copies a container's output into its log until the last writer is gone.
async fn follow(mut output: pipe::Receiver, log: SharedLog) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let count = output.read(&mut bytes).await?;
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if count == 0 {
            return log.end();
        }
        if let Err(error) = log.write(&bytes[..count], Timestamp::now()) {
            // The lines in memory are whole; a full disk must not stop the task by blocking its output.
            tracing::warn!(%error, "a log file could not be written");
        }
    }
}

/// What a launch runs, from the image's settings and the group's wishes.
pub(super) fn process(settings: &crate::image::Settings, launch: &crate::contract::Launch) -> Process {
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let argv = if launch.command.is_empty() {
        [list(&settings.entrypoint), list(&settings.cmd)].concat()
    } else {
        launch.command.clone()
    };
    let given = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut environment = vec![
        given("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        given("HOSTNAME", &launch.hostname),
    ];
    environment.extend(list(&settings.env).iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some(given(name, value))
    }));
    environment.extend(launch.environment.iter().cloned());
    let folder = if settings.working_dir.is_empty() { "/" } else { &settings.working_dir };
    Process { argv, environment, folder: folder.into(), user: settings.user.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Launch;
    use crate::image::Settings;

    #[test]
    fn a_command_replaces_entrypoint_and_cmd() {
        let list = |text: &str| (!text.is_empty()).then(|| text.split(' ').map(str::to_owned).collect());
        for (entrypoint, cmd, command, argv) in [
            ("/e", "c d", "", vec!["/e", "c", "d"]),
            ("", "c d", "", vec!["c", "d"]),
            ("/e -x", "", "", vec!["/e", "-x"]),
            ("/e", "c", "/other 1", vec!["/other", "1"]),
            ("", "", "", vec![]),
        ] {
            let settings = Settings { entrypoint: list(entrypoint), cmd: list(cmd), ..Settings::default() };
            let launch = launch(list(command).unwrap_or_default(), &[]);
            assert_eq!(process(&settings, &launch).argv, argv, "{entrypoint} {cmd} {command}");
        }
    }

    #[test]
    fn the_group_has_the_last_word_on_the_environment() {
        let settings = Settings { env: Some(vec!["A=image".into(), "B=x=y".into()]), ..Settings::default() };
        let process = process(&settings, &launch(Vec::new(), &[("A", "group")]));
        let value = |name: &str| {
            process.environment.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        assert_eq!([value("A"), value("B"), value("HOSTNAME")], [Some("group"), Some("x=y"), Some("here")]);
    }

    fn launch(command: Vec<String>, environment: &[(&str, &str)]) -> Launch {
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Launch { command, environment: environment.collect(), hostname: "here".into(), ..Launch::default() }
    }
}
