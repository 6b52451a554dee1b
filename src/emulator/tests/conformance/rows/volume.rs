//! What containers share and keep.

use std::collections::BTreeMap;
use std::fs;

use acitask_emulator::contract::{Command, ConfigMap, Content, Event, Launch, Mount, Volume};

use crate::Outcome;
use crate::stand::Stand;

fn volume(name: &str, content: Content) -> Volume {
    Volume { name: name.to_owned(), content }
}

fn mounted(launch: Launch, mounts: &[(&str, &str, bool)]) -> Launch {
    let mount = |(volume, path, read_only): &(&str, &str, bool)| Mount {
        volume: (*volume).to_owned(),
        path: (*path).to_owned(),
        read_only: *read_only,
    };
    Launch { mounts: mounts.iter().map(mount).collect(), ..launch }
}

pub(super) async fn empty(stand: &mut Stand) -> Outcome {
    stand.open(vec![volume("data", Content::Empty)]);
    let place = [("data", "/data", false)];
    // Any user may write to it, as on Azure.
    let writes = Launch { user: Some(1000), ..stand.launch("ls /data; echo one > /data/file") };
    assert_eq!(stand.run(mounted(writes, &place)).await?, (0, vec![]));
    let reads = || stand.launch("cat /etc/there/file");
    let launch = mounted(reads(), &[("data", "/etc/there", false)]);
    stand.started("second", launch).await?;
    assert_eq!(stand.exited().await?.1, 0);
    assert_eq!(stand.said("second").await, ["one"]);
    let refused = stand.launch("{ echo two > /data/file; } 2> /dev/null || cat /data/file");
    let (_, said) = stand.run(mounted(refused, &[("data", "/data", true)])).await?;
    assert_eq!(said.last().map(String::as_str), Some("one"), "{said:?}");
    // Another sandbox has another one.
    stand.discard();
    stand.next();
    stand.open(vec![volume("data", Content::Empty)]);
    let looks = stand.launch("ls /data");
    assert_eq!(stand.run(mounted(looks, &place)).await?, (0, vec![]));
    Ok(())
}

pub(super) async fn files(stand: &mut Stand) -> Outcome {
    let files = BTreeMap::from([("a".to_owned(), "one\n".into()), ("b".to_owned(), "two\n".into())]);
    stand.open(vec![volume("secret", Content::Files(files))]);
    let script =
        "cat /secret/a /secret/b; { echo x > /secret/a; } 2> /dev/null || echo refused; cat /secret/a";
    let launch = Launch { user: Some(1000), ..stand.launch(script) };
    let (code, said) = stand.run(mounted(launch, &[("secret", "/secret", false)])).await?;
    assert_eq!((code, said), (0, ["one", "two", "refused", "one"].map(str::to_owned).to_vec()));
    let launch = mounted(stand.launch(script), &[("secret", "/secret", false)]);
    assert_eq!(stand.run(launch).await?.1, ["one", "two", "refused", "one"]);
    Ok(())
}

pub(super) async fn share(stand: &mut Stand) -> Outcome {
    let share = |read_only| Content::Share { account: "account".into(), share: "share".into(), read_only };
    stand.open(vec![volume("share", share(false))]);
    let launch = Launch { user: Some(1000), ..stand.launch("echo kept > /share/file") };
    assert_eq!(stand.run(mounted(launch, &[("share", "/share", false)])).await?, (0, vec![]));
    assert_eq!(fs::read_to_string(stand.folder().join("shares/account/share/file"))?, "kept\n");
    stand.discard();
    stand.next();
    stand.open(vec![volume("share", share(true))]);
    let script = "cat /share/file; { echo x > /share/file; } 2> /dev/null || echo refused";
    let launch = mounted(stand.launch(script), &[("share", "/share", false)]);
    assert_eq!(stand.run(launch).await?, (0, ["kept", "refused"].map(str::to_owned).to_vec()));
    Ok(())
}

pub(super) async fn cannot_be_had(stand: &mut Stand) -> Outcome {
    let outside = Content::Share { account: "..".into(), share: "x".into(), read_only: false };
    let elsewhere = Content::Repository { url: "file:///etc".into(), directory: None, revision: None };
    stand.open(vec![volume("outside", outside), volume("elsewhere", elsewhere)]);
    for name in ["outside", "elsewhere"] {
        stand.start("main", mounted(stand.launch("true"), &[(name, "/x", false)]));
        match stand.event().await? {
            Event::MountFailed { volume, reason, .. } if volume == name => assert!(!reason.is_empty()),
            other => return Err(format!("{name}: {other:?}").into()),
        }
    }
    // A container that does not mount them has nothing to do with it.
    assert_eq!(stand.run(stand.launch("true")).await?.0, 0);
    Ok(())
}

pub(super) async fn config_map(stand: &mut Stand) -> Outcome {
    let config = |files: &[(&str, &str)]| {
        ConfigMap(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    };
    let script = "cd /mnt/configmap/main; cat a b; while [ \"$(cat /mnt/configmap/main/b)\" != three ]; do sleep 0.05; done; ls /mnt/configmap/main";
    stand.open(Vec::new());
    let launch = Launch { config: config(&[("a", "one\n"), ("b", "two\n")]), ..stand.launch(script) };
    stand.started("main", launch).await?;
    stand.heard("main", "two").await?;
    let (sandbox, container) = (stand.sandbox, "main".to_owned());
    let config = config(&[("b", "three"), ("c", "")]);
    stand.runtime.perform(Command::Configure { sandbox, container, config });
    assert_eq!(stand.exited().await?.1, 0);
    let said = stand.said("main").await;
    let said: Vec<_> = said.iter().filter(|line| !line.starts_with("cat: ")).collect();
    assert_eq!(said, ["one", "two", "b", "c"]);
    Ok(())
}
