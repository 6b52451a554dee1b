//! What must hold just before a step acts: the thing is as the plan saw it, or as an earlier step made it.
//!
//! A digest holds the owner and the shape. Status, addresses, other tags and order are left out, because they change by
//! themselves or do not bear on what the step does.

use std::convert::Infallible;

use crate::model::digest;
use crate::model::name::Owner;
use crate::model::observed::{SeenGroup, SeenResourceGroup};
use crate::model::secret::Mark;
use crate::model::tag::{OWNER, lookup};
use crate::plan::shape::{self, Shape, normalise};
use crate::plan::{Deployment, Guard};

const DIGITS: usize = 16;

/// The guard of a step on a container group that stands as it was seen.
pub fn group(seen: Option<&SeenGroup>) -> Guard {
    let Some(seen) = seen else { return Guard::Absent };
    of_group(lookup(&seen.tags, OWNER), seen.group.as_deref().cloned().map(normalise))
}

/// The guard of a step on a container group that an earlier step has made or taken over.
pub fn wanted(owner: &Owner, shape: Shape) -> Guard {
    of_group(Some(owner.as_str()), Some(shape))
}

/// What the guard of a container group is once it has been sent.
pub fn deployed(deployment: &Deployment) -> Guard {
    of_group(lookup(&deployment.tags, OWNER), Some(shape::wanted(&deployment.group)))
}

/// The guard of a step on a resource group that stands as it was seen.
pub fn resource_group(seen: Option<&SeenResourceGroup>) -> Guard {
    let Some(seen) = seen else { return Guard::Absent };
    Guard::Unchanged(digest::hex(&("rg", lookup(&seen.tags, OWNER), &seen.location), DIGITS))
}

fn of_group(owner: Option<&str>, shape: Option<Shape>) -> Guard {
    let group = shape.map(|shape| {
        let Ok(group) = shape.into_sure().map(&mut |Mark| Ok::<_, Infallible>("secret"));
        group
    });
    Guard::Unchanged(digest::hex(&("group", owner, group), DIGITS))
}
