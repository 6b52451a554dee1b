//! From the pull to the end.

use std::time::{Duration, Instant};

use acitask_emulator::contract::{Command, Event, Fact, Launch, Question};

use crate::image::NONE;
use crate::stand::Stand;
use crate::{Outcome, is_simulated};

pub(super) async fn pulls(stand: &mut Stand) -> Outcome {
    let (sandbox, source) = (stand.sandbox, stand.image().into());
    stand.open(Vec::new());
    stand.runtime.perform(Command::Pull { sandbox, container: "main".into(), source });
    match stand.event().await? {
        Event::Pulled { container, digest, .. } if container == "main" => {
            let hex = digest.strip_prefix("sha256:").unwrap_or_default();
            assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
        }
        other => return Err(format!("{other:?}").into()),
    }
    let asked = Question::Images(vec![stand.image().into()]);
    assert_eq!(stand.runtime.ask(asked).await, Fact::ImagesFound);
    Ok(())
}

pub(super) async fn misses(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    for image in [NONE, "NO IMAGE"] {
        let (sandbox, container) = (stand.sandbox, "main".to_owned());
        stand.runtime.perform(Command::Pull { sandbox, container, source: image.into() });
        match stand.event().await? {
            Event::PullFailed { reason, .. } => assert!(!reason.is_empty()),
            other => return Err(format!("{image}: {other:?}").into()),
        }
        match stand.runtime.ask(Question::Images(vec![stand.image().into(), image.into()])).await {
            Fact::ImageMissing { image: found, .. } => assert_eq!(found, image),
            Fact::RegistryFailed { server, .. } => assert_eq!(server, "localhost:1"),
            Fact::ImagesFound => return Err(format!("{image} was found").into()),
        }
    }
    Ok(())
}

pub(super) async fn ends(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    assert_eq!(stand.exited().await?, ("main".to_owned(), 7, false));
    Ok(())
}

pub(super) async fn cannot_start(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    for (command, reason) in [
        (vec!["nope"], "exec: \"nope\": executable file not found in $PATH"),
        (vec!["/nope", "x"], "exec: \"/nope\": stat /nope: no such file or directory"),
        (vec!["/etc/data"], "exec: \"/etc/data\": permission denied"),
        (vec![], "no command specified"),
    ] {
        let words = command.iter().map(|word| (*word).to_owned()).collect();
        stand.start("main", Launch { command: words, ..stand.main() });
        let Event::StartFailed { reason: found, .. } = stand.event().await? else {
            return Err(format!("{command:?} started").into());
        };
        assert!(found.ends_with(&format!("unable to start container process: {reason}: unknown")), "{found}");
        assert!(found.starts_with("failed to create containerd task: "), "{found}");
        assert_eq!(stand.said("main").await, Vec::<String>::new());
    }
    Ok(())
}

pub(super) async fn stops(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    stand.heard("main", "up").await?;
    let began = Instant::now();
    stand.runtime.perform(Command::Stop { sandbox: stand.sandbox });
    assert_eq!(stand.exited().await?, ("main".to_owned(), 3, false));
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());
    Ok(())
}

pub(super) async fn is_killed(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    stand.heard("main", "up").await?;
    let began = Instant::now();
    stand.runtime.perform(Command::Stop { sandbox: stand.sandbox });
    assert_eq!(stand.exited().await?, ("main".to_owned(), 137, false));
    assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
    Ok(())
}

pub(super) async fn ends_one(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    for container in ["main", "second"] {
        stand.started(container, stand.main()).await?;
        stand.heard(container, "up").await?;
    }
    let code = if is_simulated(stand) { 143 } else { 3 };
    stand.runtime.perform(Command::Kill { sandbox: stand.sandbox, container: "second".into() });
    assert_eq!(stand.exited().await?, ("second".to_owned(), code, false));
    stand.silence(Duration::from_millis(300)).await?;
    assert_eq!(stand.said("second").await, ["up"]);
    stand.runtime.perform(Command::Stop { sandbox: stand.sandbox });
    assert_eq!(stand.exited().await?, ("main".to_owned(), code, false));
    Ok(())
}

pub(super) async fn discards(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    stand.heard("main", "up").await?;
    stand.discard();
    stand.silence(Duration::from_secs(1)).await?;
    assert_eq!(stand.said("main").await, Vec::<String>::new());
    Ok(())
}

pub(super) async fn restarts(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    for _ in 0..2 {
        assert_eq!(stand.run(stand.main()).await?, (0, ["data", "data", "more"].map(str::to_owned).to_vec()));
    }
    Ok(())
}

pub(super) async fn wants_memory(stand: &mut Stand) -> Outcome {
    if let Some(reason) = &stand.unlimited {
        crate::say(&format!("NOT RUN: this machine gives no limits of memory: {reason}"));
        return Ok(());
    }
    stand.open(Vec::new());
    let launch = Launch { memory_mib: Some(32), cpu_milli: Some(1000), ..stand.main() };
    stand.started("main", launch).await?;
    let (_, code, out_of_memory) = stand.exited().await?;
    assert_eq!(code, 137);
    if stand.tells_out_of_memory {
        assert!(out_of_memory, "it was not said to be for its memory");
    } else {
        crate::say("this engine cannot tell that a container was ended for its memory");
    }
    Ok(())
}

pub(super) async fn fells_trees(stand: &mut Stand) -> Outcome {
    let mark = format!("1000.{}", std::process::id());
    let script = format!("trap '' TERM HUP; (trap '' HUP; sleep {mark} &) ; echo up; sleep {mark}");
    stand.open(Vec::new());
    stand.started("main", stand.launch(&script)).await?;
    stand.heard("main", "up").await?;
    let sleeping = || -> Result<usize, std::io::Error> {
        let mut count = 0;
        for entry in std::fs::read_dir("/proc")? {
            // A process may end while we look.
            let line = std::fs::read(entry?.path().join("cmdline")).unwrap_or_default();
            count += usize::from(line == format!("sleep\0{mark}\0").as_bytes());
        }
        Ok(count)
    };
    for wanted in [2, 0] {
        let mut found = sleeping()?;
        for _ in 0..300 {
            if found == wanted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = sleeping()?;
        }
        assert_eq!(found, wanted, "processes of the container");
        stand.discard();
    }
    Ok(())
}
