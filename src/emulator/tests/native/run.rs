//! Start to exit: what a program sees, what it says, how it ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use acitask_emulator::contract::{Command, Event, Fact, Launch, Question, SandboxId};
use acitask_emulator::image::build::Content;
use acitask_emulator::image::{Settings, Store};

use crate::Outcome;
use crate::bench::{Bench, IMAGE, SANDBOX, launch, script, shell_image};

/// Prints the lines of /proc/self/status that begin with these words.
fn status(words: &str) -> String {
    format!(
        "while read -r key value; do case $key in {words}) echo $key $value;; esac; done < /proc/self/status"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_its_container_only() -> Outcome {
    let mut bench = Bench::with(Settings {
        env: Some(vec!["A=from the image".into(), "B=b".into()]),
        working_dir: "/work/dir".into(),
        ..Settings::default()
    })
    .await?;
    // What the image brings, which depends on where this machine has its libraries, and what every container has.
    let image = shell_image(Settings::default())?;
    let brought = image.files.keys().filter_map(|path| path.iter().nth(1)?.to_str());
    let top: BTreeSet<String> =
        brought.chain(["dev", "etc", "mnt", "proc", "work"]).map(str::to_owned).collect();
    for (text, code, lines) in [
        ("echo out; echo err >&2; exit 7", 7, vec!["out", "err"]),
        ("echo $A, $B, $HOME, $HOSTNAME", 0, vec!["from the group, b, /root, task-1"]),
        ("pwd; echo $$", 0, vec!["/work/dir", "1"]),
        ("cat /etc/hostname /proc/sys/kernel/hostname", 0, vec!["task-1", "task-1"]),
        ("cat /etc/data; echo more >> /etc/data; cat /etc/data", 0, vec!["data", "data", "more"]),
        // A restart begins with a fresh file system and a fresh log.
        ("cat /etc/data", 0, vec!["data"]),
        ("ls /", 0, top.iter().map(String::as_str).collect()),
        (
            "ls /dev",
            0,
            vec![
                "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
                "urandom", "zero",
            ],
        ),
        (
            "read line < /etc/hosts; echo > /dev/null; exec ls /proc/self/fd < /dev/null",
            0,
            vec!["0", "1", "2", "3"],
        ),
        // What shells say of it differs.
        ("(echo 1 > /proc/sys/kernel/core_uses_pid) 2> /dev/null || echo refused", 0, vec!["refused"]),
        ("kill -9 $$; echo still here", 0, vec!["still here"]),
        ("{ sh -c 'kill -15 $$'; } 2> /dev/null; echo $?", 0, vec!["143"]),
        ("printf 'no newline'", 0, vec!["no newline"]),
    ] {
        let (found, said) = bench.run(script(text)).await?;
        let text = text.to_owned();
        assert_eq!((&text, found, said.iter().map(String::as_str).collect::<Vec<_>>()), (&text, code, lines));
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_says_what_runs_and_as_whom() -> Outcome {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let mut bench = Bench::with(Settings {
        entrypoint: words(&["sh", "-c"]),
        cmd: words(&[&status("Uid:|Gid:|CapEff:|NoNewPrivs:")]),
        user: "1000:100".into(),
        ..Settings::default()
    })
    .await?;
    let (code, said) = bench.run(launch(&[])).await?;
    let lines =
        ["Uid: 1000 1000 1000 1000", "Gid: 100 100 100 100", "CapEff: 0000000000000000", "NoNewPrivs: 1"];
    assert_eq!((code, said), (0, lines.map(str::to_owned).to_vec()));
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn root_has_no_more_than_an_engines_powers() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let (_, said) = bench.run(script(&status("CapEff:|CapPrm:|CapBnd:|CapInh:|CapAmb:"))).await?;
    let kept: u64 = [0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31].iter().map(|bit| 1 << bit).sum();
    let line = |name: &str, set: u64| format!("{name}: {set:016x}");
    let all = [
        line("CapInh", 0),
        line("CapPrm", kept),
        line("CapEff", kept),
        line("CapBnd", kept),
        line("CapAmb", 0),
    ];
    assert_eq!(said, all);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_why() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    for (command, reason) in [
        (vec!["nope"], "exec: \"nope\": executable file not found in $PATH"),
        (vec!["/nope", "x"], "exec: \"/nope\": stat /nope: no such file or directory"),
        (vec!["/etc/data"], "exec: \"/etc/data\": permission denied"),
        (vec!["/etc"], "exec: \"/etc\": permission denied"),
        (vec![], "no command specified"),
    ] {
        bench.start(SANDBOX, launch(&command));
        let Event::StartFailed { reason: found, .. } = bench.event().await? else {
            return Err(format!("{command:?} started").into());
        };
        assert!(found.contains(&format!("unable to start container process: {reason}: unknown")), "{found}");
        assert_eq!(bench.lines().await, Vec::<String>::new(), "{command:?}");
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_there_or_not() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let (sandbox, container) = (SANDBOX, "main".to_owned());
    let pull = |image: &str| Command::Pull { sandbox, container: container.clone(), source: image.into() };
    bench.runtime.perform(pull(&format!("docker.io/{IMAGE}")));
    let Event::Pulled { .. } = bench.event().await? else {
        return Err("not pulled".into());
    };
    assert_eq!(bench.runtime.ask(Question::Images(vec![IMAGE.into()])).await, Fact::ImagesFound);
    for (image, why) in [("NO IMAGE", "is no image reference")] {
        bench.runtime.perform(pull(image));
        let Event::PullFailed { reason, .. } = bench.event().await? else {
            return Err("pulled".into());
        };
        assert!(reason.contains(why), "{reason}");
        let missing = Fact::ImageMissing { image: image.into(), reason };
        assert_eq!(bench.runtime.ask(Question::Images(vec![image.into()])).await, missing);
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_an_image_lead_nowhere_on_the_machine() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let outside = bench.folder().join("outside");
    fs::create_dir(&outside)?;
    let archive = bench.folder().join("links.tar");
    let mut image = shell_image(Settings::default())?;
    image.files.remove(Path::new("/etc/data"));
    image.files.insert(outside.clone(), Content::Folder { mode: 0o755 });
    for name in ["/etc", "/dev", "/work"] {
        image.files.insert(name.into(), Content::Link { target: outside.clone() });
    }
    image.write(&"test/links:1".parse()?, &archive)?;
    Store::open(bench.folder().join("images"))?.load(&archive)?;
    bench.start(SANDBOX, Launch { source: "test/links:1".into(), ..script("echo inside > /work/file") });
    // Inside, the links lead to the image's own folder of that name.
    match bench.event().await? {
        Event::Started { .. } => assert_eq!(bench.exited().await?, 0),
        other => return Err(format!("{other:?}").into()),
    }
    assert_eq!(fs::read_dir(&outside)?.count(), 0);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_asks_and_then_insists() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    for (text, code, least) in [
        ("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done", 3, 0),
        // Process 1 of a container ignores a signal that it has no handler for.
        ("echo up; while :; do sleep 0.05; done", 137, 1_900),
    ] {
        bench.started(script(text)).await?;
        bench.said(1).await?;
        let before = Instant::now();
        bench.runtime.perform(Command::Stop { sandbox: SANDBOX });
        assert_eq!(bench.exited().await?, code, "{text}");
        assert!(before.elapsed() >= Duration::from_millis(least), "{text}");
    }
    // The log outlives the container, and the emulator: another one finds it in the file.
    assert_eq!(bench.lines().await, ["up"]);
    bench.runtime.shutdown().await;
    let init = env!("CARGO_BIN_EXE_acitask-emulator-init");
    let next = Bench::at(bench.folder(), init.as_ref(), Settings::default()).await?;
    assert_eq!(next.lines().await, ["up"]);
    next.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_sandbox_is_forgotten_in_silence() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    bench.started(script("echo up; sleep 1000")).await?;
    bench.said(1).await?;
    bench.runtime.perform(Command::Discard { sandbox: SANDBOX });
    // The next event is of another sandbox: the end of the first one was not told.
    bench.start(SandboxId(2), script("exit 0"));
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        told.insert(match bench.event().await? {
            Event::Started { sandbox, .. } | Event::Exited { sandbox, .. } => sandbox,
            other => return Err(format!("{other:?}").into()),
        });
    }
    assert_eq!(told, BTreeSet::from([SandboxId(2)]));
    bench.runtime.shutdown().await;
    assert_eq!(bench.lines().await, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_quick() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    bench.run(script("exit 0")).await?;
    let mut times = Vec::new();
    for _ in 0..20 {
        let before = Instant::now();
        let (code, _) = bench.run(script("exit 0")).await?;
        assert_eq!(code, 0);
        times.push(before.elapsed());
    }
    times.sort();
    println!("start to exit: median {:?}, slowest {:?}", times[10], times[19]);
    // Tens of milliseconds where nothing else runs; far more than that would be a wait somewhere.
    assert!(times[10] < Duration::from_secs(1), "{times:?}");
    bench.runtime.shutdown().await;
    Ok(())
}
