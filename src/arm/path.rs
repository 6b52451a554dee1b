//! Names on their way into a URL.
//!
//! Invariant: nothing that could change the meaning of a path gets into one. The Azure crates escape `?` and `#`
//! but let `/` and `..` through, which would address another resource.

use super::fault::{Fault, FaultKind};
use crate::model::name::GroupId;

const LONGEST: usize = 260;

/// A name that may stand between two slashes.
///
/// # Errors
/// [`Refused`](FaultKind::Refused) for any other.
pub(super) fn segment(name: &str) -> Result<&str, Fault> {
    let bad = |char: char| char.is_control() || matches!(char, '/' | '\\' | '?' | '#' | '%');
    if name.is_empty() || name.len() > LONGEST || matches!(name, "." | "..") || name.contains(bad) {
        let mut fault = Fault::own(FaultKind::Refused, format!("{name:?} cannot be a name in Azure"));
        fault.code = "InvalidName".into();
        return Err(fault);
    }
    Ok(name)
}

/// The resource id of a resource group, without its leading slash.
pub(super) fn resource_group(subscription: &str, name: &str) -> Result<String, Fault> {
    Ok(format!("subscriptions/{}/resourceGroups/{}", segment(subscription)?, segment(name)?))
}

/// The resource id of a container group, without its leading slash.
pub(super) fn group(subscription: &str, id: &GroupId) -> Result<String, Fault> {
    let parent = resource_group(subscription, id.resource_group.as_str())?;
    let name = segment(id.name.as_str())?;
    Ok(format!("{parent}/providers/Microsoft.ContainerInstance/containerGroups/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_place_are_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a\nb", &"x".repeat(261)] {
            assert_eq!(segment(name).map_err(|fault| fault.kind), Err(FaultKind::Refused), "{name:?}");
        }
        for name in ["nightly", "Rg_1.(x)-é", "...", "a b"] {
            assert_eq!(segment(name), Ok(name));
        }
    }
}
