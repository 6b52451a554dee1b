//! Tags: ARM's limits, and the ways to change the tags of a scope.
//!
//! Limits as the documentation "Use tags to organize your Azure resources" gives them: 50 tags, names of 512
//! characters without `<>%&\?/`, values of 256. Names are case-blind and keep the case they were first given.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

/// The tags of one resource, by name.
pub(crate) type Tags = BTreeMap<String, String>;

const MAX_TAGS: usize = 50;
const MAX_NAME: usize = 512;
const MAX_VALUE: usize = 256;
const FORBIDDEN: &str = "<>%&\\?/";

/// What a PATCH on the tags of a scope does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Operation {
    #[serde(alias = "merge")]
    Merge,
    #[serde(alias = "replace")]
    Replace,
    #[serde(alias = "delete")]
    Delete,
}

/// Reads the tags of a body; absent or null means that none were sent.
///
/// # Errors
/// Anything but an object of strings within the limits.
pub(crate) fn read(value: Option<&Value>) -> Result<Option<Tags>, Refusal> {
    let Some(value) = value.filter(|v| !v.is_null()) else {
        return Ok(None);
    };
    let tags = Tags::deserialize(value).map_err(|error| Refusal::InvalidContent(format!("tags: {error}")))?;
    check(&tags)?;
    Ok(Some(tags))
}

/// Whether a resource may carry these tags.
///
/// # Errors
/// The first limit that is passed.
pub(crate) fn check(tags: &Tags) -> Result<(), Refusal> {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for (name, value) in tags {
        if name.is_empty() {
            return Err(Refusal::EmptyTagName);
        }
        if name.chars().any(|c| FORBIDDEN.contains(c) || c.is_control()) {
            return Err(Refusal::InvalidTagNameCharacters(name.clone()));
        }
        if name.chars().count() > MAX_NAME {
            return Err(Refusal::TagNameTooLong(name.clone()));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(Refusal::TagValueTooLong(value.clone()));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            return Err(Refusal::AmbiguousTagNames(other.clone(), name.clone()));
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(Refusal::TooManyTags(tags.len()));
    }
    Ok(())
}

/// The tags after a PATCH; `given` is what it sends.
///
/// # Errors
/// Where the result would pass a limit.
pub(crate) fn patched(live: &Tags, operation: Operation, given: &Tags) -> Result<Tags, Refusal> {
    let mut tags = live.clone();
    match operation {
        Operation::Replace => tags = given.clone(),
        Operation::Merge => {
            for (name, value) in given {
                let name = spelled(&tags, name).unwrap_or_else(|| name.clone());
                tags.insert(name, value.clone());
            }
        }
        // A name with an empty value deletes the tag whatever its value, a name with a value that pair only.
        Operation::Delete => {
            for (name, value) in given {
                let Some(name) = spelled(&tags, name) else {
                    continue;
                };
                if value.is_empty() || tags.get(&name) == Some(value) {
                    tags.remove(&name);
                }
            }
        }
    }
    check(&tags)?;
    Ok(tags)
}

/// How the live tags spell this name.
fn spelled(tags: &Tags, name: &str) -> Option<String> {
    let folded = name.to_lowercase();
    tags.keys().find(|live| live.to_lowercase() == folded).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn many(count: usize) -> Tags {
        (0..count).map(|n| (format!("n{n}"), String::new())).collect()
    }

    #[test]
    fn limits() {
        let long = |n: usize| "x".repeat(n);
        let rows = [
            (many(50), None),
            (many(51), Some("InvalidTagCount")),
            (tags(&[(&long(512), "")]), None),
            (tags(&[(&long(513), "")]), Some("InvalidTagName")),
            (tags(&[("a", &long(256))]), None),
            (tags(&[("a", &long(257))]), Some("InvalidTagValueLength")),
            (tags(&[("", "")]), Some("InvalidTagName")),
            (tags(&[("a", "1"), ("A", "2")]), Some("InvalidTagName")),
            (tags(&[("a/b", "")]), Some("InvalidTagNameCharacters")),
            (tags(&[("a\\b", "")]), Some("InvalidTagNameCharacters")),
            (tags(&[("a?", "")]), Some("InvalidTagNameCharacters")),
            (tags(&[("a.b:c-d_e", "<>%&\\?/")]), None),
        ];
        for (tags, expected) in rows {
            assert_eq!(check(&tags).err().map(|r| r.status_and_code().1), expected, "{tags:?}");
        }
    }

    #[test]
    fn operations() {
        let live = tags(&[("Team", "ops"), ("cost", "1")]);
        let rows = [
            (
                Operation::Merge,
                tags(&[("team", "dev"), ("new", "x")]),
                vec![("Team", "dev"), ("cost", "1"), ("new", "x")],
            ),
            (Operation::Replace, tags(&[("a", "b")]), vec![("a", "b")]),
            (Operation::Delete, tags(&[("TEAM", "")]), vec![("cost", "1")]),
            (Operation::Delete, tags(&[("team", "dev"), ("cost", "1")]), vec![("Team", "ops")]),
            (Operation::Delete, tags(&[("none", "")]), vec![("Team", "ops"), ("cost", "1")]),
        ];
        for (operation, given, expected) in rows {
            assert_eq!(patched(&live, operation, &given), Ok(tags(&expected)), "{operation:?}");
        }
        assert_eq!(patched(&many(50), Operation::Merge, &live), Err(Refusal::TooManyTags(52)));
        assert!(patched(&many(50), Operation::Replace, &live).is_ok());
    }
}
