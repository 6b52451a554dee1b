//! What the service may answer to a change besides yes.

use serde_json::{Value, json};

use super::Outcome;
use super::service::{arm, carry_out, deployment, id, seen};
use crate::engine::event::End;
use crate::plan::{Action, Guard, Subject};

fn error(code: &str) -> Value {
    json!({"error": {"code": code, "message": "m"}})
}

fn missing() -> (u16, Value) {
    (404, error("ResourceNotFound"))
}

fn done() -> Vec<End> {
    vec![End::Done(String::new())]
}

fn create() -> (Subject, Action, Guard) {
    (Subject::Group(id()), Action::CreateGroup(Box::new(deployment())), Guard::Absent)
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_counts_as_deleted() -> Outcome {
    for gone in [(204, json!(null)), (404, error("ResourceGroupNotFound"))] {
        // The first answer is lost though the delete went through.
        let answer = gone.clone();
        let (arm, asked) = arm(move |line, count| match (line, count) {
            ("GET g", 1) => Ok((200, seen(json!({"state": "Running"})))),
            ("DELETE g", 1) => Err(()),
            ("DELETE g", _) => Ok(answer.clone()),
            _ => Ok(missing()),
        })?;
        let step = (Subject::Group(id()), Action::DeleteGroup { replaced: false }, Guard::None);
        assert_eq!(carry_out(&arm, vec![step]).await?, done(), "{gone:?}");
        assert_eq!(asked.count("DELETE g"), 2);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_is_lost_is_not_made_twice() -> Outcome {
    // The group is not seen at once, as the service has it after a write.
    let (arm, asked) = arm(|line, count| match (line, count) {
        ("PUT g", _) => Err(()),
        ("GET g", 1..=3) => Ok(missing()),
        _ => Ok((200, seen(json!({"state": "Running"})))),
    })?;
    assert_eq!(carry_out(&arm, vec![create()]).await?, done());
    assert_eq!(asked.count("PUT g"), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_is_lost_and_that_conflicts_with_itself_is_not_made_again() -> Outcome {
    let (arm, asked) = arm(|line, count| match (line, count) {
        ("PUT g", 1) => Err(()),
        ("PUT g", _) => Ok((409, error("ContainerGroupTransitioning"))),
        ("GET g", 1..=12) => Ok(missing()),
        _ => Ok((200, seen(json!({"state": "Running"})))),
    })?;
    assert_eq!(carry_out(&arm, vec![create()]).await?, done());
    assert_eq!(asked.count("PUT g"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_just_made_may_not_be_found_yet() -> Outcome {
    let (arm, asked) = arm(|line, count| match (line, count) {
        ("PUT g", 1..=2) => Ok((404, error("ResourceGroupNotFound"))),
        ("PUT g", _) => Ok((201, json!({}))),
        ("GET g", 1) => Ok(missing()),
        _ => Ok((200, seen(json!({"state": "Running"})))),
    })?;
    assert_eq!(carry_out(&arm, vec![create()]).await?, done());
    assert_eq!(asked.count("PUT g"), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_group_in_transition_is_waited_for() -> Outcome {
    let (arm, asked) = arm(|line, count| match (line, count) {
        ("POST stop", 1..=12) => Ok((409, error("ContainerGroupTransitioning"))),
        ("POST stop", _) => Ok((204, json!(null))),
        _ => Ok((200, seen(json!({"state": "Running"})))),
    })?;
    let step = (Subject::Group(id()), Action::StopGroup, Guard::None);
    assert_eq!(carry_out(&arm, vec![step]).await?, done());
    assert_eq!(asked.count("POST stop"), 13);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_resource_group_waits_for_its_deleted_groups_and_for_nothing_else() -> Outcome {
    let ours = json!({"type": "Microsoft.ContainerInstance/containerGroups", "name": "g"});
    let theirs = json!({"type": "Microsoft.Storage/storageAccounts", "name": "s"});
    for (left, deletes, listings) in [(ours, 1, 4), (theirs, 0, 1)] {
        let (arm, asked) = arm(move |line, count| match (line, count) {
            ("GET g", 1) => Ok((200, seen(json!({"state": "Running"})))),
            ("GET resources", 1..=3) => Ok((200, json!({"value": [left]}))),
            ("GET resources", _) => Ok((200, json!({"value": []}))),
            ("GET rg", 1) => Ok((200, json!({"name": "rg", "location": "eastus"}))),
            ("DELETE g" | "DELETE rg", _) => Ok((202, json!(null))),
            _ => Ok(missing()),
        })?;
        let group = (Subject::Group(id()), Action::DeleteGroup { replaced: false }, Guard::None);
        let rest = (Subject::ResourceGroup("rg".into()), Action::DeleteResourceGroup, Guard::None);
        let ends = carry_out(&arm, vec![group, rest]).await?;
        assert_eq!(matches!(ends.last(), Some(End::Done(_))), deletes == 1, "{ends:?}");
        assert_eq!((asked.count("DELETE rg"), asked.count("GET resources")), (deletes, listings));
    }
    Ok(())
}
