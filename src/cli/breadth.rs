//! How much of a project a plan is about, and how much it may destroy.

use std::collections::BTreeSet;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::name;
use crate::model::name::Name;
use crate::model::stack::{Limits, Stack};
use crate::plan::reconcile::{Refresh, Scope};

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
    /// Delete what is in no manifest also where the files are a part of the project.
    #[arg(long)]
    #[serde(default)]
    pub(crate) prune: bool,
    /// Leave this field of every group, or this tag, as it is on Azure: containers[].image, tags.NAME. Repeatable.
    #[arg(long, value_name = "PATH")]
    #[serde(default)]
    pub(crate) ignore_changes: Vec<String>,
    /// Look at every declared group by itself, not only where something is decided by it.
    #[arg(long, value_name = "HOW", default_value = "needed")]
    #[serde(default)]
    pub(crate) refresh: RefreshWord,
    #[command(flatten)]
    pub(crate) allowance: Allowance,
}

/// How closely is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RefreshWord {
    /// Lists, and single groups where something is decided by them.
    #[default]
    Needed,
    /// Every declared group.
    Full,
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
    /// Itself as words of a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let Self { target, exclude, prune, ignore_changes, refresh, allowance } = self;
        let Allowance { max_delete, max_replace } = allowance;
        let each = |flag: &'static str, values: &[String]| {
            values.iter().flat_map(move |value| [flag.to_owned(), value.clone()]).collect::<Vec<_>>()
        };
        let count = |flag: &str, count: &Option<usize>| {
            count.iter().flat_map(|count| [flag.to_owned(), count.to_string()]).collect::<Vec<_>>()
        };
        let mut words = [each("--target", target), each("--exclude", exclude)].concat();
        words.extend(prune.then(|| "--prune".to_owned()));
        words.extend(each("--ignore-changes", ignore_changes));
        if *refresh == RefreshWord::Full {
            words.extend(["--refresh", "full"].map(str::to_owned));
        }
        words.extend(count("--max-delete", max_delete));
        words.extend(count("--max-replace", max_replace));
        words
    }

    /// As the plan takes it.
    pub(crate) fn refresh(&self) -> Refresh {
        match self.refresh {
            RefreshWord::Needed => Refresh::Needed,
            RefreshWord::Full => Refresh::Full,
        }
    }

    /// As the plan takes it.
    ///
    /// # Errors
    /// A name that no manifest has.
    pub(crate) fn scope(&self, stack: &Stack) -> Result<Scope, Failure> {
        let Self { target, exclude, prune: _, ignore_changes: _, refresh: _, allowance: _ } = self;
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        breadth: Breadth,
    }

    #[test]
    fn what_was_asked_for_can_be_asked_for_again() -> Result<(), clap::Error> {
        for told in [
            "",
            "--target a --target b --exclude c --prune --ignore-changes tags.x --refresh full --max-delete 3 --max-replace 0",
        ] {
            let words: Vec<&str> = told.split_whitespace().collect();
            let line = Line::try_parse_from(std::iter::once("acitask").chain(words.iter().copied()))?;
            assert_eq!(line.breadth.words(), words);
        }
        Ok(())
    }
}
