//! What a state folder remembers, and for whom.

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn secret_and_port_are_made_once_and_private() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(&folder.path().join("deep/state"))?;
    assert_eq!(home.secret()?.reveal(), home.secret()?.reveal());
    assert_eq!(home.port()?, home.port()?);
    assert_eq!(home.https_port()?, home.https_port()?);
    assert_ne!(home.port()?, home.https_port()?);
    let mode = |path: &Path| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    assert_eq!(mode(home.path())?, 0o700);
    assert_eq!(mode(&home.path().join("secret"))?, 0o600);
    Ok(())
}

#[test]
fn damaged_files_are_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    for port in ["", "0", "http", "65536"] {
        std::fs::write(folder.path().join("port"), port)?;
        assert!(matches!(home.port(), Err(HomeError::Damaged { .. })), "{port:?}");
        std::fs::write(folder.path().join("https-port"), port)?;
        assert!(matches!(home.https_port(), Err(HomeError::Damaged { .. })), "{port:?}");
    }
    std::fs::write(folder.path().join("secret"), "short")?;
    assert!(matches!(home.secret(), Err(HomeError::Damaged { .. })));
    Ok(())
}

#[test]
fn one_emulator_a_folder() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let claim = home.claim()?;
    assert!(matches!(home.claim(), Err(HomeError::Taken { .. })));
    drop(claim);
    home.claim()?;
    Ok(())
}

#[test]
fn the_port_is_listened_on_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let listener = home.listen()?;
    assert_eq!(listener.local_addr()?.port(), home.port()?);
    assert!(matches!(home.listen(), Err(HomeError::PortTaken { .. })));
    let listener = home.listen_https()?;
    assert_eq!(listener.local_addr()?.port(), home.https_port()?);
    assert!(matches!(home.listen_https(), Err(HomeError::PortTaken { .. })));
    Ok(())
}

#[test]
fn the_note_comes_and_goes() -> Outcome {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let running = Running { pid: 7, port: 4000, https_port: Some(4001), build: "b".to_owned() };
    assert_eq!(home.running()?, None);
    home.announce(&running)?;
    assert_eq!(home.running()?, Some(running));
    home.retract()?;
    home.retract()?;
    assert_eq!(home.running()?, None);
    Ok(())
}
