//! Whether a container is well.

use acitask_emulator::contract::Check;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::Outcome;
use crate::stand::Stand;

pub(super) async fn by_program(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    let check = |script: &str| Check::Exec(["sh", "-c", script].map(str::to_owned).to_vec());
    assert_eq!(stand.probed(check("exit 0"), 10).await?, None);
    let unwell = stand.probed(check("echo it is broken; exit 1"), 10).await?;
    assert_eq!(unwell.as_deref(), Some("it is broken"));
    let unwell = stand.probed(check("exit 4"), 10).await?;
    assert_eq!(unwell.as_deref(), Some("command exited with 4"));
    let unwell = stand.probed(check("sleep 20"), 1).await?;
    assert_eq!(unwell.as_deref(), Some("command timed out after 1s"));
    let unwell = stand.probed(Check::Exec(vec!["nope".into()]), 10).await?.unwrap_or_default();
    assert!(unwell.contains("exec: \"nope\": stat nope: no such file or directory"), "{unwell}");
    Ok(())
}

pub(super) async fn by_request(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    // Containers share the machine's network: a server here is as good as one in the container.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let count = stream.read(&mut asked).await.unwrap_or_default();
            let asked = String::from_utf8_lossy(&asked[..count]).to_ascii_lowercase();
            let status = match asked.split(' ').nth(1) {
                Some("/well") if asked.contains("x-told: yes") => "204 No Content",
                Some("/elsewhere") => "302 Found",
                Some("/silent") => {
                    tokio::time::sleep(std::time::Duration::from_secs(20)).await;
                    continue;
                }
                _ => "500 Internal Server Error",
            };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let check = |port, path: &str| Check::Http {
        scheme: "http".into(),
        port,
        path: path.to_owned(),
        headers: vec![("X-Told".into(), "yes".into())],
    };
    assert_eq!(stand.probed(check(port, "/well"), 10).await?, None);
    assert_eq!(stand.probed(check(port, "/elsewhere"), 10).await?, None);
    let unwell = stand.probed(check(port, "/other"), 10).await?;
    assert_eq!(unwell.as_deref(), Some("HTTP probe failed with statuscode: 500"));
    let unwell = stand.probed(check(port, "/silent"), 1).await?.unwrap_or_default();
    assert!(unwell.contains("context deadline exceeded"), "{unwell}");
    server.abort();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let unwell = stand.probed(check(free, "/"), 10).await?.unwrap_or_default();
    assert!(unwell.to_ascii_lowercase().contains("refused"), "{unwell}");
    Ok(())
}
