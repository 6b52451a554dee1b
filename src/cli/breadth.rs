//! How much of a project a plan is about, and how much it may destroy.

use std::collections::BTreeSet;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::name;
use crate::model::name::Name;
use crate::model::stack::{Limits, Stack};
use crate::plan::reconcile::Scope;

/// The parts of a project, and what may be lost.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Breadth {
    /// Only this manifest, with what it comes after. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Vec<String>,
    /// Not this manifest, nor what comes after it. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) exclude: Vec<String>,
    #[command(flatten)]
    pub(crate) allowance: Allowance,
}

/// How much a plan may destroy.
#[derive(Args, Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Allowance {
    /// How many things may be deleted, whatever `limits` of the Project says.
    #[arg(long, value_name = "N")]
    max_delete: Option<usize>,
    /// How many groups may be replaced, whatever `limits` of the Project says.
    #[arg(long, value_name = "N")]
    max_replace: Option<usize>,
}

impl Allowance {
    /// As the plan takes it.
    pub(crate) fn limits(self) -> Limits {
        let Self { max_delete, max_replace } = self;
        Limits { max_replace, max_delete }
    }
}

impl Breadth {
    /// As the plan takes it.
    ///
    /// # Errors
    /// A name that no manifest has.
    pub(crate) fn scope(&self, stack: &Stack) -> Result<Scope, Failure> {
        let Self { target, exclude, allowance: _ } = self;
        Ok(Scope { only: known(stack, target)?, without: known(stack, exclude)? })
    }
}

fn known(stack: &Stack, told: &[String]) -> Result<BTreeSet<Name>, Failure> {
    let all = || stack.resource_groups.keys().chain(stack.groups.keys()).chain(stack.runs.keys());
    let each = |told: &String| {
        let name = Name::from(told.as_str());
        let found = all().any(|known| *known == name);
        if found { Ok(name) } else { Err(name::unknown("manifest", told, all())) }
    };
    told.iter().map(each).collect()
}
