//! The fingerprint of a plan: equal for plans that do the same to the same, different for any other.
//!
//! It covers what each step does, to what, after which others, and what must hold before it: the guards, which hold the
//! owner and the shape of what was seen, and the records that runs follow, so that a plan that was carried out never
//! has the same fingerprint again. Reasons, impacts, notes, states and times are left out. A secret goes in as the
//! reference that the manifest has; its value is in no digest.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::digest::hex;
use crate::model::name::Owner;
use crate::model::stack::Target;
use crate::model::tag::Tags;
use crate::plan::{Action, Begin, Guard, Plan, Step, StepId, Subject, TagEdit, secrets};

/// Another way to make fingerprints needs another version, so that an old one is stale and not wrong.
const VERSION: &str = "acitask-plan-1";

/// How many hexadecimal digits are told.
const DIGITS: usize = 16;

/// What stands for a plan in `--expect`, in plan files and in pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Takes a fingerprint in as it was told.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Of a plan that goes to this subscription.
    pub fn of(plan: &Plan, owner: &Owner, target: Target, subscription: &str) -> Self {
        let steps: Vec<Canonical<'_>> = plan.steps().iter().map(canonical).collect();
        let target = match target {
            Target::Azure => "azure",
            Target::Local => "local",
        };
        let subscription = subscription.to_ascii_lowercase();
        Self(hex(&(VERSION, target, subscription, owner.as_str(), steps), DIGITS))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[derive(Serialize)]
struct Canonical<'p> {
    subject: &'p Subject,
    action: Cow<'p, Action>,
    needs: Vec<StepId>,
    guard: &'p Guard,
}

fn canonical(step: &Step) -> Canonical<'_> {
    let Step { id: _, subject, action, needs, guard, reason: _, changes: _, impacts: _ } = step;
    let action = without_digests(action);
    Canonical { subject, action, needs: needs.iter().copied().collect(), guard }
}

/// The action without the digests of its secrets: whether a value is available where the plan is made is no part of it.
fn without_digests(action: &Action) -> Cow<'_, Action> {
    let mut action = Cow::Borrowed(action);
    let kept = |tags: &mut Tags| tags.retain(|name, _| !secrets::is_own(name));
    let edited = |edit: &mut TagEdit| {
        edit.set.retain(|name, _| !secrets::is_own(name));
        edit.remove.retain(|name| !secrets::is_own(name));
    };
    let holds = |tags: &Tags| tags.keys().any(|name| secrets::is_own(name));
    let has_any = match &*action {
        Action::CreateGroup(body) => holds(&body.tags),
        Action::UpdateGroup(body, edit) => {
            holds(&body.tags) || holds(&edit.set) || edit.remove.iter().any(|name| secrets::is_own(name))
        }
        Action::Run(run) => match &run.begin {
            Begin::Create(body) | Begin::Replace(body) => holds(&body.tags),
            _ => false,
        },
        _ => false,
    };
    if !has_any {
        return action;
    }
    match action.to_mut() {
        Action::CreateGroup(body) => kept(&mut body.tags),
        Action::UpdateGroup(body, edit) => {
            kept(&mut body.tags);
            edited(edit);
        }
        Action::Run(run) => {
            if let Begin::Create(body) | Begin::Replace(body) = &mut run.begin {
                kept(&mut body.tags);
            }
        }
        _ => {}
    }
    action
}
