//! What is other than it was made, for people who only want to know that: no step follows from it.
//!
//! A difference that the manifest alone brought is no drift. One of which nothing tells where it comes from (the group
//! was made by hand or by an earlier version) is drift: somebody has to look at it.

use crate::model::name::Name;
use crate::model::observed::Observed;
use crate::model::stack::{ContainerGroup, Power, Stack};
use crate::plan::applied::Origin;
use crate::plan::reconcile::draft::{Aim, Draft};
use crate::plan::reconcile::ignore;
use crate::plan::reconcile::scene::{self, Hold, Scene};
use crate::plan::reconcile::stand::{self, Stand};
use crate::plan::reconcile::{Request, Verb};
use crate::plan::{Change, Subject, diff, tags};

/// A declared thing that is other than it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What it is.
    pub subject: Subject,
    /// What differs: from what is wanted to what is there now.
    pub changes: Vec<Change>,
    /// What cannot be told by a field.
    pub remark: Option<String>,
}

/// Every declared thing that drifted, in the order of the manifests' names.
pub fn drift(stack: &Stack, observed: &Observed) -> Vec<Drift> {
    let request = Request::of(Verb::Apply);
    let renamed = scene::renamed(stack);
    let scene = Scene { stack, observed, request: &request, renamed: &renamed };
    let mut draft = Draft::new(stack, None, Aim::Plan);
    let resource_groups = stack.resource_groups.iter().filter(|(_, declared)| !declared.existing);
    let resource_groups: Vec<Drift> = resource_groups
        .filter_map(|(manifest, declared)| {
            let subject = Subject::ResourceGroup(declared.name.clone());
            let Some(seen) = scene.seen_resource_group(&declared.name) else {
                return Some(missing(subject));
            };
            if !matches!(scene.hold(manifest, &seen.tags), Hold::Ours) {
                return Some(let_go(subject));
            }
            let (_, mut changes) =
                tags::diff(&tags::wanted(scene.owner(), &declared.tags), &seen.tags, &Default::default());
            changes.extend(
                declared.location.as_deref().and_then(|wanted| diff::location(wanted, &seen.location)),
            );
            (!changes.is_empty()).then_some(Drift {
                subject,
                changes: changes.into_iter().map(turned).collect(),
                remark: None,
            })
        })
        .collect();
    let groups = stack.groups.iter().filter_map(|(manifest, declared)| {
        // A group that runs start and stop is made by its first run.
        let is_run = scene.is_run(manifest, &draft);
        group(scene, &mut draft, manifest, declared, is_run)
    });
    let groups: Vec<Drift> = groups.collect();
    resource_groups.into_iter().chain(groups).collect()
}

fn group(
    scene: Scene<'_>,
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
    is_run: bool,
) -> Option<Drift> {
    let subject = Subject::Group(declared.id.clone());
    let location = scene.location(declared.location.as_ref(), &declared.id.resource_group)?;
    let declared = &*ignore::effective(scene, draft, declared);
    let here = match stand::of(scene, draft, manifest, declared, &location) {
        Stand::Missing | Stand::Leaving(_) => return (!is_run).then(|| missing(subject)),
        Stand::Barred(seen) if scene.owns(&seen.tags) => {
            let remark = Some("its properties could not be understood".to_owned());
            return Some(Drift { subject, changes: Vec::new(), remark });
        }
        Stand::Barred(_) => return Some(let_go(subject)),
        Stand::Here(here) => here,
    };
    let drifted = |change: &&Change| change.origin != Origin::Manifest;
    let changes: Vec<Change> =
        here.changes.iter().chain(&here.tag_changes).filter(drifted).cloned().map(turned).collect();
    let remark = match declared.power {
        Power::Running if stand::is(here.seen, &["Stopped"]) => {
            Some("it is stopped, and is to be kept running")
        }
        Power::Stopped if stand::is(here.seen, &["Running", "Pending"]) => {
            Some("it runs, and is to be kept stopped")
        }
        _ => None,
    };
    let drift = Drift { subject, changes, remark: remark.map(str::to_owned) };
    (!drift.changes.is_empty() || drift.remark.is_some()).then_some(drift)
}

/// A plan leads from what is there to what is wanted; drift led the other way.
fn turned(change: Change) -> Change {
    let Change { field, path, before, after, origin } = change;
    Change { field, path, before: after, after: before, origin }
}

fn missing(subject: Subject) -> Drift {
    Drift { subject, changes: Vec::new(), remark: Some("it is not there".to_owned()) }
}

fn let_go(subject: Subject) -> Drift {
    Drift { subject, changes: Vec::new(), remark: Some("it is not owned by this project".to_owned()) }
}
