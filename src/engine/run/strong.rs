//! A strong run: a command in a container that stays alive.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::arm::exec::{self, Command, ExecFault, Signal, Streams, Trace};
use crate::arm::fault::{Fault, FaultKind};
use crate::engine::event::{End, Limit, Stream};
use crate::engine::ledger;
use crate::engine::retry;
use crate::engine::run::attempt::Attempts;
use crate::engine::run::lines::Lines;
use crate::engine::run::{Outcome, close, keep, open};
use crate::engine::step::Work;
use crate::engine::wait::{self, Pace, Wait, until};
use crate::model::record::Record;
use crate::model::stack::Interrupted;
use crate::plan::judge::EndedBy;
use crate::plan::{Course, Exec, Run, judge};

/// How long a command may take where its run names no time-out: a day, so that every wait ends.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How often a run that was lost is executed again at most, where its manifest says `interrupted: rerun`.
const RERUNS: u32 = 3;

/// Executes the command, or finishes the run that was interrupted, and records how it ended.
pub(crate) async fn run(work: &Work<'_>, run: &Run, exec: &Exec) -> Result<End, End> {
    match (run.course, &exec.resume) {
        (Course::Follow, _) => {}
        (Course::Leave, _) => {
            let why = "a strong run ends with its stream, so it cannot be left to itself".to_owned();
            let help = Some(format!("leave --detach out: acitask run {}", run.name));
            return Err(End::Failed { why, help });
        }
        (Course::Cancel, None) => return Ok(End::Done("no run of it is under way".to_owned())),
        (Course::Cancel, Some(open)) => {
            end(work, run, open).await;
            close(work, run, open, &Outcome::Cancelled).await?;
            return Ok(End::Done(format!("run {} is ended", open.id)));
        }
    }
    let command = command(work, exec)?;
    let start = ready(work, run).await?;
    let mut record = Record { container_start: start, ..open(work, run) };
    let resumed = match &exec.resume {
        None => Resumed::Begin,
        Some(open) => resume(work, run, exec, open, start).await?,
    };
    match (&exec.resume, &resumed) {
        // It ran with what it was begun with, though the manifest may say something else by now.
        (Some(open), Resumed::Ended(_)) => record = Record { container_start: start, ..open.clone() },
        (Some(open), Resumed::BeginAgain) => record.id = open.id.clone(),
        (Some(_), Resumed::Begin) | (None, _) => {}
    }
    let mut outcome = match resumed {
        Resumed::Ended(outcome) => outcome,
        Resumed::Begin | Resumed::BeginAgain => begin(work, run, exec, &command, &mut record).await?,
    };
    let mut attempts = Attempts::new(run.retries);
    while attempts.again(work, &record, &outcome).await? {
        // Each attempt leaves a trace of its own in the container, so it has an id of its own.
        let start = ready(work, run).await?;
        record = Record { container_start: start, attempt: record.attempt + 1, ..open(work, run) };
        outcome = begin(work, run, exec, &command, &mut record).await?;
    }
    close(work, run, &record, &outcome).await?;
    Ok(outcome.end())
}

/// Records that the command is about to be executed, and executes it. Where nothing tells how it ended, the declared rule
/// decides whether it is executed once more, as a run of its own.
async fn begin(
    work: &Work<'_>,
    run: &Run,
    exec: &Exec,
    command: &Command,
    record: &mut Record,
) -> Result<Outcome, End> {
    let mut command = command.clone();
    for lost in 1.. {
        ledger::write(work, run, record).await?;
        work.record(&run.name, record);
        keep(work, run, record, "");
        command.run = Some(record.id.clone());
        command.attempt = record.attempt;
        if let Some(outcome) = execute(work, run, exec, &command, record).await? {
            return Ok(outcome);
        }
        if exec.interrupted == Interrupted::Fail || lost > RERUNS {
            break;
        }
        work.phase("nothing tells how the run ended: executing it again");
        let start = ready(work, run).await?;
        *record = Record { container_start: start, attempt: record.attempt, ..open(work, run) };
    }
    Ok(Outcome::Interrupted("its stream was cut, and nothing tells how it ended".to_owned()))
}

/// What is to be done about a run that was interrupted.
enum Resumed {
    /// A new run begins.
    Begin,
    /// The same run begins, because it never did.
    BeginAgain,
    /// It ended.
    Ended(Outcome),
}

fn command(work: &Work<'_>, exec: &Exec) -> Result<Command, End> {
    let mut environment = Vec::new();
    for (name, value) in &exec.environment {
        let value = value.secret().ok_or_else(|| End::Failed {
            why: format!("the secret of the variable {name} is not available"),
            help: Some("give it a value with --var, with --env-file or in the environment".to_owned()),
        })?;
        environment.push((name.clone(), value));
    }
    Ok(Command {
        argv: exec.command.clone(),
        env: environment,
        dir: exec.working_directory.clone(),
        run: None,
        attempt: 1,
        nonce: nonce(work),
    })
}

