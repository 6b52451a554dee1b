//! The same without root: in a user namespace of our own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command as Program, Stdio};

use acitask_emulator::image::Settings;
use serde_json::json;

use crate::Outcome;
use crate::bench::{IMAGE, shell_image};

const NOBODY: u32 = 65534;

/// A program that is run by nobody; std drops the further groups too.
fn by_nobody(program: impl AsRef<std::ffi::OsStr>) -> Program {
    let mut program = Program::new(program);
    program.uid(NOBODY).gid(NOBODY);
    program
}

#[test]
fn containers_need_no_root() -> Outcome {
    if fs::metadata("/proc/self")?.uid() != 0 {
        println!("skipped: every test of this binary runs without root already");
        return Ok(());
    }
    match by_nobody("unshare").args(["-Urm", "true"]).output() {
        Ok(namespace) if namespace.status.success() => {}
        tried => {
            println!("skipped: no user namespaces for {NOBODY}: {tried:?}");
            return Ok(());
        }
    }
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let at = |name: &str| folder.path().join(name);
    for (name, user) in [("root.tar", ""), ("other.tar", "1000")] {
        let settings = Settings { user: user.to_owned(), ..Settings::default() };
        shell_image(settings)?.write(&IMAGE.parse()?, &at(name))?;
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o644))?;
    }
    // The target folder may be closed to others.
    let state = at("state");
    fs::create_dir(&state)?;
    fs::copy(env!("CARGO_BIN_EXE_acitask-emulator-init"), state.join("init"))?;
    chown(&state, Some(NOBODY), Some(NOBODY))?;

    let sh = |text: &str| json!(["/bin/sh", "-c", text]);
    let orders = [
        json!({"load": at("root.tar")}),
        json!({"start": [IMAGE, sh("echo $$; ls -ln /etc/data; echo x > /new; exit 9")]}),
        json!("wait"),
        json!({"start": [IMAGE, sh("echo up; while :; do sleep 0.1; done")]}),
        json!({"probe": ["sh", "-c", "echo one > /data/one; echo two > /files/two; echo > /keys/x"]}),
        json!({"probe": ["sh", "-c", "test \"$(cat /keys/key)\" = secret && cat /data/one /files/two"]}),
        json!({"exec": ["stty", "size"]}),
    ];
    let said = driven(&state, &orders)?;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.get(2..4), Some(&["exited 9", "1"][..]), "{said}");
    assert!(lines.get(4).is_some_and(|line| line.contains(" 0 0 ")), "{said}");
    assert_eq!(lines.last(), Some(&"shown \"33 101\\r\\n\""), "{said}");
    let probed: Vec<_> = lines.iter().filter(|line| line.starts_with("probed ")).collect();
    let [refused, well] = probed[..] else {
        return Err(said.into());
    };
    assert!(refused.contains("ead-only file system") && *well == "probed None", "{said}");
    assert_eq!(fs::read_to_string(state.join("shares/account/share/two"))?, "two\n");
    assert!(!state.join("scratch/sandboxes/1").exists());
    assert!(!Path::new("/new").exists());

    let orders = [json!({"load": at("other.tar")}), json!({"start": [IMAGE, sh("true")]})];
    let said = driven(&state, &orders)?;
    assert!(said.contains("unable to run as user 1000:0"), "{said}");
    Ok(())
}

/// What a driver says to these orders.
fn driven(state: &Path, orders: &[serde_json::Value]) -> Result<String, Box<dyn std::error::Error>> {
    let mut driver = by_nobody(state.join("init"))
        .arg("drive")
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = driver.stdin.take().ok_or("no input")?;
    for order in orders {
        writeln!(input, "{order}")?;
    }
    drop(input);
    let output = driver.wait_with_output()?;
    let said = String::from_utf8(output.stdout)?;
    if output.status.success() { Ok(said) } else { Err(format!("{}: {said}", output.status).into()) }
}
