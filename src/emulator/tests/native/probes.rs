//! Looks into running containers, and ends of single ones.

use std::time::{Duration, Instant};

use acitask_emulator::contract::{Check, Command, Event, Launch, Probe};
use acitask_emulator::image::Settings;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

use crate::Outcome;
use crate::bench::{Bench, SANDBOX, script};

/// What a probe found.
async fn probed(
    bench: &mut Bench,
    check: Check,
    timeout_seconds: u32,
) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let (sandbox, container) = (SANDBOX, "main".to_owned());
    let probe = Probe::Readiness;
    bench.runtime.perform(Command::Probe { sandbox, container, probe, check, timeout_seconds });
    match bench.event().await? {
        Event::Probed { probe: Probe::Readiness, unwell, .. } => Ok(unwell),
        other => Err(format!("{other:?}").into()),
    }
}

fn exec(words: &[&str]) -> Check {
    Check::Exec(words.iter().map(|word| (*word).to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_tells_whether_a_container_is_well() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    bench.started(script("echo > /well; sleep 1000")).await?;
    for (check, unwell) in [
        (exec(&["cat", "/etc/data"]), None),
        (exec(&["sh", "-c", "test ! -t 0 && test ! -t 1 && test \"$A\" = 'from the group'"]), None),
        (exec(&["sh", "-c", "read line || exit 3"]), Some("command exited with 3")),
        (exec(&["sh", "-c", "echo out; echo err >&2; exit 1"]), Some("out\nerr")),
        (exec(&["/nope"]), Some("exec: \"/nope\": stat /nope: no such file or directory")),
    ] {
        assert_eq!(probed(&mut bench, check.clone(), 10).await?.as_deref(), unwell, "{unwell:?}");
    }
    let before = Instant::now();
    let mark = std::process::id() * 10 + 3;
    let slow = exec(&["sh", "-c", &format!("sleep 1000.{mark}; true")]);
    assert_eq!(probed(&mut bench, slow, 1).await?.as_deref(), Some("command timed out after 1s"));
    assert!(before.elapsed() < Duration::from_secs(10));
    // What it started is gone with it.
    let line = "for p in /proc/[0-9]*; do cat $p/cmdline; echo; done";
    let mut all = bench.exec(&["sh", "-c", line]).await?;
    let mut shown = Vec::new();
    while let Some(chunk) = all.output.recv().await {
        shown.extend_from_slice(&chunk);
    }
    assert!(!String::from_utf8_lossy(&shown).contains(&mark.to_string()));
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_tells_whether_a_container_is_well() -> Outcome {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let router = Router::new()
        .route("/well", get(|| async { "ok" }))
        .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/unwell")]) }))
        .route("/unwell", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route(
            "/named",
            get(|headers: HeaderMap| async move {
                if headers.get("x-name").is_some_and(|value| value == "canary") {
                    StatusCode::OK
                } else {
                    StatusCode::FORBIDDEN
                }
            }),
        )
        .route("/slow", get(|| tokio::time::sleep(Duration::from_secs(1000))));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut bench = Bench::with(Settings::default()).await?;
    bench.started(script("sleep 1000")).await?;
    for (path, unwell) in [
        ("/well", None),
        ("well", None),
        ("/moved", None),
        ("/named", None),
        ("/unwell", Some("statuscode: 500")),
        ("/none", Some("statuscode: 404")),
        ("/slow", Some("context deadline exceeded")),
    ] {
        let headers = vec![("X-Name".to_owned(), "canary".to_owned())];
        let check = Check::Http { scheme: "http".into(), port, path: path.into(), headers };
        let found = probed(&mut bench, check, 1).await?;
        match (found, unwell) {
            (None, None) => {}
            (Some(found), Some(word)) if found.contains(word) && !found.contains("canary") => {}
            (found, _) => return Err(format!("{path}: {found:?}").into()),
        }
    }
    server.abort();
    drop(server.await);
    for scheme in ["http", "https"] {
        let check = Check::Http { scheme: scheme.into(), port, path: "/".into(), headers: Vec::new() };
        let found = probed(&mut bench, check, 5).await?.ok_or("a dead server is well")?;
        assert!(found.contains("onnection refused"), "{found}");
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_container_is_ended_and_its_neighbour_stays() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let waits = |text: &str| {
        script(&format!("trap 'echo bye; exit 5' TERM; echo {text}; while :; do sleep 0.05; done"))
    };
    for name in ["main", "other"] {
        let start = Command::Start { sandbox: SANDBOX, container: name.into(), launch: waits(name) };
        bench.runtime.perform(start);
        assert!(matches!(bench.event().await?, Event::Started { .. }));
    }
    bench.said(1).await?;
    bench.runtime.perform(Command::Kill { sandbox: SANDBOX, container: "main".into() });
    let ended = bench.event().await?;
    assert!(matches!(&ended, Event::Exited { container, code: 5, .. } if container == "main"), "{ended:?}");
    assert_eq!(bench.lines().await, ["main", "bye"]);
    // It can be started again beside the other, which did not notice.
    assert_eq!(bench.run(script("exit 6")).await?.0, 6);
    bench.runtime.perform(Command::Stop { sandbox: SANDBOX });
    let ended = bench.event().await?;
    assert!(matches!(&ended, Event::Exited { container, code: 5, .. } if container == "other"), "{ended:?}");
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_says_as_whom() -> Outcome {
    let mut bench = Bench::with(Settings { user: "7:8".to_owned(), ..Settings::default() }).await?;
    let text =
        "while read -r key value; do case $key in Uid:|Gid:) echo $value;; esac; done < /proc/self/status";
    for (user, group, uid, gid) in [
        (None, None, 7, 8),
        (Some(1000), None, 1000, 0),
        (None, Some(9), 7, 9),
        (Some(1000), Some(9), 1000, 9),
    ] {
        let (_, said) = bench.run(Launch { user, group, ..script(text) }).await?;
        let four = |id: i32| format!("{id} {id} {id} {id}");
        assert_eq!(said, [four(uid), four(gid)], "{user:?} {group:?}");
    }
    bench.runtime.shutdown().await;
    Ok(())
}
