//! Programs on a terminal inside a running container.

use std::time::Duration;

use acitask_emulator::contract::Command;
use acitask_emulator::image::Settings;
use acitask_emulator::runtime::ExecStream;
use bytes::Bytes;

use crate::Outcome;
use crate::bench::{Bench, SANDBOX, eventually, script};

/// All that the terminal shows until the program's end.
async fn shown(stream: &mut ExecStream) -> Result<String, Box<dyn std::error::Error>> {
    let mut all = Vec::new();
    let reading = async {
        while let Some(chunk) = stream.output.recv().await {
            all.extend_from_slice(&chunk);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await?;
    Ok(String::from_utf8(all)?)
}

/// A bench whose container sleeps.
async fn asleep() -> Result<Bench, Box<dyn std::error::Error>> {
    let mut bench = Bench::with(Settings::default()).await?;
    bench.started(script("trap exit TERM; echo up; while :; do sleep 0.1; done")).await?;
    bench.said(1).await?;
    Ok(bench)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exec_has_a_terminal_of_its_own() -> Outcome {
    let bench = asleep().await?;
    for (argv, text) in [
        (vec!["stty", "size"], "33 101\r\n"),
        (vec!["sh", "-c", "case $(tty) in /dev/pts/[0-9]*) echo named;; esac"], "named\r\n"),
        (vec!["/bin/sh", "-c", "echo $TERM, $A; echo err >&2"], "xterm, from the group\r\nerr\r\n"),
        (
            vec!["/bin/sh", "-c", "cat /proc/1/cmdline > /dev/null && cat /proc/sys/kernel/hostname"],
            "task-1\r\n",
        ),
        (
            vec![
                "/bin/sh",
                "-c",
                "while read -r k v; do case $k in NoNewPrivs:|CapEff:) echo $v;; esac; done < /proc/self/status",
            ],
            "00000000800405fb\r\n1\r\n",
        ),
        // The terminal is in its default state: the kernel echoes, and Ctrl-C is a signal.
        (
            vec![
                "/bin/sh",
                "-c",
                "stty -a | cat > /tmp.txt; case $(cat /tmp.txt) in *' icanon '*' echo '*) echo cooked;; esac",
            ],
            "cooked\r\n",
        ),
    ] {
        let mut stream = bench.exec(&argv).await?;
        assert_eq!(shown(&mut stream).await?, text, "{argv:?}");
    }
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn input_reaches_the_program_and_control_c_its_foreground() -> Outcome {
    let bench = asleep().await?;
    let mut stream = bench.exec(&["sh", "-c", "stty -echo; echo ready; read line; echo got $line"]).await?;
    let first = stream.output.recv().await;
    assert_eq!(first.as_deref(), Some(&b"ready\r\n"[..]));
    stream.input.send(Bytes::from_static(b"hello\n")).await?;
    assert_eq!(shown(&mut stream).await?, "got hello\r\n");

    let mut stream = bench
        .exec(&["sh", "-c", "trap 'echo stopped; exit' INT; echo ready; while :; do sleep 0.05; done"])
        .await?;
    let first = stream.output.recv().await;
    assert_eq!(first.as_deref(), Some(&b"ready\r\n"[..]));
    stream.input.send(Bytes::from_static(b"\x03")).await?;
    assert_eq!(shown(&mut stream).await?, "^Cstopped\r\n");
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn much_output_comes_whole() -> Outcome {
    let bench = asleep().await?;
    let text = "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done";
    let mut stream = bench.exec(&["sh", "-c", text]).await?;
    let shown = shown(&mut stream).await?;
    let expected: String = (0..20_000).map(|number| format!("{number}\r\n")).collect();
    assert!(shown == expected, "{} bytes of {}", shown.len(), expected.len());
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_ends_the_foreground_and_spares_other_sessions() -> Outcome {
    let bench = asleep().await?;
    let text = "trap 'echo hup > /hup; exit' HUP; echo ready; while :; do sleep 0.05; done";
    let mut stream = bench.exec(&["sh", "-c", text]).await?;
    assert_eq!(stream.output.recv().await.as_deref(), Some(&b"ready\r\n"[..]));
    drop(stream);
    let look = async || {
        let mut stream = bench.exec(&["sh", "-c", "cat /hup 2> /dev/null"]).await.ok()?;
        shown(&mut stream).await.ok().filter(|text| text == "hup\r\n")
    };
    eventually(look).await?;
    bench.runtime.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_executed_says_so() -> Outcome {
    let mut bench = asleep().await?;
    for (argv, reason) in [
        (vec!["ls -la"], "exec: \"ls -la\": stat ls -la: no such file or directory: unknown"),
        (vec!["/nope"], "exec: \"/nope\": stat /nope: no such file or directory: unknown"),
    ] {
        let error = bench.exec(&argv).await.err().unwrap_or_default();
        assert!(
            error.starts_with("OCI runtime exec failed: exec failed: ") && error.ends_with(reason),
            "{error}"
        );
    }
    bench.runtime.perform(Command::Stop { sandbox: SANDBOX });
    bench.exited().await?;
    let error = bench.exec(&["sh"]).await.err().unwrap_or_default();
    assert!(error.contains("not running"), "{error}");
    bench.runtime.shutdown().await;
    Ok(())
}
