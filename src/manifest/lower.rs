//! Judged manifests → [`Stack`]: defaults filled in, names tied together.
//!
//! Invariant: nothing is judged here. What cannot be lowered after a clean judgement is a bug of ours and told as one.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::book::{Book, Sheet};
use super::diagnostic::Diagnostic;
use super::judge::Judge;
use super::kind::container_group::{ContainerGroupManifest, Lifecycle, PowerWord};
use super::kind::environment::EnvironmentManifest;
use super::kind::project::{CloudWord, LimitsManifest, ProjectManifest, SecretDigestsWord, TargetWord};
use super::kind::resource_group::ResourceGroupManifest;
use super::kind::task_run::TaskRunManifest;
use super::kind::{Kind, Moved};
use super::rule::Rule;
use super::rules::secret::Secrets;
use super::value;
use crate::model::digests::Digests;
use crate::model::group::Group;
use crate::model::name::{GroupId, Name, Owner};
use crate::model::secret::{SecretRef, SecretSource};
use crate::model::stack::{
    Cloud, ContainerGroup, Limits, Power, Project, ResourceGroup, SecretDigests, Stack, Target,
};
use crate::model::tag::Tags;

mod run;

/// Begins the things that `ignoreChanges` can name.
pub(super) const IGNORED_TAG: &str = "tags.";

/// A bug of ours, boxed because it is rare.
pub(super) type Bug = Box<Diagnostic>;

/// The manifests as values of our types.
#[derive(Default)]
pub(super) struct Typed {
    projects: Vec<ProjectManifest>,
    resource_groups: Vec<ResourceGroupManifest>,
    groups: Vec<ContainerGroupManifest>,
    runs: Vec<TaskRunManifest>,
}

impl Typed {
    /// Judges the structure of every document and takes those that hold.
    pub(super) fn take(&mut self, judge: &Judge, book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
        for sheet in &book.sheets {
            let value = value::of(sheet.root.node);
            let found = match serde_json::to_value(&value) {
                Ok(json) => judge.judge(sheet.kind, sheet.root, &json),
                Err(error) => Some(vec![ours(sheet, &error)]),
            };
            if found.is_some() || sheet.assumed || sheet.root.node.is_unresolved() {
                diagnostics.extend(found.into_iter().flatten());
                continue;
            }
            let taken = match sheet.kind {
                Kind::Project => push(&mut self.projects, value),
                Kind::ResourceGroup => push(&mut self.resource_groups, value),
                Kind::ContainerGroup => push(&mut self.groups, value),
                Kind::TaskRun => push(&mut self.runs, value),
                // It has been laid over the others already; here only its form is looked at.
                Kind::Environment => serde_yaml::from_value::<EnvironmentManifest>(value).map(drop),
            };
            if let Err(error) = taken {
                diagnostics.push(ours(sheet, &error));
            }
        }
    }
}

fn push<T: DeserializeOwned>(list: &mut Vec<T>, value: serde_yaml::Value) -> Result<(), serde_yaml::Error> {
    serde_yaml::from_value(value).map(|manifest| list.push(manifest))
}

fn ours(sheet: &Sheet<'_>, error: &dyn std::error::Error) -> Diagnostic {
    let message = format!("this {} fits its schema and cannot be read: {error}", sheet.kind);
    sheet.root.flaw(Rule::Ours, message, "in this manifest").help("this is a bug of acitask")
}

fn bug(message: String) -> Bug {
    Box::new(Diagnostic::new(Rule::Ours, message).help("this is a bug of acitask"))
}

/// Lowers manifests that were judged and found good.
///
/// # Errors
/// A bug of ours.
pub(super) fn stack(
    typed: Typed,
    secrets: &Secrets,
    environment: Option<&Name>,
    whole: bool,
) -> Result<Stack, Bug> {
    let Typed { projects, resource_groups, groups, runs } = typed;
    let project = projects
        .into_iter()
        .next()
        .map(|manifest| project(manifest, environment))
        .ok_or_else(|| bug("there is no Project".into()))?;
    let resource_groups: BTreeMap<_, _> =
        resource_groups.into_iter().map(|manifest| resource_group(manifest, &project)).collect();
    let shared = Shared { project: &project, resource_groups: &resource_groups, secrets };
    let groups = groups.into_iter().map(|manifest| group(manifest, &shared)).collect::<Result<_, Bug>>()?;
    let runs = runs.into_iter().map(|manifest| run::lower(manifest, &shared)).collect::<Result<_, Bug>>()?;
    Ok(Stack { project, resource_groups, groups, runs, whole, digests: Digests::default() })
}

/// What groups and runs are lowered with.
struct Shared<'s> {
    project: &'s Project,
    resource_groups: &'s BTreeMap<Name, ResourceGroup>,
    secrets: &'s Secrets,
}

