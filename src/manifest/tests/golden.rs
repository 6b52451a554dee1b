//! The schemas as they are committed.

use super::Outcome;
use crate::manifest::schema;

#[test]
fn the_committed_schemas_are_those_of_the_language() -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    for (name, text) in schema::files() {
        let committed = std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
        assert!(committed == text, "schemas/{name} is not up to date: run `acitask schema --write schemas`");
    }
    Ok(())
}

#[test]
fn schemas_are_schemas() {
    for (name, text) in schema::files() {
        let schema = serde_json::from_str(&text).unwrap_or_default();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
    }
}