/// Waits until the container runs, and gives its start time.
async fn ready(work: &Work<'_>, run: &Run) -> Result<Option<Timestamp>, End> {
    let began = Instant::now();
    until(work, &run.group, wait::PROVISIONING, |seen| match seen {
        None if began.elapsed() > wait::UNSEEN => {
            Wait::Failed(End::Failed { why: format!("its group {} is not there", run.group), help: None })
        }
        None => Wait::Moving("waiting to see its group".to_owned()),
        Some(seen) => match judge::strong_ready(seen, &run.container) {
            judge::Judgement::Moving(phase) => Wait::Moving(phase),
            judge::Judgement::Done(()) => Wait::Over(seen.start_time(&run.container)),
            judge::Judgement::Failed(why) => Wait::Failed(End::TaskFailed { exit: None, why }),
        },
    })
    .await
}

/// Asks the container about a run that was interrupted.
async fn resume(
    work: &Work<'_>,
    run: &Run,
    exec: &Exec,
    open: &Record,
    start: Option<Timestamp>,
) -> Result<Resumed, End> {
    work.phase(format!("asking the container about the interrupted run {}", open.id));
    let trace = await_trace(work, run, open, Instant::now()).await?;
    Ok(match trace {
        Traced::Ended(outcome) => Resumed::Ended(outcome),
        Traced::NeverBegan if open.container_start == start => Resumed::BeginAgain,
        Traced::NeverBegan | Traced::Nothing => match exec.interrupted {
            Interrupted::Rerun => Resumed::Begin,
            Interrupted::Fail => Resumed::Ended(Outcome::Interrupted(format!(
                "run {} was interrupted, and nothing tells how it ended",
                open.id
            ))),
        },
    })
}

/// What the container told in the end.
enum Traced {
    /// How the run ended.
    Ended(Outcome),
    /// The run never began in this container's life.
    NeverBegan,
    /// Nothing.
    Nothing,
}

/// Asks the container until the run has ended, or has had its time.
async fn await_trace(work: &Work<'_>, run: &Run, record: &Record, began: Instant) -> Result<Traced, End> {
    let mut pace = Pace::new();
    loop {
        match ask(work, run, record, None).await.map_err(unreachable)? {
            Trace::Ended(code) => return Ok(Traced::Ended(ended(Some(code)))),
            Trace::NeverBegan => return Ok(Traced::NeverBegan),
            Trace::Lost | Trace::Unknown => return Ok(Traced::Nothing),
            Trace::Running(pid) => {
                work.phase(format!("the run goes on as process {pid}; its output since is lost"))
            }
        }
        if began.elapsed() > allowed(run) {
            return Ok(Traced::Ended(cancel(work, run, record, Limit::Total, allowed(run)).await));
        }
        pace.pause().await;
    }
}

/// Executes the command and hands its output on, again where it was not begun and the fault is worth it. Nothing where
/// nothing tells how it ended.
async fn execute(
    work: &Work<'_>,
    run: &Run,
    exec: &Exec,
    command: &Command,
    record: &Record,
) -> Result<Option<Outcome>, End> {
    let began = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        work.phase("running");
        let fault = match execute_once(work, run, exec, command).await {
            Executed::Over(limit, allowed) => {
                return Ok(Some(cancel(work, run, record, limit, allowed).await));
            }
            Executed::Ended(Ok(end)) => return Ok(Some(ended(end.code))),
            Executed::Ended(Err(fault)) => fault,
        };
        if let Some(fault) = worth(&fault)
            && let Some(after) = retry::pause(&fault, tries)
        {
            work.retrying(&fault, after);
            tokio::time::sleep(after).await;
            continue;
        }
        return match fault {
            ExecFault::NotStarted { code, message } => {
                Ok(Some(Outcome::Ended { exit: Some(code), why: message, by: EndedBy::Task }))
            }
            // It can never be begun in this container, so there is nothing to ask about later.
            ExecFault::Unfit(why) => {
                Ok(Some(Outcome::Ended { exit: None, why: why.to_owned(), by: EndedBy::Task }))
            }
            ExecFault::Cut { .. } | ExecFault::AlreadyBegun => {
                work.phase("the stream was cut: asking the container how the run goes on");
                match await_trace(work, run, record, began).await? {
                    Traced::Ended(outcome) => Ok(Some(outcome)),
                    // It was cut before the container heard what to do. Whatever is still on its way to it then finds
                    // the trace of this id.
                    Traced::NeverBegan
                        if ready(work, run).await? == record.container_start
                            && let Some(after) = retry::pause(&cut(), tries) =>
                    {
                        work.retrying(&fault, after);
                        tokio::time::sleep(after).await;
                        continue;
                    }
                    Traced::NeverBegan | Traced::Nothing => Ok(None),
                }
            }
            fault @ (ExecFault::Call(_) | ExecFault::Cancelled | ExecFault::Protocol(_)) => {
                Err(unreachable(fault))
            }
        };
    }
}

