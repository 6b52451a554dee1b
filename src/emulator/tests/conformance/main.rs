//! One suite for all runtimes: what a sandbox, a container, a log, an exec, a volume and a probe are, wherever they are made.
//!
//! A row that a runtime cannot pass is listed with the reason. The docker runtime needs an engine: without one its rows
//! are not run, which is said, and fails where `ACITASK_NEEDS_ENGINE` is set.

mod image;
mod rows;
mod stand;

use std::future::Future;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Instant;

use acitask_emulator::runtime::Runtime;
use acitask_emulator::runtime::simulated::behaviour::Behaviour;
use futures::FutureExt as _;

use self::rows::ROWS;
use self::stand::Stand;

type Error = Box<dyn std::error::Error>;

/// What a row says.
type Outcome = Result<(), Error>;

/// A row under way.
type Checked<'s> = Pin<Box<dyn Future<Output = Outcome> + 's>>;

/// A promise of every runtime.
struct Row {
    name: &'static str,
    /// What the container `main` runs where containers are real.
    script: &'static str,
    /// What it does where they are not.
    simulated: Simulation,
    check: for<'s> fn(&'s mut Stand) -> Checked<'s>,
}

/// The row where nothing runs.
enum Simulation {
    /// The container does this.
    Does(fn() -> Behaviour),
    /// It makes no sense there, for this reason.
    Not(&'static str),
}

/// Tells people something whether or not the test fails; the harness hides what is printed otherwise.
fn say(text: &str) {
    // Nothing is left to tell it to when the error stream is closed.
    let _ = writeln!(std::io::stderr(), "conformance: {text}");
}

/// Runs the rows and tells each; all are run, whatever fails.
async fn run(name: &str, stand: &mut Stand) -> Outcome {
    let mut failed = Vec::new();
    for row in &ROWS {
        stand.next();
        stand.script = row.script;
        let began = Instant::now();
        let checked = checked(row, stand).await;
        stand.discard();
        let took = began.elapsed().as_millis();
        match checked {
            Ok(()) => say(&format!("{name}: ok     {} ({took} ms)", row.name)),
            Err(error) => failed.push(format!("{}: {error}", row.name)),
        }
    }
    stand.runtime.shutdown().await;
    verdict(name, ROWS.len(), &failed)
}

/// What came of a row; a promise that does not hold is an error like others, so that the rows after it are run.
async fn checked(row: &Row, stand: &mut Stand) -> Outcome {
    let checked = AssertUnwindSafe((row.check)(stand)).catch_unwind().await;
    checked.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(text.unwrap_or_default().into())
    })
}

fn verdict(name: &str, count: usize, failed: &[String]) -> Outcome {
    failed.iter().for_each(|row| say(&format!("{name}: FAILED {row}")));
    say(&format!("{name}: {} of {count} rows passed", count - failed.len()));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn native() -> Outcome {
    match Stand::native().await? {
        Ok(mut stand) => run("native", &mut stand).await,
        Err(reason) => {
            say(&format!("native: NOT RUN, this machine has no native containers: {reason}"));
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docker() -> Outcome {
    let owner = format!("test{:08x}", std::process::id());
    match Stand::docker(&owner).await? {
        Ok(mut stand) => {
            run("docker", &mut stand).await?;
            rows::left::what_a_killed_emulator_left_is_removed(&owner).await
        }
        Err(reason) if std::env::var_os("ACITASK_NEEDS_ENGINE").is_some() => Err(reason.into()),
        Err(reason) => {
            say(&format!("docker: NOT RUN: {reason}"));
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated() -> Outcome {
    let (mut failed, mut count) = (Vec::new(), 0);
    for row in &ROWS {
        let behaviour = match row.simulated {
            Simulation::Does(behaviour) => behaviour(),
            Simulation::Not(reason) => {
                say(&format!("simulated: not    {}: {reason}", row.name));
                continue;
            }
        };
        count += 1;
        let mut stand = Stand::simulated(behaviour)?;
        stand.next();
        if let Err(error) = checked(row, &mut stand).await {
            failed.push(format!("{}: {error}", row.name));
        }
        stand.runtime.shutdown().await;
    }
    verdict("simulated", count, &failed)
}

/// Whether nothing really runs.
fn is_simulated(stand: &Stand) -> bool {
    matches!(stand.runtime, Runtime::Simulated(_))
}
