//! A running container: its keeper, its log, its end.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, watch};

use super::keeper::{Ended, Keeper};
use super::limit;
use super::order::{Failure, KEEP, Keep, Process};
use crate::image::unpack::Tree;
use crate::runtime::logs::SharedLog;

/// How long a program may take to end after TERM. Short, because a person waits for `stop`; ACI does not say its own.
const GRACE: Duration = Duration::from_secs(2);

/// A container whose program was started.
#[derive(Debug)]
pub(super) struct Container {
    /// Its first process, as the machine numbers it.
    pub(super) pid: i32,
    /// The folders of its control groups.
    pub(super) groups: Vec<PathBuf>,
    wishes: mpsc::UnboundedSender<Wish>,
    ended: watch::Receiver<Option<Ended>>,
}

enum Wish {
    Term,
    Kill,
}

impl Container {
    /// Starts a program on a file tree; its output goes to the log.
    pub(super) async fn start(keep: &Keep, tree: Option<Tree>, log: SharedLog) -> Result<Self, Failure> {
        let pipe = pipe::pipe().and_then(|(theirs, ours)| Ok((theirs.into_blocking_fd()?, ours)));
        let (theirs, ours) = pipe.map_err(|error| error.to_string())?;
        let mut keeper = Keeper::start(&keep.init, KEEP, keep, Stdio::from(theirs)).await?;
        let pid = keeper.pid;
        let groups: Vec<_> = keep.groups.iter().map(|group| group.folder.clone()).collect();
        let left = groups.clone();
        let (wishes, mut wished) = mpsc::unbounded_channel();
        let (over, ended) = watch::channel(None);
        let logging = tokio::spawn(follow(ours, log));
        tokio::spawn(async move {
            let end = loop {
                tokio::select! {
                    end = keeper.ended() => break end,
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
            // Usually its keeper has removed them.
            limit::sweep(left).await;
            // Who hears of the end may ask for the log next, so it has to be whole.
            let _ = logging.await;
            over.send_replace(Some(end));
        });
        Ok(Self { pid, groups, wishes, ended })
    }

    /// How it ended, once it has and its log is whole.
    pub(super) async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await.map(|end| *end);
        end.ok().flatten().unwrap_or(Ended::KILLED)
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
    let user = user(&settings.user, launch.user, launch.group);
    Process { argv, environment, folder: folder.into(), user }
}

/// `user[:group]` of the image with what the launch replaces of it. Another user leaves the image's group behind.
fn user(image: &str, user: Option<u32>, group: Option<u32>) -> String {
    let own = image.split(':').next().filter(|name| !name.is_empty()).unwrap_or("0");
    match (user, group) {
        (None, None) => image.to_owned(),
        (Some(user), None) => user.to_string(),
        (None, Some(group)) => format!("{own}:{group}"),
        (Some(user), Some(group)) => format!("{user}:{group}"),
    }
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
    fn a_launch_replaces_user_and_group() {
        for (image, wanted, group, found) in [
            ("web:users", None, None, "web:users"),
            ("web:users", Some(5), None, "5"),
            ("web:users", None, Some(6), "web:6"),
            ("", None, Some(6), "0:6"),
            ("", Some(5), Some(6), "5:6"),
        ] {
            assert_eq!(user(image, wanted, group), found, "{image} {wanted:?} {group:?}");
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
