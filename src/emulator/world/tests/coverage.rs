//! The tables of the crate's documentation say what the world imitates and what it answers 501: both are true and whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::stage::{GROUP, Stage, TASK, task};
use crate::world::path;

const DOCUMENTATION: &str = include_str!("../../lib.rs");
const ROUTES: &str = include_str!("../route.rs");

/// The rows of a table below a heading of the documentation, each with the text of its cells.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let lines = DOCUMENTATION.lines().map(|line| line.trim_start_matches("//!").trim());
    let section = lines.skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('#'));
    let table = section.filter(|line| line.starts_with('|')).skip(2);
    table.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The words in backticks of a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// What the documentation's abbreviations stand for.
fn spelled(path: &str) -> String {
    let path = path
        .replace("{group}", "{resource group}/providers/Microsoft.ContainerInstance/containerGroups/task");
    let path = path.replace("{resource}", "{resource group}/providers/Microsoft.Network/virtualNetworks/net");
    path.replace("{resource group}", GROUP)
        .replace("{subscription}", "/subscriptions/s")
        .replace(['{', '}'], "")
}

/// Each method with each path of a row: `GET`, `PUT` and so on stand in the first cell, the paths in the second.
fn requests(row: &[String]) -> Vec<(String, String)> {
    let methods: Vec<&str> = row.first().map(|cell| quoted(cell).collect()).unwrap_or_default();
    let paths: Vec<String> = row.get(1).map(|cell| quoted(cell).map(spelled).collect()).unwrap_or_default();
    let pairs = paths.iter().flat_map(|path| methods.iter().map(move |method| (*method, path)));
    pairs.map(|(method, path)| (method.to_owned(), path.clone())).collect()
}

/// The name of a place, as the router's source writes it.
fn place(path: &str) -> String {
    let shown = format!("{:?}", path::place(path));
    shown.split('(').next().unwrap_or_default().to_owned()
}

#[test]
fn every_route_is_documented_and_no_other() {
    let routed: BTreeSet<(String, String)> = ROUTES
        .split("(Place::")
        .skip(1)
        .filter_map(|rest| {
            let (pattern, rest) = rest.split_once(", \"")?;
            let (method, _) = rest.split_once('"')?;
            let name = pattern.split('(').next()?;
            (!pattern.contains('\n')).then(|| (name.to_owned(), method.to_owned()))
        })
        .collect();
    let documented: BTreeSet<(String, String)> = rows("# What is imitated")
        .iter()
        .flat_map(|row| requests(row))
        .map(|(method, path)| (place(&path), method))
        .collect();
    assert!(routed.len() > 25, "the router was not understood: {routed:?}");
    assert_eq!(documented, routed);
}

#[test]
fn what_is_imitated_is_never_answered_501() {
    let mut stage = Stage::running(&[], "Always");
    for (method, path) in rows("# What is imitated").iter().flat_map(|row| requests(row)) {
        let answer = stage.send(&method, &path, &json!({}));
        assert_ne!(answer.status, 501, "{method} {path}");
    }
}

#[test]
fn what_is_not_imitated_is_answered_501() {
    let mut stage = Stage::running(&[], "Always");
    let requests: Vec<_> = rows("# What answers 501").iter().flat_map(|row| requests(row)).collect();
    assert!(requests.len() > 10, "{requests:?}");
    for (method, path) in requests {
        let answer = stage.send(&method, &path, &json!({}));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (501, "NotImplementedByEmulator"),
            "{method} {path}"
        );
    }
}

/// The places and values of a table of properties.
fn settings(heading: &str) -> Vec<(String, Value)> {
    let rows = rows(heading);
    let cell = |row: &[String], n: usize| row.get(n).and_then(|cell| quoted(cell).next()).map(str::to_owned);
    let pair = |row: &Vec<String>| {
        let value = serde_json::from_str(&cell(row, 1)?).ok()?;
        Some((cell(row, 0)?, value))
    };
    let settings: Vec<_> = rows.iter().filter_map(pair).collect();
    assert_eq!(settings.len(), rows.len(), "{heading}: a row was not understood");
    settings
}

#[test]
fn what_a_group_cannot_have_is_refused_by_name() {
    let settings = settings("# What a container group cannot have");
    assert!(settings.len() > 1, "{settings:?}");
    for (place, value) in settings {
        let mut stage = Stage::running(&[], "Always");
        let mut body = task("Always");
        set(&mut body, &place, value);
        let answer = stage.put(&format!("{TASK}2"), body);
        assert_eq!((answer.status, answer.code().as_str()), (501, "NotImplementedByEmulator"), "{place}");
        assert!(answer.json().to_string().contains(&place), "{place}: {answer:?}");
    }
}

#[test]
fn what_a_group_has_as_data_is_taken_and_shown() {
    let settings = settings("# What a container group has as data only");
    assert!(settings.len() > 10, "{settings:?}");
    for (place, value) in settings {
        let mut stage = Stage::running(&[], "Always");
        let mut body = task("Always");
        set(&mut body, &place, value.clone());
        let url = format!("{TASK}2");
        assert_eq!(stage.put(&url, body).status, 201, "{place}");
        stage.run();
        let pointer = format!("/{}", place.replace("[]", "/0").replace('.', "/"));
        let shown = stage.get(&url).json().pointer(&pointer).cloned().unwrap_or_default();
        assert!(holds(&shown, &value), "{place}: {shown}");
    }
}

/// Whether all that was sent is shown, but for what is a secret.
fn holds(shown: &Value, sent: &Value) -> bool {
    match (shown, sent) {
        (Value::Object(shown), Value::Object(sent)) => sent
            .iter()
            .filter(|(name, _)| *name != "workspaceKey")
            .all(|(name, value)| shown.get(name).is_some_and(|shown| holds(shown, value))),
        (Value::Array(shown), Value::Array(sent)) => {
            shown.len() == sent.len() && shown.iter().zip(sent).all(|(shown, sent)| holds(shown, sent))
        }
        _ => shown == sent,
    }
}

/// Puts a value at a place like `properties.containers[].properties.image`, in the first item of each list.
fn set(body: &mut Value, place: &str, value: Value) {
    let mut at = body;
    for step in place.split('.') {
        let (name, is_list) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        at = &mut at[name];
        if is_list {
            if at.as_array().is_none_or(Vec::is_empty) {
                *at = json!([{"name": "x"}]);
            }
            at = &mut at[0];
        }
    }
    *at = value;
}
