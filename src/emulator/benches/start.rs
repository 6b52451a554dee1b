//! How long a native container takes to start, beside a plain process on the same machine at the same time.
//!
//! Prints medians and their ratio, and fails where a start takes 50 ms or more.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../tests/native/bench.rs"]
#[expect(dead_code, reason = "the tests of native containers need more of it")]
mod bench;

use std::process::Command as Program;
use std::time::{Duration, Instant};

use acitask_emulator::contract::Launch;
use acitask_emulator::image::Settings;

use crate::bench::{Bench, script};

/// The most that a start may take.
const LIMIT: Duration = Duration::from_millis(50);
/// How often each is measured.
const ROUNDS: usize = 60;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut bench = Bench::with(Settings::default()).await?;
    let limited = Launch { cpu_milli: Some(1_000), memory_mib: Some(256), ..script("exit 0") };
    // The first start unpacks the image.
    bench.run(limited.clone()).await?;
    let (mut plain, mut started, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    // One after the other, so that both have the same machine.
    for _ in 0..ROUNDS {
        let before = Instant::now();
        let status = Program::new("/bin/sh").args(["-c", "exit 0"]).status()?;
        plain.push(before.elapsed());
        assert!(status.success());
        let before = Instant::now();
        bench.started(limited.clone()).await?;
        started.push(before.elapsed());
        assert_eq!(bench.exited().await?, 0);
        ended.push(before.elapsed());
    }
    let limits = bench.unlimited().map_or("with limits", |_| "without limits").to_owned();
    bench.runtime.shutdown().await;
    let [plain, started, ended] = [plain, started, ended].map(median);
    println!("plain process, start to end:      {plain:>10.2?}");
    println!("container {limits}, to its start: {started:>10.2?}");
    println!("container {limits}, to its end:   {ended:>10.2?}");
    println!("a container's start is {:.1} plain processes", started.as_secs_f64() / plain.as_secs_f64());
    if started < LIMIT {
        Ok(())
    } else {
        Err(format!("a start takes {started:?}, more than {LIMIT:?}").into())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
