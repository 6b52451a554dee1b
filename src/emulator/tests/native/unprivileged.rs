//! The same without root: in a user namespace of our own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use acitask_emulator::image::Settings;

use crate::Outcome;
use crate::bench::{Bench, script};

const NOBODY: u32 = 65534;

#[test]
fn containers_need_no_root() -> Outcome {
    let is_root = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own))? == 0;
    if !is_root {
        println!("skipped: every test of this binary runs without root already");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let state = folder.path().join("state");
    fs::create_dir(&state)?;
    chown(&state, Some(NOBODY), Some(NOBODY))?;
    // The target folder may be closed to others.
    let (own, init) = (folder.path().join("own"), folder.path().join("init"));
    fs::copy(std::env::current_exe()?, &own)?;
    fs::copy(env!("CARGO_BIN_EXE_acitask-emulator-init"), &init)?;
    let nobody = NOBODY.to_string();
    let as_nobody = ["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--inh-caps=-all"];
    let Ok(namespace) = Program::new("setpriv").args(as_nobody).args(["unshare", "-Urm", "true"]).output()
    else {
        println!("skipped: no setpriv on this machine");
        return Ok(());
    };
    if !namespace.status.success() {
        println!("skipped: no user namespaces for {NOBODY}: {}", String::from_utf8_lossy(&namespace.stderr));
        return Ok(());
    }
    let output = Program::new("setpriv")
        .args(as_nobody)
        .arg(&own)
        .args(["--exact", "unprivileged::inner", "--ignored", "--nocapture"])
        .env("INNER_FOLDER", &state)
        .env("INNER_INIT", &init)
        .env("TMPDIR", &state)
        .output()?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    Ok(())
}

/// What [`containers_need_no_root`] runs as nobody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs only as the child of another test"]
async fn inner() -> Outcome {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or("not told where");
    let (folder, init) = (path("INNER_FOLDER")?, path("INNER_INIT")?);
    let mut bench = Bench::at(&folder, &init, Settings::default()).await?;
    let (code, said) = bench.run(script("echo $$; ls -ln /etc/data; echo x > /new; exit 9")).await?;
    assert_eq!(code, 9, "{said:?}");
    assert_eq!(said.first().map(String::as_str), Some("1"));
    assert!(said.iter().any(|line| line.contains(" 0 0 ")), "{said:?}");
    bench.started(script("echo up; while :; do sleep 0.1; done")).await?;
    let mut stream = bench.exec(&["stty", "size"]).await?;
    let mut shown = Vec::new();
    while let Some(chunk) = stream.output.recv().await {
        shown.extend_from_slice(&chunk);
    }
    assert_eq!(String::from_utf8(shown)?, "33 101\r\n");
    bench.runtime.shutdown().await;
    assert!(!Path::new("/new").exists());
    let refused = Bench::at(&folder, &init, Settings { user: "1000".into(), ..Settings::default() }).await;
    let mut bench = refused?;
    bench.start(crate::bench::SANDBOX, script("true"));
    let event = format!("{:?}", bench.event().await?);
    assert!(event.contains("unable to run as user 1000:0"), "{event}");
    bench.runtime.shutdown().await;
    Ok(())
}
