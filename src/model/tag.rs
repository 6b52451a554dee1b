//! Tags, and the names of those that acitask keeps its memory in.

use std::collections::BTreeMap;

/// Tags of a resource. Azure compares their names without case; [`lookup`] does so.
pub type Tags = BTreeMap<String, String>;

/// Holds the owner (`<project>/<environment>`) of a resource.
pub const OWNER: &str = "acitask-owner";

/// Holds the names of the tags that the owner set, so that one taken out of the manifest is removed and a foreign one is not.
pub const NAMES: &str = "acitask-tags";

/// On a container group: a digest of each field as it was last applied.
pub const SHAPE: &str = "acitask-shape";

/// Begins the names of the tags on a container group that hold digests of its secrets as they were last applied.
pub const SECRETS: &str = "acitask-secrets";

/// On a container group: an update that was begun and whose end is not told yet.
pub const PENDING: &str = "acitask-pending";

/// On a container group: the run that the PUT which made it began.
pub const INTENT: &str = "acitask-run";

/// Begins the names of the tags on a resource group that hold the records of task runs; the TaskRun's name follows.
pub const RECORD: &str = "acitask-run.";

/// On a resource group: who applies at the moment.
pub const LEASE: &str = "acitask-lease";

/// Begins every name that manifests may not use.
pub const RESERVED: &str = "acitask-";

/// The value of a tag, whatever the case of its name.
pub fn lookup<'t>(tags: &'t Tags, name: &str) -> Option<&'t str> {
    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
