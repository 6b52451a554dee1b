//! What a program sees of its image, its group and its neighbours.

use std::net::TcpListener;

use acitask_emulator::contract::Launch;

use crate::image::ENTRY;
use crate::stand::Stand;
use crate::{Error, Outcome};

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

pub(super) async fn images_settings(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    let launch = Launch { source: ENTRY.into(), command: Vec::new(), ..stand.main() };
    let launch = Launch { environment: vec![("B".into(), "from the group".into())], ..launch };
    let (code, said) = stand.run(launch).await?;
    assert_eq!((code, said), (0, texts(&["the image says a from the group", "/work/dir"])));
    let launch = Launch { source: ENTRY.into(), ..stand.launch("id -u; id -g") };
    assert_eq!(stand.run(launch).await?, (0, texts(&["1000", "100"])));
    Ok(())
}

pub(super) async fn command(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    let environment = vec![("C".into(), "two words".into()), ("A".into(), "mine".into())];
    let launch = Launch { source: ENTRY.into(), environment, ..stand.main() };
    assert_eq!(stand.run(launch).await?, (0, texts(&["mine b two words", "/work/dir"])));
    Ok(())
}

pub(super) async fn user(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    for (user, group, said) in [
        (None, None, ["0", "0"]),
        (Some(1234), None, ["1234", "0"]),
        (Some(1234), Some(567), ["1234", "567"]),
    ] {
        let launch = Launch { user, group, ..stand.launch("id -u; id -g") };
        assert_eq!(stand.run(launch).await?, (0, texts(&said)), "{user:?} {group:?}");
    }
    Ok(())
}

pub(super) async fn hostname(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    assert_eq!(stand.run(stand.main()).await?, (0, texts(&["task-1", "task-1"])));
    Ok(())
}

pub(super) async fn localhost(stand: &mut Stand) -> Outcome {
    // Where containers share the machine's network too, the port has to be free there.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    stand.open(Vec::new());
    stand.started("answers", stand.launch(&format!("exec peer answer {port} hello"))).await?;
    stand.started("asks", stand.launch(&format!("exec peer ask {port}"))).await?;
    let mut ended = [stand.exited().await?, stand.exited().await?].map(|(name, code, _)| (name, code));
    ended.sort();
    assert_eq!(ended, [("answers".to_owned(), 0), ("asks".to_owned(), 0)]);
    let said: Result<_, Error> = Ok(stand.said("asks").await);
    assert_eq!(said?, ["hello"]);
    Ok(())
}
