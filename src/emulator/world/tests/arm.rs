//! What is Resource Manager's: resource groups, tags, pages.

use serde_json::{Value, json};

use super::stage::{GROUP, ORIGIN, Stage, TASK, task};

#[test]
fn a_resource_group_from_creation_to_deletion() {
    let mut stage = Stage::new(&[]);
    assert_eq!(stage.send("HEAD", GROUP, &Value::Null).status, 404);
    assert_eq!(stage.get(GROUP).code(), "ResourceGroupNotFound");
    let wish = json!({"location": "West Europe", "tags": {"a": "1"}});
    assert_eq!(stage.put(GROUP, wish.clone()).status, 201);
    assert_eq!(stage.put(GROUP, wish).status, 200);
    let elsewhere = stage.put(GROUP, json!({"location": "eastus"}));
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (409, "InvalidResourceGroupLocation"));
    assert_eq!(stage.send("HEAD", GROUP, &Value::Null).status, 204);
    assert_eq!(stage.send("PATCH", GROUP, &json!({"tags": {"b": "2"}})).json()["tags"], json!({"b": "2"}));
    let folded = stage.get(&GROUP.to_uppercase()).json();
    assert_eq!((&folded["name"], &folded["location"]), (&json!("rg"), &json!("westeurope")));

    stage.put(TASK, task("Always"));
    stage.run();
    let deleting = stage.delete(GROUP);
    assert_eq!((deleting.status, deleting.header("retry-after")), (202, "15"));
    let location = deleting.header("location").to_owned();
    let again = stage.get(&location);
    assert_eq!(
        (again.status, again.header("location"), again.header("retry-after")),
        (202, location.as_str(), "15")
    );
    assert_eq!(stage.get(GROUP).json()["properties"]["provisioningState"], "Deleting");
    assert_eq!(stage.get(TASK).status, 200);
    assert_eq!(stage.delete(GROUP).status, 202);
    for answer in [
        stage.put(GROUP, json!({"location": "westeurope"})),
        stage.put(TASK, task("Always")),
        stage.delete(TASK),
        stage.post(&format!("{TASK}/stop")),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (409, "ResourceGroupBeingDeleted"));
    }
    stage.pass(1);
    stage.run();
    assert_eq!(stage.get(&location).status, 200);
    assert_eq!(stage.get(GROUP).status, 404);
    assert_eq!(stage.get(TASK).code(), "ResourceGroupNotFound");
    assert_eq!((stage.alive(), stage.world.due()), (0, None));
}

#[test]
fn a_put_writes_tags_as_the_switch_says() {
    for (setting, tags) in
        [("put.writes-tags=true", json!({"other": "x"})), ("put.writes-tags=false", json!({"owner": "us"}))]
    {
        let mut stage = Stage::running(&[setting], "Always");
        let mut body = task("Always");
        body["tags"] = json!({"other": "x"});
        assert_eq!(stage.put(TASK, body).json()["tags"], tags, "{setting}");
    }
}

#[test]
fn tags_at_each_scope() {
    let mut stage = Stage::running(&[], "Never");
    let foreign = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs");
    stage.put(&foreign, json!({"location": "westeurope"}));
    for scope in [GROUP, TASK, &foreign] {
        let url = format!("{scope}/providers/Microsoft.Resources/tags/default");
        let tags = json!({"properties": {"tags": {"Team": "ops"}}});
        assert_eq!(stage.put(&url, tags).status, 200);
        let merge = json!({"operation": "Merge", "properties": {"tags": {"team": "dev", "b": "2"}}});
        let merged = stage.send("PATCH", &url, &merge).json();
        assert_eq!(merged["properties"]["tags"], json!({"Team": "dev", "b": "2"}));
        assert_eq!(merged["id"], json!(url));
        assert_eq!(stage.get(scope).json()["tags"], json!({"Team": "dev", "b": "2"}));
        let wrong = json!({"operation": "Mangle", "properties": {"tags": {}}});
        assert_eq!(stage.send("PATCH", &url, &wrong).code(), "InvalidRequestContent");
        let more: serde_json::Map<String, Value> = (0..49).map(|n| (format!("n{n}"), json!(""))).collect();
        let over = json!({"operation": "Merge", "properties": {"tags": more}});
        assert_eq!(stage.send("PATCH", &url, &over).code(), "InvalidTagCount");
        assert_eq!(stage.delete(&url).status, 200);
        assert_eq!(stage.get(&url).json()["properties"]["tags"], json!({}));
    }
    let states = stage.states();
    assert_eq!(states, ("Running".into(), "Running".into()), "tags restart nothing");
}

#[test]
fn lists_come_in_pages_without_instance_views() {
    let mut stage = Stage::new(&[]);
    stage.put(GROUP, json!({"location": "westeurope"}));
    for n in 0..205 {
        let name = format!("{TASK}-{n:03}");
        assert_eq!(stage.put(&name, task("Never")).status, 201);
    }
    stage.run();
    let list = format!("{GROUP}/providers/Microsoft.ContainerInstance/containerGroups");
    let all = "/subscriptions/s/providers/Microsoft.ContainerInstance/containerGroups";
    let resources = format!("{GROUP}/resources");
    for (url, pages) in [
        (list.clone(), 3),
        (all.to_owned(), 3),
        (resources, 3),
        (format!("{list}?api-version=2025-09-01&$top=50"), 5),
    ] {
        let (mut next, mut count, mut names) = (Some(url), 0, Vec::new());
        while let Some(url) = next {
            let page = stage.get(&url).json();
            count += 1;
            names.extend(page["value"].as_array().into_iter().flatten().map(|g| g["name"].clone()));
            assert!(!page.to_string().contains("instanceView"));
            next = page["nextLink"].as_str().map(str::to_owned);
            assert!(next.iter().all(|next| next.starts_with(ORIGIN)));
        }
        names.dedup();
        assert_eq!((names.len(), count), (205, pages));
    }
    let wrong = format!("{list}?api-version=2025-09-01&$skiptoken=%%");
    assert_eq!(stage.get(&wrong).code(), "InvalidSkipToken");
}
