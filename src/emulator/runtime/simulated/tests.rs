//! Behaviours under paused time.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep};

use super::Simulated;
use super::behaviour::{Behaviour, Chunk, Exec, Exit, Line, Sight};
use crate::clock::Clock;
use crate::contract::{
    Check, Command, ConfigMap, Content, Event, ExecSession, Fact, Launch, Mount, Probe, Question, SandboxId,
    Volume,
};

const SANDBOX: SandboxId = SandboxId(1);

fn runtime(behaviour: Behaviour) -> (Simulated, mpsc::UnboundedReceiver<Event>) {
    let (events, told) = mpsc::unbounded_channel();
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let given = BTreeMap::from([("image".to_owned(), behaviour)]);
    (Simulated::new(given, clock, events), told)
}

fn pull() -> Command {
    Command::Pull { sandbox: SANDBOX, container: "c".to_owned(), source: "image".into() }
}

fn start() -> Command {
    let launch = Launch { source: "image".into(), hostname: "h".to_owned(), ..Launch::default() };
    Command::Start { sandbox: SANDBOX, container: "c".to_owned(), launch }
}

fn session(argv: &[&str]) -> ExecSession {
    ExecSession {
        password: String::new(),
        sandbox: SANDBOX,
        container: "c".to_owned(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        rows: 24,
        cols: 80,
    }
}

fn exited(code: i32) -> Option<Event> {
    Some(Event::Exited { sandbox: SANDBOX, container: "c".to_owned(), code, out_of_memory: false })
}

fn started() -> Option<Event> {
    Some(Event::Started { sandbox: SANDBOX, container: "c".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn a_pull_takes_its_time_and_may_fail() {
    let reason = Some("manifest unknown".to_owned());
    for (pull_failure, fails) in [(None, false), (reason, true)] {
        let (runtime, mut told) = runtime(Behaviour { pull_ms: 7000, pull_failure, ..Behaviour::default() });
        let before = Instant::now();
        let found = runtime.ask(Question::Images(vec!["image".into()])).await;
        assert!(matches!(found, Fact::ImagesFound));
        runtime.perform(pull());
        let event = told.recv().await;
        assert_eq!(matches!(event, Some(Event::PullFailed { .. })), fails, "{event:?}");
        assert_eq!(before.elapsed().as_secs(), 7);
    }
}

#[tokio::test(start_paused = true)]
async fn prints_and_exits_on_time() {
    let line = |after_ms, text: &str| Line { after_ms, text: text.to_owned() };
    let (runtime, mut told) = runtime(Behaviour {
        lines: vec![line(0, "one"), line(10_000, "two"), line(30_000, "never")],
        exit: Some(Exit { after_ms: 20_000, code: 3, ..Exit::default() }),
        ..Behaviour::default()
    });
    runtime.perform(start());
    assert_eq!(told.recv().await, started());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(runtime.logs(SANDBOX, "c").await.len(), 1);
    assert_eq!(told.recv().await, exited(3));
    sleep(Duration::from_secs(60)).await;
    let log = runtime.logs(SANDBOX, "c").await;
    let seen: Vec<_> = log.iter().map(|line| (line.at.as_second(), line.text.as_ref())).collect();
    assert_eq!(seen, [(0, b"one".as_slice()), (10, b"two".as_slice())]);
    assert_eq!(runtime.logs(SANDBOX, "other").await, []);
}

#[tokio::test(start_paused = true)]
async fn a_stop_terminates_or_kills() {
    for (ignores_term, code, seconds) in [(false, 143, 0), (true, 137, 2)] {
        let (runtime, mut told) = runtime(Behaviour { ignores_term, ..Behaviour::default() });
        runtime.perform(start());
        assert_eq!(told.recv().await, started());
        let before = Instant::now();
        runtime.perform(Command::Stop { sandbox: SANDBOX });
        assert_eq!(told.recv().await, exited(code));
        assert_eq!(before.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_discarded_sandbox_tells_nothing_more() {
    let exit = Some(Exit { after_ms: 1000, ..Exit::default() });
    let (runtime, mut told) = runtime(Behaviour { exit, ..Behaviour::default() });
    runtime.perform(start());
    assert_eq!(told.recv().await, started());
    runtime.perform(Command::Discard { sandbox: SANDBOX });
    sleep(Duration::from_secs(60)).await;
    assert_eq!(told.try_recv(), Err(mpsc::error::TryRecvError::Empty));
    assert!(runtime.exec(&session(&["cat"])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_exec_prints_echoes_and_dies_with_its_container() -> Result<(), String> {
    let words = |argv: &[&str]| argv.iter().map(|word| (*word).to_owned()).collect();
    let hello = Exec {
        argv: words(&["echo", "hello"]),
        chunks: vec![Chunk { after_ms: 500, text: "hello\r\n".to_owned() }],
        echo: false,
    };
    let cat = Exec { argv: words(&["cat"]), chunks: Vec::new(), echo: true };
    let (runtime, _told) = runtime(Behaviour { execs: vec![hello, cat], ..Behaviour::default() });
    runtime.perform(start());

    let mut stream = runtime.exec(&session(&["echo", "hello"])).await?;
    assert_eq!(stream.output.recv().await.as_deref(), Some(b"hello\r\n".as_slice()));
    assert_eq!(
        runtime.exec(&session(&["echo hello"])).await.map(drop).err().as_deref(),
        Some(
            "OCI runtime exec failed: exec failed: unable to start container process: \
         exec: \"echo hello\": stat echo hello: no such file or directory: unknown"
        )
    );

    let mut stream = runtime.exec(&session(&["cat"])).await?;
    stream.input.send("typed\x04late".into()).await.map_err(|error| error.to_string())?;
    assert_eq!(stream.output.recv().await.as_deref(), Some(b"typed".as_slice()));
    assert_eq!(stream.output.recv().await, None);

    let mut stream = runtime.exec(&session(&["cat"])).await?;
    runtime.perform(Command::Stop { sandbox: SANDBOX });
    assert_eq!(stream.output.recv().await, None);
    Ok(())
}

/// What the helper says to these lines, up to so many of its own.
async fn said(runtime: &Simulated, lines: &[(&str, &str)], count: usize) -> Result<Vec<String>, String> {
    use base64::Engine as _;
    let mut stream = runtime.exec(&session(&["/acitask-exec"])).await?;
    for (letter, value) in lines {
        let value = base64::engine::general_purpose::STANDARD.encode(value);
        let line = format!("{letter} {value}\n");
        stream.input.send(line.into()).await.map_err(|error| error.to_string())?;
    }
    let mut said = Vec::new();
    while said.len() < count
        && let Some(line) = stream.output.recv().await
    {
        said.push(String::from_utf8_lossy(&line).trim_matches(['\x1e', '\n']).to_owned());
    }
    Ok(said)
}

#[tokio::test(start_paused = true)]
async fn a_helper_begins_a_run_once_and_tells_what_became_of_it() -> Result<(), String> {
    let post = super::behaviour::Command {
        argv: vec!["/post".to_owned(), "dog".to_owned()],
        chunks: vec![Chunk { after_ms: 5_000, text: "posted".to_owned() }],
        code: 3,
        ignores_term: true,
    };
    let (runtime, _told) = runtime(Behaviour { helper: Some(vec![post]), ..Behaviour::default() });
    runtime.perform(start());
    let command = [("a", "/post"), ("a", "dog")];
    let run = [command[0], command[1], ("r", "one"), ("g", "")];
    let whole = ["h 1", "p 100", "o cG9zdGVk", "x 3"];
    assert_eq!(said(&runtime, &[command[0], command[1], ("g", "")], 9).await?, whole);

    assert_eq!(said(&runtime, &[("q", "one")], 9).await?, ["h 1", "t none"]);
    // The client goes away, and the run goes on.
    assert_eq!(said(&runtime, &run, 2).await?, ["h 1", "p 100"]);
    assert_eq!(said(&runtime, &[("q", "one")], 9).await?, ["h 1", "t running 100"]);
    assert_eq!(said(&runtime, &run, 9).await?, ["h 1", "f 125 YWxyZWFkeQ=="]);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(said(&runtime, &[("q", "one")], 9).await?, ["h 1", "t ended 3"]);

    let two = [command[0], command[1], ("r", "two"), ("g", "")];
    assert_eq!(said(&runtime, &two, 2).await?, ["h 1", "p 101"]);
    for (line, told) in [("two TERM", "t running 101"), ("two KILL", "t running 101")] {
        assert_eq!(said(&runtime, &[("k", line)], 9).await?, ["h 1", told]);
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(said(&runtime, &[("q", "two")], 9).await?, ["h 1", "t ended 137"]);
    let other = said(&runtime, &[("a", "/other"), ("g", "")], 9).await?;
    assert_eq!(other, ["h 1", "f 127 bm8gc3VjaCBmaWxlIG9yIGRpcmVjdG9yeQ=="]);
    assert_eq!(runtime.begun(), vec![vec!["/post".to_owned(), "dog".to_owned()]; 3]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn probes_look_at_what_runs_and_a_kill_ends_it() {
    let sight = |after_ms, unwell: Option<&str>, takes_ms| Sight {
        after_ms,
        probe: None,
        unwell: unwell.map(str::to_owned),
        takes_ms,
    };
    let sights = vec![sight(0, None, 500), sight(10_000, Some("ill"), 0), sight(20_000, None, 5_000)];
    let (runtime, mut told) = runtime(Behaviour { sights, ..Behaviour::default() });
    let probe = || Command::Probe {
        sandbox: SANDBOX,
        container: "c".to_owned(),
        probe: Probe::Liveness,
        check: Check::Exec(vec!["look".to_owned()]),
        timeout_seconds: 2,
    };
    runtime.perform(probe());
    runtime.perform(start());
    assert_eq!(told.recv().await, started(), "what does not run is not looked at");
    for (unwell, seconds) in [(None, 10), (Some("ill"), 10), (Some("no answer after 2s"), 10)] {
        runtime.perform(probe());
        let seen = Event::Probed {
            sandbox: SANDBOX,
            container: "c".to_owned(),
            probe: Probe::Liveness,
            unwell: unwell.map(str::to_owned),
        };
        assert_eq!(told.recv().await, Some(seen));
        sleep(Duration::from_secs(seconds)).await;
    }
    runtime.perform(probe());
    runtime.perform(Command::Kill { sandbox: SANDBOX, container: "c".to_owned() });
    assert_eq!(told.recv().await, exited(143), "one that ends tells its end alone");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(told.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[tokio::test(start_paused = true)]
async fn memory_volumes_and_the_next_try_are_data() {
    let next =
        Behaviour { exit: Some(Exit { out_of_memory: true, ..Exit::default() }), ..Behaviour::default() };
    let first = Behaviour {
        pull_failure: Some("too early".to_owned()),
        mount_failure: Some("no disk".to_owned()),
        then: Some(Box::new(next)),
        ..Behaviour::default()
    };
    let (runtime, mut told) = runtime(first);
    runtime.perform(pull());
    assert!(matches!(told.recv().await, Some(Event::PullFailed { .. })));
    runtime.perform(pull());
    assert!(matches!(told.recv().await, Some(Event::Pulled { .. })));
    let mounts = vec![Mount { volume: "disk".to_owned(), path: "/d".to_owned(), read_only: false }];
    let start = || Command::Start {
        sandbox: SANDBOX,
        container: "c".to_owned(),
        launch: Launch { source: "image".into(), mounts: mounts.clone(), ..Launch::default() },
    };
    runtime.perform(start());
    let failed = told.recv().await;
    assert!(matches!(&failed, Some(Event::MountFailed { volume, .. }) if volume == "disk"), "{failed:?}");
    runtime.perform(start());
    assert_eq!(told.recv().await, started());
    let ended = Event::Exited { sandbox: SANDBOX, container: "c".to_owned(), code: 137, out_of_memory: true };
    assert_eq!(told.recv().await, Some(ended));
}

#[tokio::test(start_paused = true)]
async fn config_secrets_and_environment_can_be_read() -> Result<(), String> {
    let (runtime, mut told) = runtime(Behaviour::default());
    let files = BTreeMap::from([("pin".to_owned(), Bytes::from_static(b"1234"))]);
    let volumes = vec![Volume { name: "vault".to_owned(), content: Content::Files(files) }];
    runtime.perform(Command::Open { sandbox: SANDBOX, volumes });
    let config = |value: &str| ConfigMap(BTreeMap::from([("mode".to_owned(), value.to_owned())]));
    let launch = Launch {
        source: "image".into(),
        environment: vec![("A".to_owned(), "b".to_owned())],
        mounts: vec![Mount { volume: "vault".to_owned(), path: "/run/vault/".to_owned(), read_only: true }],
        config: config("fast"),
        ..Launch::default()
    };
    runtime.perform(Command::Start { sandbox: SANDBOX, container: "c".to_owned(), launch });
    assert_eq!(told.recv().await, started());
    let config = config("slow");
    for (argv, text) in [
        (["printenv", "A"], "b\r\n"),
        (["cat", "/run/vault/pin"], "1234"),
        (["cat", "/mnt/configmap/c/mode"], "fast"),
    ] {
        let mut stream = runtime.exec(&session(&argv)).await?;
        assert_eq!(stream.output.recv().await.as_deref(), Some(text.as_bytes()), "{argv:?}");
    }
    runtime.perform(Command::Configure { sandbox: SANDBOX, container: "c".to_owned(), config });
    let mut stream = runtime.exec(&session(&["cat", "/mnt/configmap/c/mode"])).await?;
    assert_eq!(stream.output.recv().await.as_deref(), Some(b"slow".as_slice()));
    assert!(runtime.exec(&session(&["cat", "/mnt/configmap/c/other"])).await.is_err());
    Ok(())
}
