//! Differences of whatever stands below a field, as trees: mappings by key, lists of things by what tells these apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Serialize;
use serde_json::{Map, Value as Tree};

use super::Changes;
use crate::model::effect::Field;
use crate::model::group::Json;
use crate::plan::Value;

/// What tells the things of a list apart: the first of these that each of them has, and no two the same.
const KEYS: [&str; 5] = ["mountPath", "server", "id", "name", "identity"];

/// Both sides, or one of them.
type Pair<'t> = (Option<&'t Tree>, Option<&'t Tree>);

impl Changes {
    /// Tells what differs between two values of a field.
    pub(super) fn tree<T: Serialize + PartialEq>(
        &mut self,
        field: Field,
        path: impl Display,
        found: &T,
        wanted: &T,
    ) {
        // Most fields of most groups are as they are wanted.
        if found == wanted {
            return;
        }
        // Our own structs serialise without fail; what did not would show as a difference to nothing.
        let tree = |value: &T| serde_json::to_value(value).unwrap_or_default();
        let (before, after) = (tree(found), tree(wanted));
        self.walk(field, &path.to_string(), (Some(&before), Some(&after)));
    }

    /// Tells where what is found lacks what is wanted under `arm`; what is found beside it is not looked at.
    pub(super) fn arm(&mut self, found: &Json, wanted: &Json) {
        for (key, after) in wanted {
            self.within(&format!("arm.{key}"), found.get(key), after);
        }
    }

    fn walk(&mut self, field: Field, path: &str, (before, after): Pair<'_>) {
        match (before, after) {
            (Some(Tree::Object(before)), Some(Tree::Object(after))) => {
                let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                for key in keys {
                    self.walk(field, &format!("{path}.{key}"), (before.get(key), after.get(key)));
                }
            }
            (Some(Tree::Array(before)), Some(Tree::Array(after))) => self.lists(field, path, before, after),
            (before, after) => self.leaf(field, path, before, after),
        }
    }

    fn lists(&mut self, field: Field, path: &str, before: &[Tree], after: &[Tree]) {
        let Some((before, after)) =
            KEYS.iter().find_map(|key| Some((keyed(before, key)?, keyed(after, key)?)))
        else {
            let (before, after) = (Tree::Array(before.to_vec()), Tree::Array(after.to_vec()));
            return self.leaf(field, path, Some(&before), Some(&after));
        };
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let pair = (before.get(name).copied(), after.get(name).copied());
            self.walk(field, &format!("{path}[{name}]"), pair);
        }
    }

    fn within(&mut self, path: &str, before: Option<&Tree>, after: &Tree) {
        match (before, after) {
            (Some(Tree::Object(before)), Tree::Object(after)) => {
                for (key, after) in after {
                    self.within(&format!("{path}.{key}"), before.get(key), after);
                }
            }
            (Some(Tree::Array(before)), Tree::Array(after)) => {
                match (keyed(before, "name"), keyed(after, "name")) {
                    (Some(before), Some(after)) if !after.is_empty() => {
                        for (name, after) in after {
                            self.within(&format!("{path}[{name}]"), before.get(&name).copied(), after);
                        }
                    }
                    _ => {
                        let (before, after) = (Tree::Array(before.clone()), Tree::Array(after.clone()));
                        self.leaf(Field::Arm, path, Some(&before), Some(&after));
                    }
                }
            }
            // What is empty says nothing.
            (None, Tree::Object(after)) if after.is_empty() => {}
            (before, after) => self.leaf(Field::Arm, path, before, Some(after)),
        }
    }

    fn leaf(&mut self, field: Field, path: &str, before: Option<&Tree>, after: Option<&Tree>) {
        let (before, after) = (before.and_then(shown), after.and_then(shown));
        if before != after {
            self.put(field, path, before, after);
        }
    }
}

/// The things of a list by a key, if each has its own.
fn keyed<'t>(list: &'t [Tree], key: &str) -> Option<BTreeMap<String, &'t Tree>> {
    let entry = |item: &'t Tree| Some((item.get(key)?.as_str()?.to_owned(), item));
    let map: BTreeMap<_, _> = list.iter().map(entry).collect::<Option<_>>()?;
    (map.len() == list.len()).then_some(map)
}

/// A tree as it is shown; nothing where it says nothing.
fn shown(tree: &Tree) -> Option<Value> {
    match tree {
        Tree::Null => None,
        Tree::Array(list) if list.is_empty() => None,
        Tree::Array(list) if list.iter().all(|item| !item.is_object() && !item.is_array()) => {
            Some(Value::List(list.iter().map(text).collect()))
        }
        tree => Some(Value::Text(text(tree))),
    }
}

/// The text of a tree, in which `1` and `1.0` are one number.
fn text(tree: &Tree) -> String {
    match tree {
        Tree::String(text) => text.clone(),
        Tree::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
        }
        Tree::Array(list) => format!("[{}]", list.iter().map(text).collect::<Vec<_>>().join(", ")),
        Tree::Object(map) => object(map),
        Tree::Null | Tree::Bool(_) => tree.to_string(),
    }
}

fn object(map: &Map<String, Tree>) -> String {
    let entries: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", text(value))).collect();
    format!("{{{}}}", entries.join(", "))
}
