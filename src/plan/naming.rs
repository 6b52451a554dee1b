//! The names of the groups that are made for runs: run, digest of the input, item, number and attempt.
//!
//! They follow from the plan alone, so that whoever goes on after an interruption finds what was begun.

use crate::model::name::{GroupId, Name};

/// The longest name of a container group, as Microsoft's page "Troubleshoot common issues in Azure Container Instances" says.
const LONGEST: usize = 63;
/// What is kept free for the attempt: `-a` and three digits.
const ATTEMPT: usize = 5;

/// `<run>-<digest>-<number>`, and `<run>-<digest>-i<item>-<number>` of an item; a long name of a run is cut.
pub(crate) fn group(run: &Name, digest: &str, item: Option<u32>, number: usize) -> Name {
    let item = item.map_or_else(String::new, |item| format!("-i{item}"));
    let tail = format!("-{digest}{item}-{number}");
    let mut head = run.as_str().to_ascii_lowercase();
    head.truncate(LONGEST.saturating_sub(tail.len() + ATTEMPT));
    Name::new(format!("{}{tail}", head.trim_end_matches('-')))
}

/// The group of an attempt, of which the first has the name without more.
pub fn attempt(first: &GroupId, attempt: u32) -> GroupId {
    if attempt <= 1 {
        return first.clone();
    }
    GroupId { name: Name::new(format!("{}-a{attempt}", first.name)), ..first.clone() }
}

/// The group of the first attempt, told by the group of another one.
pub(crate) fn first(group: &GroupId, attempt: u32) -> GroupId {
    let name = group.name.as_str();
    let name = if attempt <= 1 { name } else { name.strip_suffix(&format!("-a{attempt}")).unwrap_or(name) };
    GroupId { name: Name::new(name), ..group.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_run_item_and_attempt_and_fit() {
        let run = Name::from("Nightly");
        assert_eq!(group(&run, "0123abcd", None, 1).as_str(), "nightly-0123abcd-1");
        assert_eq!(group(&run, "0123abcd", Some(999), 12).as_str(), "nightly-0123abcd-i999-12");
        let long = group(&Name::new("n".repeat(63)), "0123abcd", Some(999), 12);
        let id = GroupId { resource_group: Name::from("rg"), name: long };
        assert_eq!(attempt(&id, 1), id);
        let tenth = attempt(&id, 10);
        assert!(tenth.name.as_str().ends_with("-i999-12-a10") && tenth.name.as_str().len() <= 63);
        assert_eq!((first(&tenth, 10), first(&id, 1)), (id.clone(), id));
    }
}
