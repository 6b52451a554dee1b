//! Weak runs whose start is in doubt, or never comes.

use serde_json::json;

use super::Outcome;
use super::service::{arm, carry_out, deployment, id, seen};
use crate::engine::event::End;
use crate::model::stack::{Concurrency, Retries};
use crate::plan::{Action, Begin, Course, Finish, Guard, Run, Subject};

fn run(begin: Begin) -> Result<(Subject, Action, Guard), Box<dyn std::error::Error>> {
    let run = Run {
        name: "cat".into(),
        ledger: "rg".into(),
        recorded: None,
        group: id(),
        container: "job".into(),
        input: "1.2.3.4".parse()?,
        begin,
        finish: Finish::Leave,
        timeout: None,
        retries: Retries::default(),
        again: None,
        concurrency: Concurrency::Refuse,
        course: Course::Follow,
    };
    Ok((Subject::Run("cat".into()), Action::Run(Box::new(run)), Guard::None))
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_is_lost_does_not_run_the_task_twice() -> Outcome {
    let ended =
        |start: &str| json!({"state": "Terminated", "startTime": start, "finishTime": start, "exitCode": 0});
    let (old, new) = (seen(ended("2026-01-01T00:00:00Z")), seen(ended("2026-01-02T00:00:00Z")));
    // The old view is shown for a while after the start.
    let (arm, asked) = arm(move |line, count| match (line, count) {
        ("POST start", _) => Err(()),
        ("POST stop", _) => Ok((204, json!(null))),
        ("GET rg", _) => Ok((200, json!({"name": "rg", "location": "eastus"}))),
        ("GET g", 1..=5) => Ok((200, old.clone())),
        ("GET g", _) => Ok((200, new.clone())),
        _ => Ok((200, json!({}))),
    })?;
    let ends = carry_out(&arm, vec![run(Begin::Start { resume: None })?]).await?;
    assert_eq!(ends, [End::Done("exit 0".into())]);
    assert_eq!(asked.count("POST start"), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_starts_has_failed() -> Outcome {
    let shown = seen(json!({"state": "Waiting", "detailStatus": "CreatingContainer"}));
    let (arm, asked) = arm(move |line, count| match (line, count) {
        ("GET rg", _) => Ok((200, json!({"name": "rg", "location": "eastus"}))),
        ("GET g", 1) => Ok((404, json!({}))),
        ("GET g", _) => Ok((200, shown.clone())),
        ("GET logs", _) => Ok((200, json!({"content": ""}))),
        _ => Ok((200, json!({}))),
    })?;
    let ends = carry_out(&arm, vec![run(Begin::Create(Box::new(deployment())))?]).await?;
    let why = "not started after 35 minutes: waiting for CreatingContainer".to_owned();
    assert_eq!(ends, [End::TaskFailed { exit: None, why }]);
    assert_eq!(asked.count("PATCH default"), 1, "its end is recorded");
    Ok(())
}