/// How following a command ended.
enum Executed {
    /// With the command, or with its stream.
    Ended(Result<exec::Ended, ExecFault>),
    /// Its time was over before.
    Over(Limit, Duration),
}

/// Executes the command until it has ended, or its time is over.
async fn execute_once(work: &Work<'_>, run: &Run, exec: &Exec, command: &Command) -> Executed {
    let (sender, mut receiver) = mpsc::channel(64);
    // A run outlives its stream, so it is ended by signals and not by leaving.
    let leave = CancellationToken::new();
    let mut streams = Streams { input: None, output: sender };
    let executing = exec::run(work.site.arm, &run.group, &run.container, command, &mut streams, &leave);
    tokio::pin!(executing);
    let mut lines = Lines::default();
    let overdue = tokio::time::sleep(allowed(run));
    let most_idle = exec.idle_timeout.map_or(Duration::MAX, |timeout| timeout.get());
    let idle = tokio::time::sleep(most_idle);
    tokio::pin!(overdue, idle);
    let result = loop {
        tokio::select! {
            biased;
            Some(output) = receiver.recv() => {
                if let Some(until) = Instant::now().checked_add(most_idle) {
                    idle.as_mut().reset(until);
                }
                tell(work, lines.take(output));
            }
            result = &mut executing => break Executed::Ended(result),
            () = &mut overdue => break Executed::Over(Limit::Total, allowed(run)),
            () = &mut idle => break Executed::Over(Limit::Idle, most_idle),
        }
    };
    while let Ok(output) = receiver.try_recv() {
        tell(work, lines.take(output));
    }
    tell(work, lines.rest());
    result
}

/// Asks the container about a run, or signals it; again where the fault is worth it.
async fn ask(
    work: &Work<'_>,
    run: &Run,
    record: &Record,
    signal: Option<Signal>,
) -> Result<Trace, ExecFault> {
    let (arm, nonce) = (work.site.arm, nonce(work));
    let mut tries = 0;
    loop {
        tries += 1;
        let asked = match signal {
            None => exec::query(arm, &run.group, &run.container, &record.id, &nonce).await,
            Some(signal) => exec::signal(arm, &run.group, &run.container, &record.id, signal, &nonce).await,
        };
        let Err(fault) = asked else { return asked };
        let Some(after) = worth(&fault).and_then(|fault| retry::pause(&fault, tries)) else {
            return Err(fault);
        };
        tokio::time::sleep(after).await;
    }
}

/// The fault of the call, where nothing was begun in the container and the call may be made again.
fn worth(fault: &ExecFault) -> Option<Fault> {
    match fault {
        ExecFault::Call(fault) => Some(fault.clone()),
        ExecFault::Cut { begun: false } => Some(cut()),
        ExecFault::Cut { begun: true }
        | ExecFault::NotStarted { .. }
        | ExecFault::AlreadyBegun
        | ExecFault::Unfit(_)
        | ExecFault::Cancelled
        | ExecFault::Protocol(_) => None,
    }
}

fn cut() -> Fault {
    Fault::own(FaultKind::Transient, ExecFault::Cut { begun: false })
}

/// What sets our marks apart from a command's output.
fn nonce(work: &Work<'_>) -> String {
    work.site.options.clock.draw(16)
}

fn allowed(run: &Run) -> Duration {
    run.timeout.map_or(LONGEST, |timeout| timeout.get())
}

fn ended(exit: Option<i32>) -> Outcome {
    let why = match exit {
        Some(code) => format!("exit {code}"),
        None => "its exit code is unknown: the image has neither /acitask-exec nor a shell".to_owned(),
    };
    Outcome::Ended { exit, why, by: EndedBy::Task }
}

/// Ends a run that took too long, or printed nothing for too long.
async fn cancel(work: &Work<'_>, run: &Run, record: &Record, limit: Limit, allowed: Duration) -> Outcome {
    work.phase(match limit {
        Limit::Total => "taking too long: ending it",
        Limit::Idle => "printing nothing for too long: ending it",
    });
    end(work, run, record).await;
    Outcome::TimedOut(limit, allowed)
}

/// Ends the processes of a run in its container: TERM, then KILL.
async fn end(work: &Work<'_>, run: &Run, record: &Record) {
    for signal in [Signal::Term, Signal::Kill] {
        match ask(work, run, record, Some(signal)).await {
            Ok(Trace::Running(_)) => tokio::time::sleep(Duration::from_secs(2)).await,
            Ok(_) => break,
            Err(fault) => {
                tracing::warn!(%fault, run = %run.name, "the run could not be ended")
            }
        }
    }
}

fn unreachable(fault: ExecFault) -> End {
    End::Failed {
        why: fault.to_string(),
        help: Some("applying again asks the container how the run ended".to_owned()),
    }
}

fn tell(work: &Work<'_>, lines: Vec<(Stream, String)>) {
    for (stream, line) in lines {
        work.line(stream, line);
    }
}
