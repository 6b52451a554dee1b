//! What everything is planned from, and the questions that all of it asks.

use crate::model::group::RestartPolicy;
use crate::model::name::{GroupId, Name, Owner};
use crate::model::observed::{Observed, Phase, Provisioning, SeenGroup, SeenResourceGroup};
use crate::model::record::{Ledger, RunState};
use crate::model::stack::{ResourceGroup, RunKind, Stack, TaskRun};
use crate::model::tag::{OWNER, Tags, lookup};
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::links::{self, Key};
use crate::plan::reconcile::{Request, Verb};
use crate::plan::{Impact, Subject};

/// What is wanted, what is seen, and what is asked for.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) stack: &'a Stack,
    pub(super) observed: &'a Observed,
    pub(super) request: &'a Request,
    /// The runs that were renamed, as [`renamed`] finds them.
    pub(super) renamed: &'a [(&'a Name, &'a Name)],
}

/// The runs that were renamed, with the names that they had; a name that another run has now is none.
pub(super) fn renamed(stack: &Stack) -> Vec<(&Name, &Name)> {
    let renamed = stack.runs.iter().filter_map(|(name, run)| Some((name, run.moved_from.as_ref()?)));
    renamed.filter(|(_, from)| !stack.runs.contains_key(*from)).collect()
}

/// Who has a thing.
pub(super) enum Hold {
    /// This owner.
    Ours,
    /// Somebody else, and a person asked to take it over; from whom, for people.
    TakenOver(String),
    /// Somebody else; who, for people.
    Foreign(String),
}

