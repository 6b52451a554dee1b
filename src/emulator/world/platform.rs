//! What the platform does of its own accord, when a fault wants it so: evictions, restarts, operations that go wrong.
//!
//! The words of the events and the exit codes 7147 and 7148 are those of Azure's page "Troubleshoot common issues". That
//! evicted groups come back by themselves is told by "Azure Container Instances Spot containers"; after how long is not.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::container_group::{Mark, Next, Provisioning};
use super::lifecycle;
use crate::contract::{Command, SandboxId};

/// How long the platform needs to find another place for an evicted group.
const ABSENCE: SignedDuration = SignedDuration::from_secs(60);

/// What never comes.
const NEVER: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

impl World {
    /// Takes the containers of a running group away; they are started again elsewhere a minute later, under every policy.
    /// Nothing happens to a group that does not run.
    pub(crate) fn evict(&mut self, id: &str, now: Timestamp) -> Vec<Command> {
        let mut commands = self.restart_by_platform(id, now);
        // The containers are gone at once; what would start them again waits.
        commands.retain(|command| matches!(command, Command::Discard { .. }));
        let (sandbox, by) = (self.ids.sandbox(), self.now + ABSENCE);
        if !commands.is_empty()
            && let Some(group) = self.container_groups.get_mut(&id.to_lowercase())
        {
            group.next = Some(Next { sandbox, by, kills: 0 });
        }
        commands
    }

    /// Restarts the containers of a running group, under every policy.
    pub(crate) fn restart_by_platform(&mut self, id: &str, now: Timestamp) -> Vec<Command> {
        self.pass(now);
        let (key, now) = (id.to_lowercase(), self.now);
        let sandbox = self.ids.sandbox();
        let group = self.container_groups.get_mut(&key).filter(|group| group.next.is_none());
        if let Some(group) = group {
            lifecycle::lost(group, sandbox, now, &mut self.commands);
        }
        self.settle(&key);
        std::mem::take(&mut self.commands)
    }

    /// Lets an operation hang, or end with this error; gives the sandboxes in which nothing is to begin.
    pub(crate) fn divert(&mut self, operation: &str, error: Option<(String, String)>) -> Vec<SandboxId> {
        let Some(target) = self.target_of(operation) else {
            return Vec::new();
        };
        if let Some(group) = self.resource_groups.get_mut(&target) {
            group.gone_at = match error {
                Some(_) => None,
                None => Some(self.now + NEVER),
            };
            self.put_off(operation, error, self.now + NEVER);
            return Vec::new();
        }
        let Some(group) = self.container_groups.get_mut(&target) else {
            return Vec::new();
        };
        let sandbox = group.next.as_ref().map_or(group.sandbox, |next| next.sandbox);
        if error.is_some() {
            group.provisioning = Provisioning::Failed;
            self.put_off(operation, error, self.now);
            self.settle(&target);
        }
        vec![sandbox]
    }

    /// What the last call commanded and did not hand out.
    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// The id of the group that a sandbox is of.
    pub(crate) fn group_of(&self, sandbox: SandboxId) -> Option<String> {
        let key = self.container_groups.marked(&Mark::Sandbox(sandbox)).into_iter().next()?;
        self.container_groups.get(key).map(|group| group.id.clone())
    }

    /// The keys of the groups that have this sandbox: one, or none.
    pub(crate) fn keys_of(&self, sandbox: SandboxId) -> Vec<String> {
        self.container_groups.marked(&Mark::Sandbox(sandbox)).into_iter().cloned().collect()
    }
}
