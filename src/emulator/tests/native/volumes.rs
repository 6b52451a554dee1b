//! What a container gets beside its image: volumes, config maps, and what must not come in or out through them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Program;

use acitask_emulator::contract::{Command, ConfigMap, Content, Event, Launch, Mount, SandboxId, Volume};
use acitask_emulator::image::build::Content as Entry;
use acitask_emulator::image::{Settings, Store};
use axum::Router;
use axum::extract::{Path as Place, State};
use axum::http::StatusCode;
use bytes::Bytes;

use crate::Outcome;
use crate::bench::{Bench, SANDBOX, eventually, script, shell_image};

fn volume(name: &str, content: Content) -> Volume {
    Volume { name: name.to_owned(), content }
}

fn open(bench: &Bench, volumes: Vec<Volume>) {
    bench.runtime.perform(Command::Open { sandbox: SANDBOX, volumes });
}

/// A launch with volumes at places; `!` before a name: read-only.
fn mounted(text: &str, mounts: &[(&str, &str)]) -> Launch {
    let mounts = mounts.iter().map(|(volume, path)| Mount {
        volume: volume.trim_start_matches('!').to_owned(),
        path: (*path).to_owned(),
        read_only: volume.starts_with('!'),
    });
    Launch { mounts: mounts.collect(), ..script(text) }
}

fn share(share: &str, read_only: bool) -> Content {
    Content::Share { account: "account".to_owned(), share: share.to_owned(), read_only }
}

fn secret(files: &[(&str, &str)]) -> Content {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), Bytes::from((*text).to_owned())));
    Content::Files(files.collect())
}

