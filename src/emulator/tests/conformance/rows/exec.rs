//! Programs on a terminal in a running container.

use std::time::Duration;

use acitask_emulator::contract::Command;
use acitask_emulator::runtime::ExecStream;
use bytes::Bytes;

use crate::stand::Stand;
use crate::{Error, Outcome};

/// The container `main`, up.
async fn up(stand: &mut Stand) -> Outcome {
    stand.open(Vec::new());
    stand.started("main", stand.main()).await?;
    stand.heard("main", "up").await
}

/// What the terminal shows until this text or its end.
async fn shown(stream: &mut ExecStream, until: &str) -> Result<String, Error> {
    let mut all = Vec::new();
    let reading = async {
        while let Some(chunk) = stream.output.recv().await {
            all.extend_from_slice(&chunk);
            if !until.is_empty() && String::from_utf8_lossy(&all).contains(until) {
                break;
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let text = String::from_utf8_lossy(&all).into_owned();
    ended.map_err(|_| format!("the terminal showed {text:?} and did not end"))?;
    Ok(text)
}

pub(super) async fn has_a_size(stand: &mut Stand) -> Outcome {
    up(stand).await?;
    // Engines set the size when the program runs already.
    let script = "i=0; while [ \"$(stty size)\" != '33 101' ] && [ $i -lt 50 ]; do sleep 0.05; i=$((i+1)); done; stty size; echo $TERM";
    let mut stream = stand.exec(&["sh", "-c", script]).await?;
    assert_eq!(shown(&mut stream, "").await?, "33 101\r\nxterm\r\n");
    // A program that ends at once has its output shown, and ends the stream.
    let mut stream = stand.exec(&["sh", "-c", "echo short; exit 3"]).await?;
    assert_eq!(shown(&mut stream, "").await?, "short\r\n");
    Ok(())
}

pub(super) async fn takes_input(stand: &mut Stand) -> Outcome {
    up(stand).await?;
    let mut stream = stand.exec(&["cat"]).await?;
    stream.input.send(Bytes::from_static(b"hello\n")).await?;
    shown(&mut stream, "hello").await?;
    stream.input.send(Bytes::from_static(b"\x04")).await?;
    shown(&mut stream, "").await?;
    Ok(())
}

pub(super) async fn finds_nothing(stand: &mut Stand) -> Outcome {
    up(stand).await?;
    for (argv, reason) in [
        (vec!["nope"], "exec: \"nope\": stat nope: no such file or directory: unknown"),
        (vec!["nope -x"], "exec: \"nope -x\": stat nope -x: no such file or directory: unknown"),
    ] {
        let error = stand.exec(&argv).await.err().unwrap_or_default();
        let whole =
            format!("OCI runtime exec failed: exec failed: unable to start container process: {reason}");
        assert_eq!(error, whole);
    }
    Ok(())
}

pub(super) async fn comes_too_late(stand: &mut Stand) -> Outcome {
    up(stand).await?;
    stand.runtime.perform(Command::Stop { sandbox: stand.sandbox });
    stand.exited().await?;
    let error = stand.exec(&["sh"]).await.err().unwrap_or_default();
    assert!(error.starts_with("cannot exec in a stopped container"), "{error}");
    Ok(())
}

pub(super) async fn hangs_up(stand: &mut Stand) -> Outcome {
    up(stand).await?;
    let script = "trap 'echo hup > /hup; exit' HUP; echo ready; while :; do sleep 0.05; done";
    let mut stream = stand.exec(&["sh", "-c", script]).await?;
    shown(&mut stream, "ready").await?;
    drop(stream);
    let look = "i=0; while [ ! -e /hup ] && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; cat /hup";
    let mut stream = stand.exec(&["sh", "-c", look]).await?;
    assert_eq!(shown(&mut stream, "").await?, "hup\r\n");
    Ok(())
}
