//! Signals of whoever started the emulator, which are none of a task's business.

use std::process::Command;

use acitask_emulator::image::Settings;

use crate::Outcome;
use crate::bench::{Bench, script};

/// Says that the test runs in a process that was told to ignore signals.
const TOLD: &str = "ACITASK_TEST_TOLD_TO_IGNORE";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_emulator_was_told_to_ignore_a_task_hears() -> Outcome {
    if std::env::var_os(TOLD).is_none() {
        let again = "trap '' HUP INT QUIT TERM USR1; exec \"$0\" --exact \"$1\" --nocapture";
        let name = "signals::what_the_emulator_was_told_to_ignore_a_task_hears";
        let mut shell = Command::new("sh");
        shell.args(["-c", again]).arg(std::env::current_exe()?).arg(name).env(TOLD, "1");
        let done = shell.output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
        return Ok(());
    }
    let mut bench = Bench::with(Settings::default()).await?;
    let text =
        "for n in HUP INT QUIT TERM USR1; do { sh -c \"kill -$n \\$\\$\"; } 2> /dev/null; echo $?; done";
    let (_, said) = bench.run(script(text)).await?;
    assert_eq!(said, ["129", "130", "131", "143", "138"]);
    bench.runtime.shutdown().await;
    Ok(())
}
