//! What comes after what, as the manifests say it, for people to look at.

use std::collections::BTreeMap;

use crate::model::stack::Stack;
use crate::plan::Subject;
use crate::plan::reconcile::links::{Key, Links};

/// Everything that is declared, with what it comes after.
pub fn dependencies(stack: &Stack) -> BTreeMap<Subject, Vec<Subject>> {
    let subject = |key: &Key| match key {
        Key::ResourceGroup(name) => Some(Subject::ResourceGroup(name.clone())),
        Key::Group(name) => stack.groups.get(name).map(|group| Subject::Group(group.id.clone())),
        Key::Run(name) => Some(Subject::Run(name.clone())),
    };
    let mut all: BTreeMap<Subject, Vec<Subject>> = BTreeMap::new();
    for declared in stack.resource_groups.values() {
        all.insert(Subject::ResourceGroup(declared.name.clone()), Vec::new());
    }
    for (key, after) in Links(stack).all() {
        if let Some(own) = subject(&key) {
            all.entry(own).or_default().extend(after.iter().filter_map(subject));
        }
    }
    all
}
