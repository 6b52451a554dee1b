//! The quickstart, as the README shows it, and its end.

use serde_json::{Value, json};

use super::stand::{SUBSCRIPTION, Stand};
use super::world::world;

/// The names that the quickstart's tasks post, in their order.
pub(crate) const DOG_AND_CATS: [&str; 3] = ["dog", "cat", "cat"];

/// The names that were posted, in their order.
pub(crate) fn names(stand: &Stand) -> Vec<String> {
    stand.posts().iter().map(|post| post["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_dog_and_two_cats_and_then_nothing_more() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0).says(&["post-dog", "post-cat", "post-cat-again"]);
    assert_eq!(names(&stand), DOG_AND_CATS);

    let before = (stand.asked(), world(&stand));
    stand.acitask(&["apply", "--auto-approve"]).ends(0).says(&["No changes."]);
    let asked = stand.asked_since(before.0);
    let writes: Vec<_> = asked.iter().filter(|entry| entry.method != "GET").collect();
    assert!(!asked.is_empty() && writes.is_empty(), "{writes:?}");
    assert_eq!(world(&stand), before.1);
    stand.acitask(&["plan", "--detailed-exitcode"]).ends(0).says(&["No changes."]);
}

#[test]
fn a_plan_changes_nothing_and_says_that_there_is_something_to_do() {
    let stand = Stand::simulated();
    stand.quickstart();
    stand.acitask(&["plan"]).ends(0).says(&["+ resource group acitasks", "▶ run post-dog", "3 runs"]);
    stand.acitask(&["plan", "--detailed-exitcode"]).ends(2);
    // Without a terminal nobody can say yes.
    stand.acitask(&["apply"]).ends(1).says(&["--auto-approve"]);
    let asked = stand.asked_since(0);
    assert!(!asked.is_empty() && asked.iter().all(|entry| entry.method == "GET"), "{asked:?}");
}

#[test]
fn destroy_takes_everything_unless_something_foreign_is_in_it() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    let foreign = format!(
        "{SUBSCRIPTION}/resourceGroups/acitasks/providers/Microsoft.Storage/storageAccounts/ledgers\
         ?api-version=2023-01-01"
    );
    let (status, _) = stand.send("PUT", &foreign, &json!({"location": "eastus", "properties": {}}));
    assert!(matches!(status, 200..=202), "{status}");

    let before = world(&stand);
    let refused = stand.acitask(&["destroy", "--auto-approve"]).says(&["ledgers"]);
    assert_ne!(refused.code, Some(0), "{}", refused.all());
    assert_eq!(world(&stand), before);

    let (status, _) = stand.send("DELETE", &foreign, &Value::Null);
    assert!(matches!(status, 200..=204), "{status}");
    stand.acitask(&["destroy", "--auto-approve"]).ends(0);
    assert_eq!(world(&stand)["resource groups"], json!({}));
    stand.acitask(&["destroy", "--auto-approve"]).ends(0).says(&["No changes."]);
}

#[test]
fn what_ran_can_be_looked_at_and_run_again() {
    let Some(stand) = Stand::native() else { return };
    stand.quickstart();
    stand.acitask(&["apply", "--auto-approve"]).ends(0);
    stand.acitask(&["status"]).ends(0).says(&["post-dog", "succeeded", "weaktask"]);
    stand.acitask(&["logs", "weaktask"]).ends(0).says(&["status: 200"]);
    stand.acitask(&["exec", "strongtask", "--", "/strong_task/post", "--name", "a fox"]).ends(0);
    let unknown = stand.acitask(&["exec", "strongtask", "--", "/nothing/here"]);
    assert_eq!(unknown.code, Some(127), "{}", unknown.all());
    stand.acitask(&["run", "post-cat-again"]).ends(0);
    assert_eq!(names(&stand), ["dog", "cat", "cat", "a fox", "cat"]);
    stand.acitask(&["plan"]).ends(0).says(&["No changes."]);
}
