//! Git repositories as volumes, cloned by the machine's own `git`.
//!
//! Invariant: only `http` and `https` are followed, nothing of the machine's git settings is used, nobody is asked for a
//! password, and no hook runs. What git says is told without the user and password that an address may hold.

use std::path::{Component, Path};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

/// How long a clone may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Clones a repository into a folder of an empty volume.
pub(super) async fn clone(
    url: &str,
    directory: Option<&str>,
    revision: Option<&str>,
    volume: &Path,
) -> Result<(), String> {
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err("only https and http addresses of git repositories are followed".to_owned());
    }
    let directory = directory.filter(|directory| !directory.is_empty()).unwrap_or_else(|| named(url));
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(directory).components().all(inside) {
        return Err(format!("{directory:?} is no folder of the volume"));
    }
    if revision.is_some_and(|revision| revision.starts_with('-')) {
        return Err("a revision does not begin with a hyphen".to_owned());
    }
    let folder = volume.join(directory);
    let git = async {
        git(url, &[&"clone", &"--quiet", &"--", &url, &folder]).await?;
        if let Some(revision) = revision.filter(|revision| !revision.is_empty()) {
            git(url, &[&"-C", &folder, &"checkout", &"--quiet", &"--detach", &revision, &"--"]).await?;
        }
        Ok(())
    };
    let done = tokio::time::timeout(PATIENCE, git).await;
    done.unwrap_or_else(|_| Err(format!("git did not end within {} seconds", PATIENCE.as_secs())))
}

/// The folder that a clone makes by itself.
fn named(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.trim_end_matches(".git")
}

/// Runs git to its end; the error is what it said last.
async fn git(url: &str, arguments: &[&(dyn AsRef<std::ffi::OsStr> + Sync)]) -> Result<(), String> {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "credential.helper=",
        "-c",
        "http.lowSpeedTime=30",
    ]);
    command.args(["-c", "http.lowSpeedLimit=1"]);
    for (name, value) in [
        ("GIT_ALLOW_PROTOCOL", "http:https"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "true"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    let child = command
        .args(arguments.iter().map(|argument| argument.as_ref()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("the program git cannot be started, which clones repositories: {error}"))?;
    let group = Group(child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())));
    let output = child.wait_with_output().await.map_err(|error| format!("git: {error}"))?;
    drop(group);
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(format!("git: {}", without_user(last, url)))
}

/// The processes of a git; dropped, they are ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The text without what stands before the `@` of the address.
fn without_user(text: &str, url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else {
        return text.to_owned();
    };
    let password = user.split_once(':').map_or(user, |(_, password)| password);
    let text = text.replace(user, "***");
    if password.is_empty() { text } else { text.replace(password, "***") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_followed_says_why() {
        let volume = Path::new("/nonexistent");
        for (url, directory, revision, why) in [
            ("file:///etc", None, None, "only https"),
            ("ssh://host/x", None, None, "only https"),
            ("--upload-pack=x", None, None, "only https"),
            ("https://host/x", Some("../out"), None, "no folder"),
            ("https://host/x", Some("/out"), None, "no folder"),
            ("https://host/..", None, None, "no folder"),
            ("https://host/x", None, Some("--help"), "hyphen"),
        ] {
            let cloned = clone(url, directory, revision, volume).await;
            assert!(cloned.as_ref().is_err_and(|reason| reason.contains(why)), "{url}: {cloned:?}");
        }
    }

    #[test]
    fn a_clone_is_named_after_its_repository() {
        for (url, name) in [
            ("https://host/team/tasks.git", "tasks"),
            ("https://host/team/tasks/", "tasks"),
            ("https://host", "host"),
        ] {
            assert_eq!(named(url), name);
        }
    }

    #[test]
    fn passwords_of_addresses_are_not_told() {
        let url = "https://user:canary@host/x";
        for text in ["fatal: 'https://user:canary@host/x' is gone", "canary", "canary@host"] {
            assert!(!without_user(text, url).contains("canary"), "{text}");
        }
        assert!(!without_user("https://canary@host/x", "https://canary@host/x").contains("canary"));
        assert_eq!(without_user("fatal: no", "https://host/x"), "fatal: no");
    }
}
