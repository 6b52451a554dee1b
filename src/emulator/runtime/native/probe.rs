//! Looks into a running container: by a program in it, or over HTTP.
//!
//! What is said of an unwell one is worded as a kubelet words it, whose messages ACI's events show.

use std::error::Error;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::Options;
use super::exec::Inside;
use super::keeper::Keeper;
use super::order::{JOIN, Join, Process};
use crate::contract::Check;

/// How much of a program's output is told.
const TOLD: usize = 1024;

/// Why the container is unwell; none: it is well.
pub(super) async fn look(
    options: &Options,
    inside: Inside,
    process: &Process,
    check: Check,
    timeout_seconds: u32,
) -> Option<String> {
    let patience = Duration::from_secs(timeout_seconds.max(1).into());
    match check {
        Check::Exec(argv) => {
            let process = Process { argv, ..process.clone() };
            run(options, inside, process, patience).await.err()
        }
        Check::Http { scheme, port, path, headers } => {
            let url = format!("{scheme}://127.0.0.1:{port}/{}", path.trim_start_matches('/'));
            ask(&url, headers, patience).await.err()
        }
    }
}

/// Runs a program without a terminal; at the end of the patience it is ended with its process group.
async fn run(options: &Options, inside: Inside, process: Process, patience: Duration) -> Result<(), String> {
    let pipe = pipe::pipe().and_then(|(theirs, ours)| Ok((theirs.into_blocking_fd()?, ours)));
    let (theirs, mut ours) = pipe.map_err(|error| error.to_string())?;
    let Inside { pid, groups } = inside;
    let order = Join { init: options.init.clone(), pid, terminal: None, groups, process };
    let mut keeper = Keeper::start(&options.init, JOIN, &order, Stdio::from(theirs))
        .await
        .map_err(|failure| failure.reason)?;
    let mut said = Vec::new();
    let running = async {
        let mut bytes = [0; 4096];
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                read = ours.read(&mut bytes), if open => match read {
                    Ok(count @ 1..) => {
                        let room = TOLD.saturating_sub(said.len());
                        said.extend_from_slice(&bytes[..count.min(room)]);
                    }
                    Ok(0) | Err(_) => open = false,
                },
                end = keeper.ended() => break end.code,
            }
        }
    };
    let ended = tokio::time::timeout(patience, running).await;
    let Ok(code) = ended else {
        keeper.kill();
        keeper.ended().await;
        return Err(format!("command timed out after {}s", patience.as_secs()));
    };
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    match (code, said.is_empty()) {
        (0, _) => Ok(()),
        (_, true) => Err(format!("command exited with {code}")),
        (_, false) => Err(said),
    }
}

/// Asks for a page; redirections are answers, and proxies of the machine are not for its loopback.
async fn ask(url: &str, headers: Vec<(String, String)>, patience: Duration) -> Result<(), String> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header"))?;
        let value = HeaderValue::from_str(&value);
        all.append(name, value.map_err(|_| "a header's value is no text of a header".to_owned())?);
    }
    let asked = client()?.get(url).headers(all).timeout(patience).send().await;
    match asked {
        Ok(answer) if (200..400).contains(&answer.status().as_u16()) => Ok(()),
        Ok(answer) => Err(format!("HTTP probe failed with statuscode: {}", answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!(
            "Get \"{url}\": context deadline exceeded (no answer within {}s)",
            patience.as_secs()
        )),
        Err(error) => {
            let mut cause: &dyn Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            Err(format!("Get \"{url}\": {cause}"))
        }
    }
}

/// One client for all, as each has its own threads of name look-ups and its own certificates.
fn client() -> Result<reqwest::Client, String> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    crate::image::provide_cryptography();
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("kube-probe/1.33")
        .build()
        .map_err(|error| format!("the probe's client: {error}"))?;
    Ok(CLIENT.get_or_init(|| client).clone())
}
