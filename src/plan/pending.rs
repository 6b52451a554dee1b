//! An update that was begun: what stands in a group's tags between its PUT and the tags that tell what was applied.
//!
//! A PUT need not write tags, so what was applied of secrets is told by a call of its own, and whoever is interrupted
//! between the two must not restart the containers a second time. The tag is `1:<time>:<digest>`: the service's time
//! before the PUT, and a digest of the tags that are to tell it.

use jiff::Timestamp;

use crate::model::digest::hex;
use crate::model::observed::SeenGroup;
use crate::model::tag::{PENDING, SHAPE, Tags, lookup};
use crate::plan::secrets;

const VERSION: &str = "1:";
const DIGITS: usize = 16;

/// What became of an update that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// None was begun, or it has been told how it ended.
    None,
    /// The group has to be looked at to find out.
    Unknown,
    /// It went through, and it is the one that is wanted now.
    Done,
    /// It went through, and something else is wanted now: what the tags tell of secrets is out of date.
    Other,
    /// It did not go through.
    Lost,
}

/// The tag of an update that makes a group's tags tell this.
pub fn tag(told: &Tags, at: Timestamp) -> (String, String) {
    (PENDING.to_owned(), format!("{VERSION}{}:{}", at.as_second(), digest(told)))
}

/// What became of the update that a group's tags tell of; `told` are the tags that an update now would make.
///
/// `visible` says that the group shows what only that update can have made.
pub fn outcome(seen: &SeenGroup, told: &Tags, visible: bool) -> Outcome {
    let Some(text) = lookup(&seen.tags, PENDING) else { return Outcome::None };
    let parts = text.strip_prefix(VERSION).and_then(|rest| rest.split_once(':'));
    let at = parts.and_then(|(at, _)| Timestamp::from_second(at.parse().ok()?).ok());
    let same = parts.is_some_and(|(_, other)| other == digest(told));
    if visible && same {
        return Outcome::Done;
    }
    let (Some(at), Some(view)) = (at, &seen.view) else { return Outcome::Unknown };
    // A container that the platform has started again says nothing of a PUT.
    let fresh = view.containers.values().any(|container| {
        let start = container.current.as_ref().and_then(|state| state.start_time);
        container.restart_count == 0 && start.is_some_and(|start| start > at)
    });
    match (fresh, same) {
        (true, true) => Outcome::Done,
        (true, false) => Outcome::Other,
        (false, _) => Outcome::Lost,
    }
}

/// The digest of what tags tell of a group's properties and secrets.
fn digest(told: &Tags) -> String {
    let own = |name: &str| name.eq_ignore_ascii_case(SHAPE) || secrets::is_own(name);
    let told: Tags = told.iter().filter(|(name, _)| own(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    hex(&told, DIGITS)
}