impl Shared<'_> {
    /// The properties of a group with their secrets.
    fn secrets(&self, group: Group<SecretRef>) -> Result<Group<SecretSource>, Bug> {
        group.map(&mut |reference| self.secret(reference))
    }

    fn secret(&self, reference: SecretRef) -> Result<SecretSource, Bug> {
        match self.secrets.get(&reference) {
            Some(value) => Ok(SecretSource { value: value.clone(), reference }),
            None => Err(bug(format!("a secret was not looked up: {reference:?}"))),
        }
    }
}

fn project(manifest: ProjectManifest, environment: Option<&Name>) -> Project {
    let spec = manifest.spec;
    Project {
        owner: Owner::new(&Name::new(manifest.metadata.name), environment),
        target: spec.target.map(|target| match target {
            TargetWord::Azure => Target::Azure,
            TargetWord::Local => Target::Local,
        }),
        subscription: spec.subscription,
        tenant: spec.tenant,
        cloud: match spec.cloud {
            CloudWord::Public => Cloud::Public,
            CloudWord::UsGov => Cloud::UsGov,
            CloudWord::China => Cloud::China,
        },
        azure_api_version: spec.azure_api_version,
        location: spec.location.map(region),
        tags: spec.tags,
        limits: limits(spec.limits),
        secret_digests: match spec.secret_digests {
            SecretDigestsWord::None => SecretDigests::None,
            SecretDigestsWord::Salted => SecretDigests::Salted,
        },
    }
}

fn limits(manifest: LimitsManifest) -> Limits {
    let LimitsManifest { max_replace, max_delete } = manifest;
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Limits { max_replace: max_replace.map(number), max_delete: max_delete.map(number) }
}

fn resource_group(manifest: ResourceGroupManifest, project: &Project) -> (Name, ResourceGroup) {
    let key = Name::new(manifest.metadata.name);
    let spec = manifest.spec;
    let location = spec.location.map(region);
    let group = ResourceGroup {
        moved_from: spec.moved.as_ref().map(|moved| Name::new(moved.from.clone())),
        name: named(spec.name, spec.moved, &key),
        // Where somebody else's group stands is theirs to say.
        location: if spec.existing { location } else { location.or_else(|| project.location.clone()) },
        // Nor are its tags ours to set.
        tags: if spec.existing { Tags::new() } else { with_project(project, spec.tags) },
        existing: spec.existing,
        records: spec.records,
        protect: spec.protect,
    };
    (key, group)
}

fn group(manifest: ContainerGroupManifest, shared: &Shared<'_>) -> Result<(Name, ContainerGroup), Bug> {
    let key = Name::new(manifest.metadata.name);
    let spec = manifest.spec;
    let reference = Name::new(spec.resource_group);
    let home = shared
        .resource_groups
        .get(&reference)
        .ok_or_else(|| bug(format!("the resource group {reference} was not looked up")))?;
    let Lifecycle { protect, ignore_changes } = spec.lifecycle;
    let (ignored_tags, ignored): (Vec<_>, Vec<_>) =
        ignore_changes.into_iter().partition(|path| path.starts_with(IGNORED_TAG));
    let tag = |path: String| path.strip_prefix(IGNORED_TAG).map(str::to_owned);
    let group = ContainerGroup {
        id: GroupId { resource_group: home.name.clone(), name: named(spec.name, spec.moved, &key) },
        location: spec.location.map(region),
        tags: with_project(shared.project, spec.tags),
        group: shared.secrets(spec.properties)?,
        power: match spec.power {
            PowerWord::Unmanaged => Power::Unmanaged,
            PowerWord::Running => Power::Running,
            PowerWord::Stopped => Power::Stopped,
        },
        protect,
        ignored_tags: ignored_tags.into_iter().filter_map(tag).collect(),
        ignored: ignored.into_iter().collect(),
        depends_on: names(spec.depends_on),
    };
    Ok((key, group))
}

/// Azure's name for a thing: its own, that of the manifest before it was renamed, or that of the manifest.
fn named(own: Option<String>, moved: Option<Moved>, key: &Name) -> Name {
    own.or(moved.map(|moved| moved.from)).map_or_else(|| key.clone(), Name::new)
}

fn names(names: Vec<String>) -> BTreeSet<Name> {
    names.into_iter().map(Name::new).collect()
}

/// A region as ARM writes it: `West Europe` is `westeurope`.
fn region(text: String) -> String {
    text.chars().filter(|letter| *letter != ' ').flat_map(char::to_lowercase).collect()
}

/// The tags of a resource with those of the project, which yield to them.
fn with_project(project: &Project, own: Tags) -> Tags {
    let mut tags = own;
    for (name, value) in &project.tags {
        if !tags.keys().any(|known| known.eq_ignore_ascii_case(name)) {
            tags.insert(name.clone(), value.clone());
        }
    }
    tags
}
