//! The body of the post: a name, and what the arguments and the environment add. Pure.
//!
//! Invariant: the same input makes the same bytes. Later layers win over earlier ones: `DATA`,
//! each `DATA_<KEY>`, then each `--data` in its order; `--name` wins over all of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The name of a task that nobody named.
const NAMELESS: &str = "task";

/// Makes the body, or tells everything that is wrong with its parts.
pub fn body(
    name: Option<&str>,
    data: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<Value, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut members = Map::new();
    let default = environment.get("NAME").map_or(NAMELESS, String::as_str);
    members.insert("name".to_owned(), default.into());
    if let Some(text) = environment.get("DATA").filter(|text| !text.is_empty()) {
        match object(text) {
            Ok(more) => members.extend(more),
            Err(error) => mistakes.push(format!("DATA {error}")),
        }
    }
    for (variable, value) in environment {
        if let Some(key) = variable.strip_prefix("DATA_").filter(|key| !key.is_empty()) {
            members.insert(key.to_owned(), value.as_str().into());
        }
    }
    for text in data {
        match datum(text) {
            Ok(more) => members.extend(more),
            Err(error) => mistakes.push(format!("--data {error}")),
        }
    }
    if let Some(name) = name {
        members.insert("name".to_owned(), name.into());
    }
    if mistakes.is_empty() { Ok(Value::Object(members)) } else { Err(mistakes) }
}

/// `{…}` is a JSON object, anything else `KEY=VALUE` with the value as a string.
fn datum(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim_start().starts_with('{') {
        return object(text);
    }
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Map::from_iter([(key.to_owned(), value.into())])),
        _ => Err("must be a JSON object or KEY=VALUE".to_owned()),
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    // Only the place: the reader's own message quotes the text, which may be a secret.
    serde_json::from_str(text)
        .map_err(|error| format!("is no JSON object (line {}, column {})", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn later_layers_win() {
        type Case<'a> = (Option<&'a str>, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 7] = [
            (None, &[], &[], r#"{"name":"task"}"#),
            (None, &[], &[("NAME", "cat")], r#"{"name":"cat"}"#),
            (Some("dog"), &[], &[("NAME", "cat")], r#"{"name":"dog"}"#),
            (None, &[r#"{"name":"cow","legs":4}"#], &[], r#"{"legs":4,"name":"cow"}"#),
            (Some("dog"), &["name=cow"], &[], r#"{"name":"dog"}"#),
            (None, &["a=1", "a=b=c"], &[], r#"{"a":"b=c","name":"task"}"#),
            (
                None,
                &["c=arg"],
                &[("DATA", r#"{"a":1,"b":1,"c":1}"#), ("DATA_b", "env"), ("DATA_c", "env")],
                r#"{"a":1,"b":"env","c":"arg","name":"task"}"#,
            ),
        ];
        for (name, data, variables, expected) in cases {
            let data: Vec<String> = data.iter().map(|text| (*text).to_owned()).collect();
            let made = body(name, &data, &environment(variables)).map(|body| body.to_string());
            assert_eq!(made, Ok(expected.to_owned()));
        }
    }

    #[test]
    fn every_mistake_is_told_and_no_value_is_shown() {
        let data = ["geheim".to_owned(), "{\"a\":geheim}".to_owned(), "=geheim".to_owned()];
        let told = body(None, &data, &environment(&[("DATA", "\"geheim\"")]));
        let mistakes = told.err().unwrap_or_default();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        assert!(!mistakes.concat().contains("geheim"), "{mistakes:?}");
    }
}
