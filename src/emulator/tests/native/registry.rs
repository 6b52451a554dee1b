//! Images from a registry on this machine: with and without credentials, and everything that such a one can do wrong.

mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use acitask_emulator::contract::{Command, Credential, Event, Fact, ImageSource, Launch, Question};
use acitask_emulator::image::{Settings, Store};

use self::server::{Door, Fault, Registry};
use crate::Outcome;
use crate::bench::{Bench, SANDBOX, script, shell_image};

type Error = Box<dyn std::error::Error>;

fn source(image: &str, password: Option<&str>) -> ImageSource {
    let credential = password.map(|password| Credential {
        server: "test".into(),
        username: "user".into(),
        password: password.into(),
    });
    ImageSource { image: image.to_owned(), credential }
}

async fn asked(bench: &Bench, source: ImageSource) -> Fact {
    bench.runtime.ask(Question::Images(vec![source])).await
}

async fn pull(bench: &mut Bench, source: ImageSource) -> Result<Event, Error> {
    bench.runtime.perform(Command::Pull { sandbox: SANDBOX, container: "main".into(), source });
    bench.event().await
}

/// What the image's own command prints.
async fn word(bench: &mut Bench, image: &str) -> Result<String, Error> {
    let launch = Launch { source: image.into(), command: Vec::new(), ..script("") };
    Ok(bench.run(launch).await?.1.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_comes_from_its_registry() -> Outcome {
    for (door, password) in
        [(Door::Open, None), (Door::Basic, Some("canary-password")), (Door::Token, Some("canary-password"))]
    {
        let registry = Registry::start(door).await?;
        let mut bench = Bench::with(Settings::default()).await?;
        let image = registry.image(":1");
        assert_eq!(asked(&bench, source(&image, password)).await, Fact::ImagesFound);
        let blobs = registry.asked().iter().filter(|line| line.contains("/blobs/")).count();
        assert_eq!(blobs, 0, "a question fetches nothing");
        let Event::Pulled { digest, .. } = pull(&mut bench, source(&image, password)).await? else {
            return Err("not pulled".into());
        };
        assert!(registry.has(&digest));
        assert_eq!(word(&mut bench, &image).await?, "from the registry");
        // By digest, of the index and of the variant.
        for digest in [registry.index().ok_or("no index")?, digest] {
            let image = registry.image(&format!("@{digest}"));
            let pulled = pull(&mut bench, source(&image, password)).await?;
            assert!(matches!(pulled, Event::Pulled { .. }), "{pulled:?}");
        }
        // Nothing of the credential is kept.
        let grep = std::process::Command::new("grep")
            .args(["-rl", "canary-password"])
            .arg(bench.folder())
            .output()?;
        assert_eq!(String::from_utf8(grep.stdout)?, "");
        bench.runtime.shutdown().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_have_an_image_is_told_so_and_no_secret_with_it() -> Outcome {
    for door in [Door::Basic, Door::Token] {
        let registry = Registry::start(door).await?;
        let mut bench = Bench::with(Settings::default()).await?;
        for (version, password) in
            [(":1", None), (":1", Some("canary-wrong")), (":2", Some("canary-password"))]
        {
            let image = registry.image(version);
            let Fact::ImageMissing { image: named, reason } = asked(&bench, source(&image, password)).await
            else {
                return Err(format!("{version} {password:?} was found").into());
            };
            assert_eq!(named, image);
            assert!(!reason.contains("canary") && reason.contains("registry"), "{reason}");
            let Event::PullFailed { reason, .. } = pull(&mut bench, source(&image, password)).await? else {
                return Err(format!("{version} {password:?} was pulled").into());
            };
            assert!(!reason.contains("canary"), "{reason}");
        }
        bench.runtime.shutdown().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_out_of_order_is_told_apart_from_a_missing_image() -> Outcome {
    let registry = Registry::start(Door::Open).await?;
    let mut bench = Bench::with(Settings::default()).await?;
    let image = registry.image(":1");
    for (code, word) in [(429, "too many requests"), (500, "500"), (503, "503")] {
        registry.set(Fault::Status(code));
        let Fact::RegistryFailed { server, reason } = asked(&bench, source(&image, None)).await else {
            return Err(format!("{code} is no failure").into());
        };
        assert_eq!(server, registry.host);
        assert!(reason.contains(word), "{reason}");
    }
    for (fault, word) in [(Fault::Forged, "igest"), (Fault::Cut, "digest"), (Fault::Longer, "larger than")] {
        registry.set(fault);
        let Event::PullFailed { reason, .. } = pull(&mut bench, source(&image, None)).await? else {
            return Err("damaged bytes were taken".into());
        };
        assert!(reason.contains(word), "{reason}");
        let left = std::fs::read_dir(bench.folder().join("images"))?.flatten();
        assert_eq!(
            left.filter(|entry| entry.file_name().to_string_lossy().starts_with("pulling-")).count(),
            0
        );
    }
    registry.set(Fault::None);
    assert!(matches!(pull(&mut bench, source(&image, None)).await?, Event::Pulled { .. }));
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pulled_is_kept_and_its_tag_asked_again() -> Outcome {
    let registry = Registry::start(Door::Open).await?;
    let mut bench = Bench::with(Settings::default()).await?;
    let image = registry.image(":1");
    pull(&mut bench, source(&image, None)).await?;
    registry.asked();
    // The same again: the tag is looked at, nothing is fetched.
    pull(&mut bench, source(&image, None)).await?;
    assert!(
        registry.asked().iter().all(|line| !line.contains("/blobs/") && !line.starts_with("GET /v2/test"))
    );
    assert_eq!(word(&mut bench, &image).await?, "from the registry");
    registry.publish("moved")?;
    // A start takes what was pulled.
    assert_eq!(word(&mut bench, &image).await?, "from the registry");
    pull(&mut bench, source(&image, None)).await?;
    assert_eq!(word(&mut bench, &image).await?, "moved");
    // The registry is gone: what is kept is taken, also by the next emulator.
    let nowhere = registry.image(":2");
    drop(registry);
    assert_eq!(asked(&bench, source(&image, None)).await, Fact::ImagesFound);
    assert!(matches!(pull(&mut bench, source(&image, None)).await?, Event::Pulled { .. }));
    let before = Instant::now();
    let Fact::ImageMissing { reason, .. } = asked(&bench, source(&nowhere, None)).await else {
        return Err("a dead registry has an image".into());
    };
    assert!(reason.contains("cannot be reached") && reason.contains("images load"), "{reason}");
    assert!(before.elapsed() < Duration::from_secs(10));
    bench.runtime.shutdown().await;
    let init = Path::new(env!("CARGO_BIN_EXE_acitask-emulator-init"));
    let mut next = Bench::at(bench.folder(), init, Settings::default()).await?;
    assert_eq!(asked(&next, source(&image, None)).await, Fact::ImagesFound);
    assert_eq!(word(&mut next, &image).await?, "moved");
    next.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_goes_before_the_registry() -> Outcome {
    let registry = Registry::start(Door::Open).await?;
    let mut bench = Bench::with(Settings::default()).await?;
    let image = registry.image(":1");
    let archive = bench.folder().join("own.tar");
    let settings = Settings { cmd: Some(vec!["cat".into(), "/word".into()]), ..Settings::default() };
    let build = shell_image(settings)?.file("/word", 0o644, b"loaded".to_vec());
    build.write(&image.parse()?, &archive)?;
    Store::open(bench.folder().join("images"))?.load(&archive)?;
    assert_eq!(asked(&bench, source(&image, None)).await, Fact::ImagesFound);
    pull(&mut bench, source(&image, None)).await?;
    assert_eq!(word(&mut bench, &image).await?, "loaded");
    assert_eq!(registry.asked(), Vec::<String>::new());
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_ends_does_not_wait_for_its_images() -> Outcome {
    // It accepts and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let image = format!("{}/test/shell:1", listener.local_addr()?);
    let mut bench = Bench::with(Settings::default()).await?;
    bench.runtime.perform(Command::Pull {
        sandbox: SANDBOX,
        container: "main".into(),
        source: source(&image, None),
    });
    let (_connection, _) = listener.accept().await?;
    let before = Instant::now();
    bench.runtime.perform(Command::Discard { sandbox: SANDBOX });
    bench.runtime.shutdown().await;
    assert!(before.elapsed() < Duration::from_secs(5));
    assert!(bench.events.try_recv().is_err());
    Ok(())
}
