//! What every declared thing comes after: what it refers to and what it says it depends on.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::name::Name;
use crate::model::stack::{RunKind, Stack, TaskRun};

/// A declared thing that others may come after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A resource group, by Azure's name.
    ResourceGroup(Name),
    /// A container group, by its manifest's name.
    Group(Name),
    /// A task run.
    Run(Name),
}

/// What each declared thing comes after, told when it is asked: of most things nobody asks.
#[derive(Clone, Copy)]
pub(super) struct Links<'s>(pub(super) &'s Stack);

impl Links<'_> {
    /// What a thing comes after.
    pub(super) fn of(self, key: &Key) -> BTreeSet<Key> {
        let Self(stack) = self;
        let mut after = BTreeSet::new();
        let depends_on = match key {
            Key::ResourceGroup(_) => None,
            Key::Group(name) => stack.groups.get(name).map(|group| {
                after.insert(Key::ResourceGroup(group.id.resource_group.clone()));
                &group.depends_on
            }),
            Key::Run(name) => stack.runs.get(name).map(|run| {
                after.extend(group_of(run).cloned().map(Key::Group));
                after.extend(resource_group_of(stack, run).cloned().map(Key::ResourceGroup));
                &run.depends_on
            }),
        };
        for name in depends_on.into_iter().flatten() {
            after.extend(stack.groups.contains_key(name).then(|| Key::Group(name.clone())));
            after.extend(stack.runs.contains_key(name).then(|| Key::Run(name.clone())));
        }
        after.remove(key);
        after
    }

    /// What each group and each run comes after.
    pub(super) fn all(self) -> BTreeMap<Key, BTreeSet<Key>> {
        let Self(stack) = self;
        let groups = stack.groups.keys().cloned().map(Key::Group);
        let runs = stack.runs.keys().cloned().map(Key::Run);
        groups.chain(runs).map(|key| (key.clone(), self.of(&key))).collect()
    }
}

/// The group, by its manifest's name, that a run of a declared group runs in.
pub(super) fn group_of(run: &TaskRun) -> Option<&Name> {
    match &run.kind {
        RunKind::Strong(strong) => Some(&strong.group),
        RunKind::Persistent { group, concurrency: _ } => Some(group),
        RunKind::Ephemeral(_) => None,
    }
}

/// The resource group, by Azure's name, that a run's record stands on.
pub(super) fn resource_group_of<'s>(stack: &'s Stack, run: &TaskRun) -> Option<&'s Name> {
    match &run.kind {
        RunKind::Strong(_) | RunKind::Persistent { .. } => {
            stack.groups.get(group_of(run)?).map(|group| &group.id.resource_group)
        }
        RunKind::Ephemeral(run) => stack.resource_groups.get(&run.resource_group).map(|group| &group.name),
    }
}