/// The folder of the bench's sandbox.
fn sandbox(bench: &Bench) -> std::path::PathBuf {
    bench.folder().join("scratch/sandboxes").join(SANDBOX.0.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_sandbox_share_its_volumes() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    open(
        &bench,
        vec![
            volume("data", Content::Empty),
            volume("keys", secret(&[("key", "canary-secret"), ("other", "")])),
            volume("files", share("files", false)),
            volume("fixed", share("files", true)),
        ],
    );
    let text = "echo one > /data/deep/one; echo kept > /files/kept; cat /keys/key; echo; ls /keys";
    let first = mounted(text, &[("data", "/data/deep"), ("keys", "/keys"), ("files", "/files")]);
    assert_eq!(bench.run(first).await?, (0, vec!["canary-secret".into(), "key".into(), "other".into()]));
    for (text, launch, lines) in [
        ("cat /a/one", vec![("data", "/a")], vec!["one"]),
        // A volume in a volume, named in the wrong order.
        (
            "cat /b/in/key; echo; ls /b",
            vec![("keys", "/b/in"), ("data", "/b")],
            vec!["canary-secret", "in", "one"],
        ),
        ("(echo > /a/two) 2> /dev/null || echo refused", vec![("!data", "/a")], vec!["refused"]),
        ("(echo > /a/key) 2> /dev/null || echo refused", vec![("keys", "/a")], vec!["refused"]),
        (
            "cat /f/kept; (echo > /f/x) 2> /dev/null || echo refused",
            vec![("fixed", "/f")],
            vec!["kept", "refused"],
        ),
        // Any user may write to an empty volume and read a secret one.
        (
            "setpriv --reuid 1000 --clear-groups sh -c 'echo 2 > /a/two; cat /a/two /k/key'; echo",
            vec![("data", "/a"), ("keys", "/k")],
            vec!["2", "canary-secret"],
        ),
    ] {
        let said = bench.run(mounted(text, &launch)).await?.1;
        assert_eq!(said, lines, "{text}");
    }
    // The secret was never on a disk.
    let grep = Program::new("grep").arg("-rl").arg("canary-secret").arg(bench.folder()).output()?;
    let found = String::from_utf8(grep.stdout)?;
    let found: Vec<_> = found.lines().filter(|path| !path.contains("/logs/")).collect();
    assert_eq!(found, Vec::<&str>::new());

    bench.runtime.perform(Command::Discard { sandbox: SANDBOX });
    let gone = || async { (!sandbox(&bench).exists()).then_some(()) };
    eventually(gone).await?;
    assert_eq!(fs::read_to_string(bench.folder().join("shares/account/files/kept"))?, "kept\n");
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mounted_says_why() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let repository = |url: &str| Content::Repository { url: url.to_owned(), directory: None, revision: None };
    open(
        &bench,
        vec![
            volume("data", Content::Empty),
            volume("out", share("../..", false)),
            volume("up", secret(&[("../key", "x")])),
            volume("local", repository("file:///etc")),
            volume("dead", repository("http://127.0.0.1:1/x.git")),
        ],
    );
    for (name, path, why) in [
        ("none", "/a", "no volume of this name"),
        ("out", "/a", "no name of a file share"),
        ("up", "/a", "a name that no file can have"),
        ("local", "/a", "only https and http"),
        ("dead", "/a", "git"),
        ("data", "/etc/data", "mounting at /etc/data"),
        ("data", "/", "mounting at /"),
        ("data", "/proc/1", "nothing can be mounted in /proc"),
    ] {
        bench.start(SANDBOX, mounted("exit 0", &[(name, path)]));
        let Event::MountFailed { volume, reason, .. } = bench.event().await? else {
            return Err(format!("{name} was mounted at {path}").into());
        };
        assert_eq!(volume, name);
        assert!(reason.contains(why), "{name}: {reason}");
    }
    assert_eq!(bench.run(script("exit 4")).await?.0, 4);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_a_volume_nowhere_on_the_machine() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let outside = bench.folder().join("outside");
    fs::create_dir(&outside)?;
    let archive = bench.folder().join("links.tar");
    let mut image = shell_image(Settings::default())?;
    let up = Path::new("../../../../../../../..").join(outside.strip_prefix("/")?);
    for (name, target) in [("/way", outside.clone()), ("/up", up)] {
        image.files.insert(name.into(), Entry::Link { target });
    }
    image.files.insert(outside.clone(), Entry::Folder { mode: 0o755 });
    image.write(&"test/links:1".parse()?, &archive)?;
    Store::open(bench.folder().join("images"))?.load(&archive)?;
    open(&bench, vec![volume("data", Content::Empty), volume("files", share("files", false))]);
    let text =
        format!("echo in > /way/a/file; echo in > {}/b/file; ls {}", outside.display(), outside.display());
    let launch = mounted(&text, &[("data", "/way/a"), ("files", "/up/b")]);
    let (code, said) = bench.run(Launch { source: "test/links:1".into(), ..launch }).await?;
    assert_eq!((code, said), (0, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(fs::read_dir(&outside)?.count(), 0);
    assert_eq!(fs::read_to_string(sandbox(&bench).join("volumes/0/file"))?, "in\n");
    // A link that a task leaves in a volume leads the next one into its own tree only.
    fs::remove_file(bench.folder().join("shares/account/files/file"))?;
    std::os::unix::fs::symlink(&outside, bench.folder().join("shares/account/files/link"))?;
    let launch = mounted("echo in > /s/link/x/file", &[("files", "/s"), ("data", "/s/link/x")]);
    assert_eq!(bench.run(Launch { source: "test/links:1".into(), ..launch }).await?.0, 0);
    assert_eq!(fs::read_dir(&outside)?.count(), 0);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_is_replaced_while_its_container_runs() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    let config = |files: &[(&str, &str)]| {
        ConfigMap(
            files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect::<BTreeMap<_, _>>(),
        )
    };
    let text = "cd /mnt/configmap/main; cat old; echo; (echo > old) 2> /dev/null || echo refused; \
        while [ ! -e new ]; do sleep 0.02; done; cat new; echo; ls";
    bench.started(Launch { config: config(&[("old", "1")]), ..script(text) }).await?;
    bench.said(2).await?;
    let config = config(&[("new", "2")]);
    bench.runtime.perform(Command::Configure { sandbox: SANDBOX, container: "main".into(), config });
    assert_eq!(bench.exited().await?, 0);
    assert_eq!(bench.lines().await, ["1", "refused", "2", "new"]);
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_that_was_killed_leaves_no_volumes() -> Outcome {
    let bench = Bench::with(Settings::default()).await?;
    open(&bench, vec![volume("data", Content::Empty)]);
    bench.start(SANDBOX, script("sleep 1000"));
    eventually(|| async { sandbox(&bench).exists().then_some(()) }).await?;
    bench.runtime.shutdown().await;
    assert!(!sandbox(&bench).exists());
    fs::create_dir_all(sandbox(&bench).join("volumes/0/file"))?;
    // As a killed one would have left it.
    let init = Path::new(env!("CARGO_BIN_EXE_acitask-emulator-init"));
    let next = Bench::at(bench.folder(), init, Settings::default()).await?;
    assert!(!sandbox(&next).exists());
    assert!(next.runtime.recovered().iter().any(|line| line.contains("1 folders of container groups")));
    next.runtime.shutdown().await;
    Ok(())
}

/// Files of a folder over HTTP, as the simplest of git's ways wants them.
async fn file(
    State(root): State<std::path::PathBuf>,
    Place(path): Place<String>,
) -> Result<Vec<u8>, StatusCode> {
    fs::read(root.join(path)).map_err(|_| StatusCode::NOT_FOUND)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_cloned() -> Outcome {
    let folder = tempfile::tempdir()?;
    let git = |arguments: &[&str]| {
        let mut program = Program::new("git");
        program.current_dir(folder.path()).args(["-c", "user.name=t", "-c", "user.email=t@localhost"]);
        program.args(arguments).output()
    };
    if git(&["--version"]).is_err() {
        println!("skipped: this machine has no git");
        return Ok(());
    }
    let work = folder.path().join("work");
    for arguments in [
        &["init", "--quiet", "work"][..],
        &["-C", "work", "commit", "--quiet", "--allow-empty", "-m", "first"],
        &["-C", "work", "tag", "first"],
    ] {
        git(arguments)?;
    }
    fs::write(work.join("task"), "run me\n")?;
    for arguments in [
        &["-C", "work", "add", "task"][..],
        &["-C", "work", "commit", "--quiet", "-m", "second"],
        &["clone", "--quiet", "--bare", "work", "tasks.git"],
        &["-C", "tasks.git", "update-server-info"],
    ] {
        let done = git(arguments)?;
        assert!(done.status.success(), "{arguments:?}: {done:?}");
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/tasks.git", listener.local_addr()?);
    let router = Router::new().route("/{*path}", axum::routing::get(file)).with_state(folder.path().into());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let mut bench = Bench::with(Settings::default()).await?;
    let repository = |directory: Option<&str>, revision: Option<&str>| Content::Repository {
        url: url.clone(),
        directory: directory.map(str::to_owned),
        revision: revision.map(str::to_owned),
    };
    open(
        &bench,
        vec![
            volume("named", repository(None, None)),
            volume("flat", repository(Some("."), None)),
            volume("first", repository(Some("x"), Some("first"))),
            volume("none", repository(None, Some("nope"))),
        ],
    );
    let text = "cat /named/tasks/task /flat/task; ls /first/x; echo writable > /flat/new";
    let launch = mounted(text, &[("named", "/named"), ("flat", "/flat"), ("first", "/first")]);
    assert_eq!(bench.run(launch).await?, (0, vec!["run me".into(), "run me".into()]));
    bench.start(SANDBOX, mounted("exit 0", &[("none", "/x")]));
    assert!(matches!(bench.event().await?, Event::MountFailed { reason, .. } if reason.contains("nope")));
    server.abort();
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sandboxes_do_not_see_each_others_volumes() -> Outcome {
    let mut bench = Bench::with(Settings::default()).await?;
    for number in [1, 2] {
        let sandbox = SandboxId(number);
        bench.runtime.perform(Command::Open { sandbox, volumes: vec![volume("data", Content::Empty)] });
        bench.start(sandbox, mounted("ls /data; echo > /data/file", &[("data", "/data")]));
        assert!(matches!(bench.event().await?, Event::Started { .. }));
        assert_eq!(bench.exited().await?, 0);
        assert_eq!(bench.runtime.logs(sandbox, "main").await, []);
    }
    bench.runtime.shutdown().await;
    Ok(())
}