impl<'a> Scene<'a> {
    pub(super) fn owner(&self) -> &'a Owner {
        &self.stack.project.owner
    }

    /// Whether the tags are those of a thing of this owner.
    pub(super) fn owns(&self, tags: &Tags) -> bool {
        lookup(tags, OWNER) == Some(self.owner().as_str())
    }

    /// Who has the thing that the manifest of this name declares.
    pub(super) fn hold(&self, manifest: &Name, tags: &Tags) -> Hold {
        if self.owns(tags) {
            return Hold::Ours;
        }
        let holder = lookup(tags, OWNER).map_or_else(|| "nobody".to_owned(), str::to_owned);
        if self.request.adopt.contains(manifest) { Hold::TakenOver(holder) } else { Hold::Foreign(holder) }
    }

    pub(super) fn seen(&self, id: &GroupId) -> Option<&'a SeenGroup> {
        self.observed.groups.get(id)
    }

    pub(super) fn seen_resource_group(&self, name: &Name) -> Option<&'a SeenResourceGroup> {
        self.observed.resource_groups.get(name)
    }

    /// The declaration of a resource group that Azure knows by this name.
    pub(super) fn declared_resource_group(&self, name: &Name) -> Option<&'a ResourceGroup> {
        // Most manifests are called as what they declare.
        let known = self.stack.resource_groups.get(name).filter(|declared| declared.name == *name);
        known.or_else(|| self.stack.resource_groups.values().find(|declared| declared.name == *name))
    }

    /// The region of what names none itself.
    pub(super) fn location(&self, own: Option<&String>, resource_group: &Name) -> Option<String> {
        own.or_else(|| self.declared_resource_group(resource_group)?.location.as_ref())
            .or_else(|| self.seen_resource_group(resource_group).map(|seen| &seen.location))
            .cloned()
    }

    /// The records in the tags of a resource group.
    pub(super) fn ledger(&self, resource_group: &Name) -> Ledger {
        let mut ledger =
            self.seen_resource_group(resource_group).map(|seen| Ledger::read(&seen.tags)).unwrap_or_default();
        // A run that was renamed goes on with its record.
        for (name, from) in self.renamed {
            if !ledger.records.contains_key(name)
                && let Some(record) = ledger.records.get(from).cloned()
            {
                ledger.records.insert((*name).clone(), record);
            }
        }
        ledger
    }

    /// The impact on a task that runs in a group, if one does: in a container of a group that can finish, or as the open
    /// run of a TaskRun in a group that is kept alive.
    pub(super) fn ends_task(&self, seen: &SeenGroup) -> Option<Impact> {
        let can_finish =
            seen.group.as_ref().is_some_and(|group| group.restart_policy != RestartPolicy::Always);
        let containers = seen.view.iter().flat_map(|view| view.containers.values());
        let running = containers
            .filter_map(|container| container.current.as_ref())
            .filter(|state| state.phase == Phase::Running)
            .map(|state| state.start_time);
        let weak = running.min().filter(|_| can_finish);
        let ledger = self.ledger(&seen.id.resource_group);
        let open = ledger.records.iter().filter(|(_, record)| record.state == RunState::Open);
        let strong = open.filter_map(|(name, record)| {
            let group = links::group_of(self.stack.runs.get(name)?)?;
            (self.stack.groups.get(group)?.id == seen.id).then_some(record.at)
        });
        let since = weak.or_else(|| strong.min())?;
        let running = since
            .zip(self.observed.now)
            .and_then(|(since, now)| u64::try_from(now.duration_since(since).as_secs()).ok());
        Some(Impact::EndsTask { running })
    }

    /// Whether a person asked for this run.
    pub(super) fn asked_for(&self, run: &Name) -> bool {
        matches!(&self.request.verb, Verb::Run(name) | Verb::Detach(name) if name == run)
    }

    /// The runs in a declared group that are to be looked at, in the order in which they come.
    pub(super) fn runs_in(&self, group: &Name, draft: &Draft) -> Vec<(&'a Name, &'a TaskRun)> {
        let looked_at = |name: &&Name| match &self.request.verb {
            Verb::Run(asked) | Verb::Detach(asked) | Verb::Attach(asked) | Verb::Cancel(asked) => {
                asked == *name
            }
            Verb::Apply | Verb::Destroy | Verb::Forget(_) | Verb::Power(..) | Verb::Clean(_) => {
                draft.includes(&Key::Run((*name).clone()))
            }
        };
        let runs = draft.runs_in(group).iter().filter(looked_at);
        runs.filter_map(|name| self.stack.runs.get_key_value(name)).collect()
    }

    /// Whether runs start and stop the group, so that it is made and changed only by them.
    pub(super) fn is_run(&self, group: &Name, draft: &Draft) -> bool {
        let runs = draft.runs_in(group).iter().filter_map(|name| self.stack.runs.get(name));
        runs.into_iter().any(|run| matches!(run.kind, RunKind::Persistent { .. }))
    }

    /// The resource group, by Azure's name, that a run's record stands on.
    pub(super) fn resource_group_of(&self, run: &TaskRun) -> Option<&'a Name> {
        links::resource_group_of(self.stack, run)
    }

    /// Everything that the stack declares and that is looked at.
    pub(super) fn declared(&self, draft: &Draft) -> Vec<Subject> {
        let resource_groups = self.stack.resource_groups.values().map(|one| &one.name);
        let resource_groups = resource_groups
            .filter(|name| draft.includes(&Key::ResourceGroup((*name).clone())))
            .map(|name| Subject::ResourceGroup(name.clone()));
        let groups =
            self.stack.groups.iter().filter(|(name, _)| draft.includes(&Key::Group((*name).clone())));
        let groups = groups.map(|(_, one)| Subject::Group(one.id.clone()));
        let runs = self.stack.runs.keys().filter(|name| draft.includes(&Key::Run((*name).clone())));
        let runs = runs.map(|name| Subject::Run(name.clone()));
        resource_groups.chain(groups).chain(runs).collect()
    }
}

/// Whether the service is removing the thing.
pub(super) fn leaving(provisioning: &Provisioning) -> bool {
    matches!(provisioning, Provisioning::Moving(word) if word.eq_ignore_ascii_case("Deleting"))
}
