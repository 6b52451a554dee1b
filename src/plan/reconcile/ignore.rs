//! Fields that are left as they are on Azure: what is wanted of them is what is found.
//!
//! A PUT sends the whole group, so the found value is taken into what is compared and sent. Of a secret nothing is found,
//! so nothing that holds one can be left alone: that is a conflict, and told before anything is done.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use serde_json::{Map, Value};

use crate::model::group::{Group, Json};
use crate::model::secret::{Mark, SecretRef, SecretSource};
use crate::model::stack::ContainerGroup;
use crate::plan::Subject;
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::scene::Scene;

/// What tells the things of a list apart.
const KEYS: [&str; 4] = ["name", "server", "id", "mountPath"];

/// The group as it is wanted where the ignored fields are as they are found.
pub(super) fn effective<'d>(
    scene: Scene<'_>,
    draft: &mut Draft,
    declared: &'d ContainerGroup,
) -> Cow<'d, ContainerGroup> {
    let asked = &scene.request.ignore;
    if declared.ignored.is_empty() && asked.is_empty() {
        return Cow::Borrowed(declared);
    }
    let mut own = declared.clone();
    own.ignored_tags.extend(asked.iter().filter_map(|path| path.strip_prefix("tags.")).map(str::to_owned));
    let paths: BTreeSet<&String> =
        declared.ignored.iter().chain(asked.iter().filter(|path| !path.starts_with("tags."))).collect();
    if let Some(found) = scene.seen(&declared.id).and_then(|seen| seen.group.as_ref()) {
        let (group, refused) = overlay(&declared.group, found, paths);
        own.group = group;
        for path in refused {
            draft.conflict(
                Subject::Group(declared.id.clone()),
                format!("{path} holds a secret, which Azure does not show, so it cannot be left as it is"),
                "take it out of `ignoreChanges`, or name a field beside the secret",
            );
        }
    }
    Cow::Owned(own)
}

/// What is wanted with what is found at some paths, and the paths that hold a secret.
fn overlay<'p>(
    wanted: &Group<SecretSource>,
    found: &Group<Mark>,
    paths: impl IntoIterator<Item = &'p String>,
) -> (Group<SecretSource>, Vec<&'p String>) {
    let mut values: BTreeMap<SecretRef, SecretSource> = BTreeMap::new();
    let Ok(named) = wanted.clone().map(&mut |source: SecretSource| {
        values.insert(source.reference.clone(), source.clone());
        Ok::<_, Infallible>(source.reference)
    });
    // Our own structs become JSON without fail.
    let mut tree = serde_json::to_value(named).unwrap_or_default();
    let bare = Group { arm: Json::new(), ..found.clone() };
    let found = serde_json::to_value(bare).unwrap_or_default();
    let mut refused = Vec::new();
    for path in paths {
        let steps = steps(path);
        let mut copy = tree.clone();
        match lay(&mut copy, &found, &steps) {
            Ok(()) => tree = copy,
            Err(Secret) => refused.push(path),
        }
    }
    let Ok(laid) = serde_json::from_value::<Group<SecretRef>>(tree) else { return (wanted.clone(), refused) };
    let Ok(group) = laid.map(&mut |reference| {
        let known = values.get(&reference).cloned();
        Ok::<_, Infallible>(known.unwrap_or(SecretSource { reference, value: None }))
    });
    (group, refused)
}

/// One step of a path: a key, and which item of its list.
struct Step<'p> {
    key: &'p str,
    item: Item<'p>,
}

#[derive(Clone, Copy)]
enum Item<'p> {
    /// It is no list, or the whole of it.
    Whole,
    /// Every item.
    Each,
    /// The item of this name.
    Named(&'p str),
}

/// There is a secret where none may be.
struct Secret;

fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let (item, after) = match after.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some(("", after)) => (Item::Each, after),
            Some((name, after)) => (Item::Named(name), after),
            None => (Item::Whole, after),
        };
        steps.push(Step { key, item });
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

fn lay(wanted: &mut Value, found: &Value, steps: &[Step<'_>]) -> Result<(), Secret> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let Value::Object(wanted) = wanted else { return Ok(()) };
    let found = &found[step.key];
    match step.item {
        Item::Whole if rest.is_empty() => replace(wanted, step.key, found),
        Item::Whole => {
            if !found.is_null() && !wanted.contains_key(step.key) {
                wanted.insert(step.key.to_owned(), Value::Object(Map::new()));
            }
            wanted.get_mut(step.key).map_or(Ok(()), |inner| lay(inner, found, rest))
        }
        Item::Each | Item::Named(_) => {
            let Some(Value::Array(list)) = wanted.get_mut(step.key) else { return Ok(()) };
            items(list, found, step.item, rest)
        }
    }
}

fn items(list: &mut Vec<Value>, found: &Value, item: Item<'_>, rest: &[Step<'_>]) -> Result<(), Secret> {
    let none = Vec::new();
    let found = found.as_array().unwrap_or(&none);
    let meant = |one: &Value| match item {
        Item::Named(name) => key(one) == Some(name),
        Item::Each | Item::Whole => true,
    };
    if rest.is_empty() {
        let taken: Vec<Value> = found.iter().filter(|one| meant(one)).cloned().collect();
        if list.iter().filter(|one| meant(one)).chain(&taken).any(holds_secret) {
            return Err(Secret);
        }
        list.retain(|one| !meant(one));
        list.extend(taken);
        return Ok(());
    }
    for one in list.iter_mut().filter(|one| meant(one)) {
        let own = key(one).map(str::to_owned);
        let other = found.iter().find(|other| key(other) == own.as_deref());
        lay(one, other.unwrap_or(&Value::Null), rest)?;
    }
    Ok(())
}

fn replace(wanted: &mut Map<String, Value>, key: &str, found: &Value) -> Result<(), Secret> {
    if holds_secret(found) || wanted.get(key).is_some_and(holds_secret) {
        return Err(Secret);
    }
    match found {
        Value::Null => drop(wanted.remove(key)),
        found => drop(wanted.insert(key.to_owned(), found.clone())),
    }
    Ok(())
}

fn key(item: &Value) -> Option<&str> {
    KEYS.iter().find_map(|key| item[key].as_str())
}

/// Whether a secret is in a tree: a mark of what is found, or a reference of what is wanted.
fn holds_secret(tree: &Value) -> bool {
    match tree {
        Value::String(text) => text == "***",
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(map) => {
            let reference = map.contains_key("fromVariable") || map.contains_key("fromFile");
            // Of these the service shows nothing, whatever is in them.
            let hidden =
                ["secret", "protectedSettings", "azureFile"].iter().any(|key| map.contains_key(*key));
            reference || hidden || map.values().any(holds_secret)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
