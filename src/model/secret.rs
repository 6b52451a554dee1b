//! Secrets, by the stage they are in: a reference in the manifest, a value in memory, a mark where things are compared.
//!
//! Invariant: a value has no `Display` and no `Serialize`, and its `Debug` prints `***`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A secret value. It leaves the process only in the body of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret comes from; exactly one of the fields is set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct SecretRef {
    /// The name of a declared variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_variable: Option<String>,
    /// A file inside the project folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_file: Option<String>,
}

/// A secret of a stack: its reference, and its value where it could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSource {
    /// Where it comes from.
    pub reference: SecretRef,
    /// Its value; absent where it is not available, which only matters to a step that sends it.
    pub value: Option<Secret>,
}

/// As its reference alone, so that what is written down of a secret is where it comes from.
impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { reference, value: _ } = self;
        reference.serialize(serializer)
    }
}

/// There is a secret here, and its value cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark;

impl Serialize for Mark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let source = SecretSource {
            reference: SecretRef { from_variable: Some("TOKEN".into()), from_file: None },
            value: Some(Secret::new("canary")),
        };
        assert!(!format!("{source:?}").contains("canary"));
        let written = serde_json::to_string(&source).unwrap_or_default();
        assert_eq!(written, r#"{"fromVariable":"TOKEN"}"#);
    }
}
