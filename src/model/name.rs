//! Names as Azure Resource Manager sees them, and the ids made of them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

/// A name that is kept as written and compared without case, as Azure Resource Manager does it.
///
/// Copies of a name share its text: a plan of ten thousand groups names each of them many times.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// Makes a name of any text; the rules about names are the manifest's.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    // Maps of thousands of names compare little else, and most of them begin alike.
    fn cmp(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        for (our, their) in ours.iter().zip(theirs) {
            if our != their {
                let order = our.to_ascii_lowercase().cmp(&their.to_ascii_lowercase());
                if order.is_ne() {
                    return order;
                }
            }
        }
        ours.len().cmp(&theirs.len())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.folded() {
            byte.hash(state);
        }
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// Where a container group stands: its resource group and its name, both as Azure calls them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupId {
    /// The resource group's name.
    pub resource_group: Name,
    /// The container group's name.
    pub name: Name,
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_group, self.name)
    }
}

/// Who owns a resource: `<project>` or `<project>/<environment>`, as it stands in the tag `acitask-owner`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(String);

impl Owner {
    /// The owner of what a project declares in one of its environments.
    pub fn new(project: &Name, environment: Option<&Name>) -> Self {
        match environment {
            Some(environment) => Self(format!("{project}/{environment}")),
            None => Self(project.to_string()),
        }
    }

    /// The text of the tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_more_than_case() {
        assert_eq!(Name::from("Nightly"), Name::from("nIGHTLY"));
        assert_ne!(Name::from("nightly"), Name::from("nightly1"));
        assert_eq!(Name::from("A").cmp(&Name::from("b")), Ordering::Less);
    }
}
