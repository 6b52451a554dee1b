//! A kill of the whole process loses nothing that was acknowledged, and the next start says what it found.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acitask_emulator::home::Home;
use acitask_emulator::{Emulator, Options, Recovered};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

use super::Outcome;
use super::wire::{VERSION, send};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A server in a process of its own, killed when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn begin(folder: &Path) -> Result<(Server, u16), Failure> {
    let program = env!("CARGO_BIN_EXE_acitask-emulator-init");
    let child = Command::new(program).arg("serve").arg(folder).stdin(Stdio::null()).spawn()?;
    let server = Server(child);
    let home = Home::open(folder)?;
    for _ in 0..1000 {
        if let Some(running) = home.running()?.filter(|running| running.pid == server.0.id()) {
            return Ok((server, running.port));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err("the server does not come up".into())
}

/// One request on a connection of its own, and the status of its answer; none where the server was gone.
async fn ask(port: u16, token: &str, method: &str, path: &str, body: &Value) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let body = body.to_string();
    let head = format!(
        "{method} {path}{VERSION} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

fn task() -> Value {
    let resources = json!({"requests": {"cpu": 0.1, "memoryInGB": 0.1}});
    let container =
        json!({"name": "c", "properties": {"image": "simulated/run:forever", "resources": resources}});
    json!({"location": "westeurope", "properties": {"osType": "Linux", "restartPolicy": "Never", "containers": [container]}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost() -> Outcome {
    let folder = tempfile::tempdir()?;
    let token = {
        let state = Some(folder.path().to_owned());
        Emulator::open(Options { state, ..Options::in_memory() }).await?.token()
    };
    let mut acknowledged = Vec::new();
    for round in 0..3_u32 {
        let (mut server, port) = begin(folder.path()).await.map_err(|error| error.to_string())?;
        let done = Arc::new(AtomicUsize::new(0));
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..4_u32 {
            let (token, done) = (token.clone(), Arc::clone(&done));
            clients.spawn(async move {
                let mut kept = Vec::new();
                for number in 0.. {
                    let group = format!("/subscriptions/s/resourceGroups/r{round}-{client}-{number}");
                    let own = format!("{group}/providers/Microsoft.ContainerInstance/containerGroups/g");
                    for (path, body) in [(group, json!({"location": "westeurope"})), (own, task())] {
                        match ask(port, &token, "PUT", &path, &body).await {
                            Some(201) => kept.push(path),
                            // Cut in the middle: it may be there or not.
                            None => return (kept, None),
                            Some(other) => return (kept, Some((path, other))),
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
                (kept, None)
            });
        }
        while done.load(Ordering::Relaxed) < 40 && !clients.is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        server.0.kill()?;
        server.0.wait()?;
        while let Some(client) = clients.join_next().await {
            let (kept, odd) = client?;
            assert_eq!(odd, None, "an answer that was not expected");
            acknowledged.extend(kept);
        }
    }
    assert!(acknowledged.len() >= 120, "only {} changes were acknowledged", acknowledged.len());

    // A line that a crash tore.
    let home = Home::open(folder.path())?;
    let torn = br#"{"key":"container-group:/sub"#;
    OpenOptions::new().append(true).open(folder.path().join("world.jsonl"))?.write_all(torn)?;
    let state = Some(home.path().to_owned());
    let emulator = Emulator::open(Options { state, ..Options::in_memory() }).await?;
    for path in &acknowledged {
        let seen = send(&emulator, "GET", &format!("{path}{VERSION}"), Value::Null).await?;
        assert_eq!(seen.status, 200, "{path} is lost");
    }
    let Recovered { killed, records, torn_bytes, restarted } = *emulator.recovered();
    let groups = acknowledged.iter().filter(|path| path.ends_with("/g")).count();
    assert!(killed && records > acknowledged.len() && restarted >= groups, "{:?}", emulator.recovered());
    assert_eq!(torn_bytes, torn.len());
    let told = emulator.recovered().told().unwrap_or_default();
    assert!(told.contains("after it was killed") && told.contains("started again"), "{told}");
    Ok(())
}
