//! The `properties` levels of Azure's API that the model leaves out: one table, put in when writing and lifted when reading.

use serde_json::{Map, Value};

/// Lists of a group whose items have all but their name below `properties`.
const LEVELS: [&str; 3] = ["containers", "initContainers", "extensions"];

/// Puts the levels in.
pub(super) fn sink(group: &mut Value) {
    for item in items(group) {
        let mut below = std::mem::take(item);
        let name = below.remove("name").unwrap_or_default();
        item.insert("name".to_owned(), name);
        item.insert("properties".to_owned(), Value::Object(below));
    }
}

/// Lifts what stands below the levels.
pub(super) fn lift(group: &mut Value) {
    for item in items(group) {
        if let Some(Value::Object(below)) = item.remove("properties") {
            item.extend(below);
        }
    }
}

fn items(group: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let lists = group.as_object_mut().into_iter().flatten();
    let lists = lists.filter(|(key, _)| LEVELS.contains(&key.as_str())).map(|(_, list)| list);
    lists.filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut)
}
