//! Which tags are ours: what is written beside the user's tags, and what differs.
//!
//! Invariants: a tag that is neither wanted nor named in `acitask-tags` is never set and never removed; names are
//! compared without case, as Azure does it. Records and intents are the engine's and stand beside all this.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::effect::Field;
use crate::model::name::Owner;
use crate::model::tag::{INTENT, NAMES, OWNER, PENDING, SHAPE, Tags, lookup};
use crate::plan::applied::Origin;
use crate::plan::secrets;
use crate::plan::{Change, TagEdit, Value};

/// The longest value of a tag, as Microsoft's page "Use tags to organize your Azure resources" says.
const LONGEST: usize = 256;

/// The tags of a thing of this owner: the user's, the owner and the names of the user's.
pub fn wanted(owner: &Owner, tags: &Tags) -> Tags {
    let mut all = tags.clone();
    all.insert(OWNER.to_owned(), owner.to_string());
    let names = names(tags);
    if !names.is_empty() {
        all.insert(NAMES.to_owned(), names);
    }
    all
}

/// What leads from the found tags to the wanted ones (see [`wanted`]), and the differences as they are shown.
///
/// Ignored names are left as they are found.
pub fn diff(wanted: &Tags, found: &Tags, ignored: &BTreeSet<String>) -> (TagEdit, Vec<Change>) {
    let is_ignored = |name: &str| ignored.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut edit = TagEdit::default();
    for (name, value) in wanted {
        if lookup(found, name) != Some(value) && !is_ignored(name) {
            edit.set.insert(name.clone(), value.clone());
        }
    }
    for name in found.keys() {
        if managed(found, name) && lookup(wanted, name).is_none() && !is_ignored(name) {
            edit.remove.insert(name.clone());
        }
    }
    let changes = shown(&edit, found);
    (edit, changes)
}

/// The tags of a PUT, which replaces them all: the wanted ones, and of the found ones what is foreign or ignored.
///
/// The intent of an earlier run is not carried over, because the PUT may be the beginning of another run.
pub fn merged(wanted: &Tags, found: &Tags, ignored: &BTreeSet<String>) -> Tags {
    let (TagEdit { set, remove }, _) = diff(wanted, found, ignored);
    let mut folded: BTreeMap<String, (String, String)> = BTreeMap::new();
    // So is what was told of earlier secrets.
    let is_past = |name: &str| {
        [INTENT, PENDING].iter().any(|own| name.eq_ignore_ascii_case(own))
            || secrets::is_own(name) && lookup(wanted, name).is_none()
    };
    let kept = found.iter().filter(|(name, _)| !remove.contains(*name) && !is_past(name));
    for (name, value) in kept.chain(&set) {
        let key = name.to_ascii_lowercase();
        let spelling = folded.get(&key).map_or_else(|| name.clone(), |(spelling, _)| spelling.clone());
        folded.insert(key, (spelling, value.clone()));
    }
    folded.into_values().collect()
}

/// Bookkeeping is not shown as a difference, except for a change of the owner.
fn shown(edit: &TagEdit, found: &Tags) -> Vec<Change> {
    let before = |name: &str| lookup(found, name).map(|value| Value::Text(value.to_owned()));
    let change = |name: &String, after: Option<Value>| Change {
        field: Field::Tags,
        path: format!("tags.{name}"),
        before: before(name),
        after,
        origin: Origin::Unknown,
    };
    let set = edit.set.iter().map(|(name, value)| (name, Some(Value::Text(value.clone()))));
    let removed = edit.remove.iter().map(|name| (name, None));
    set.chain(removed)
        .filter(|(name, _)| ![NAMES, SHAPE, PENDING].iter().any(|own| name.eq_ignore_ascii_case(own)))
        .filter(|(name, _)| !secrets::is_own(name))
        .map(|(name, after)| change(name, after))
        .collect()
}

/// The tags of the user's that are there, as far as `acitask-tags` tells; ignored ones are left out.
pub fn users(found: &Tags, ignored: &BTreeSet<String>) -> Tags {
    let is_users = |name: &str| {
        !name.eq_ignore_ascii_case(NAMES)
            && managed(found, name)
            && !ignored.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    found
        .iter()
        .filter(|(name, _)| is_users(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether the owner set the tag, as far as `acitask-tags` tells.
fn managed(found: &Tags, name: &str) -> bool {
    name.eq_ignore_ascii_case(NAMES)
        || lookup(found, NAMES).is_some_and(|names| {
            names.split(',').any(|escaped| escaped.replace("%2C", ",").eq_ignore_ascii_case(name))
        })
}

/// The names in one tag. A comma is escaped with `%`, which no tag's name may hold. Names that do not fit are left out:
/// those tags are set and changed like the others, but stay when they are taken out of the manifest.
fn names(tags: &Tags) -> String {
    let mut text = String::new();
    for name in tags.keys().map(|name| name.replace(',', "%2C")) {
        if text.len() + 1 + name.len() <= LONGEST {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&name);
        }
    }
    text
}
