//! Which declared things a plan is about, where a person named some: those with all that they come after, or all but
//! those with all that comes after them.

use std::collections::BTreeSet;

use crate::model::name::Name;
use crate::model::stack::Stack;
use crate::plan::reconcile::links::{Key, Links};

/// Declared things by the `metadata.name` of their manifests; empty lists leave nothing out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scope {
    /// Only these, with what they come after.
    pub only: BTreeSet<Name>,
    /// Not these, nor what comes after them.
    pub without: BTreeSet<Name>,
}

impl Scope {
    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.without.is_empty()
    }
}

/// What is looked at; none: everything.
pub(super) fn included(stack: &Stack, scope: &Scope) -> Option<BTreeSet<Key>> {
    if scope.is_all() {
        return None;
    }
    let links = Links(stack).all();
    let Scope { only, without } = scope;
    let all: BTreeSet<Key> = keys(stack, |_| true);
    let mut kept = if only.is_empty() {
        all.clone()
    } else {
        grown(keys(stack, |name| only.contains(name)), |key| links.get(key).into_iter().flatten().collect())
    };
    let comes_after = |key: &Key| {
        all.iter().filter(|other| links.get(other).is_some_and(|after| after.contains(key))).collect()
    };
    for key in grown(keys(stack, |name| without.contains(name)), comes_after) {
        kept.remove(&key);
    }
    Some(kept)
}

/// A set with everything that follows from what is in it.
fn grown<'k>(start: BTreeSet<Key>, next: impl Fn(&Key) -> Vec<&'k Key>) -> BTreeSet<Key> {
    let (mut open, mut found): (Vec<Key>, _) = (start.into_iter().collect(), BTreeSet::new());
    while let Some(key) = open.pop() {
        if found.insert(key.clone()) {
            open.extend(next(&key).into_iter().cloned());
        }
    }
    found
}

fn keys(stack: &Stack, wanted: impl Fn(&Name) -> bool) -> BTreeSet<Key> {
    let resource_groups = stack.resource_groups.iter().filter(|(name, _)| wanted(name));
    let groups = stack.groups.keys().filter(|name| wanted(name));
    let runs = stack.runs.keys().filter(|name| wanted(name));
    resource_groups
        .map(|(_, declared)| Key::ResourceGroup(declared.name.clone()))
        .chain(groups.cloned().map(Key::Group))
        .chain(runs.cloned().map(Key::Run))
        .collect()
}
