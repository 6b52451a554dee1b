//! Fits a document to a table of what it may hold, and brings it to the one form that is kept.
//!
//! Afterwards every value has the type that the table says, so that whoever reads it need not ask again: names have
//! Azure's case, nulls and what only the service writes are gone, enumerations are spelled and amounts are floats as
//! Azure does. What a table does not know is dropped where it says nothing; where it says something it is kept as it is,
//! or refused by name with 501 ([`Unknown`]).

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::switches::Unknown;

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number that is not negative, kept as a float.
    Amount,
    /// One of these strings, in any case.
    Choice(&'static [&'static str]),
    /// A list of such values.
    List(&'static Kind),
    /// An object with any names and such values.
    Map(&'static Kind),
    /// An object of these fields.
    Object(&'static [Field]),
    /// An object of anything.
    Any,
    /// Only the service writes it: dropped.
    ReadOnly,
    /// The emulator would have to ignore it: refused.
    Undone,
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether the specification requires it.
    pub(crate) required: bool,
}

/// A field that may be absent.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// A field that must be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// Fits a value; `at` names its place.
///
/// # Errors
/// The first value that does not fit, by its place, never with its content: it can be a secret.
pub(crate) fn fit(value: &mut Value, kind: &Kind, at: &str, unknown: Unknown) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(Refusal::InvalidContent(format!("{at} must be {what}")));
    match kind {
        Kind::Text if value.is_string() => Ok(()),
        Kind::Text => wrong("a string"),
        Kind::Flag if value.is_boolean() => Ok(()),
        Kind::Flag => wrong("true or false"),
        Kind::Whole if value.is_i64() => Ok(()),
        Kind::Whole => wrong("a whole number"),
        Kind::Amount => match value.as_f64().filter(|amount| *amount >= 0.0) {
            Some(amount) => {
                *value = json!(amount);
                Ok(())
            }
            None => wrong("a number that is not negative"),
        },
        Kind::Choice(choices) => {
            let sent = value.as_str().unwrap_or_default();
            match choices.iter().find(|choice| choice.eq_ignore_ascii_case(sent)) {
                Some(spelled) => {
                    *value = json!(spelled);
                    Ok(())
                }
                None => Err(Refusal::InvalidChoice {
                    property: at.strip_prefix("properties.").unwrap_or(at).to_owned(),
                    allowed: choices.join(","),
                }),
            }
        }
        Kind::List(inner) => match value {
            Value::Array(items) => items
                .iter_mut()
                .enumerate()
                .try_for_each(|(n, item)| fit(item, inner, &format!("{at}[{n}]"), unknown)),
            _ => wrong("a list"),
        },
        Kind::Map(inner) => match value {
            Value::Object(fields) => {
                fields.retain(|_, value| !value.is_null());
                fields.values_mut().try_for_each(|value| fit(value, inner, &format!("{at}.*"), unknown))
            }
            _ => wrong("an object"),
        },
        Kind::Object(table) => match value {
            Value::Object(fields) => fit_fields(fields, table, at, unknown),
            _ => wrong("an object"),
        },
        Kind::Any if value.is_object() => Ok(()),
        Kind::Any => wrong("an object"),
        Kind::Undone if is_meant(value) => Err(Refusal::NotImplemented(at.to_owned())),
        Kind::Undone | Kind::ReadOnly => {
            *value = Value::Null;
            Ok(())
        }
    }
}

fn fit_fields(
    fields: &mut Map<String, Value>,
    table: &[Field],
    at: &str,
    unknown: Unknown,
) -> Result<(), Refusal> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for (sent, mut value) in std::mem::take(fields) {
        let Some(field) = table.iter().find(|field| field.name.eq_ignore_ascii_case(&sent)) else {
            match unknown {
                _ if !is_meant(&value) => {}
                Unknown::Refuse => return Err(Refusal::NotImplemented(below(&sent))),
                Unknown::Keep => {
                    fields.insert(sent, value);
                }
            }
            continue;
        };
        if value.is_null() {
            continue;
        }
        fit(&mut value, &field.kind, &below(field.name), unknown)?;
        if !value.is_null() {
            fields.entry(field.name).or_insert(value);
        }
    }
    match table.iter().find(|field| field.required && !fields.contains_key(field.name)) {
        Some(field) => Err(Refusal::InvalidContent(format!("{} is missing", below(field.name)))),
        None => Ok(()),
    }
}

/// Whether a value says anything: not null, empty, or made of nothing but that.
pub(crate) fn is_meant(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(is_meant),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Kind = Kind::Object(&[
        must("name", Kind::Text),
        may("color", Kind::Choice(&["Red", "Blue"])),
        may("size", Kind::Amount),
        may("count", Kind::Whole),
        may("on", Kind::Flag),
        may("own", Kind::ReadOnly),
        may("later", Kind::Undone),
        may("labels", Kind::Map(&Kind::Text)),
        may("parts", Kind::List(&Kind::Text)),
        may("any", Kind::Any),
    ]);

    #[test]
    fn what_fits_has_one_form() {
        let mut value = json!({
            "NAME": "a", "color": "red", "size": 1, "own": [1], "later": null, "on": true, "count": -3,
            "labels": {"A": "b", "c": null}, "parts": ["x"], "unknown": {"deep": []}, "any": {"x": [1]},
        });
        assert_eq!(fit(&mut value, &POINT, "p", Unknown::Refuse), Ok(()));
        let kept = json!({
            "name": "a", "color": "Red", "size": 1.0, "on": true, "count": -3, "labels": {"A": "b"},
            "parts": ["x"], "any": {"x": [1]},
        });
        assert_eq!(value, kept);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let content = |text: &str| Refusal::InvalidContent(text.to_owned());
        let rows = [
            (json!([]), content("p must be an object")),
            (json!({}), content("p.name is missing")),
            (json!({"name": 1}), content("p.name must be a string")),
            (json!({"name": "a", "size": -1}), content("p.size must be a number that is not negative")),
            (json!({"name": "a", "count": 1.5}), content("p.count must be a whole number")),
            (json!({"name": "a", "count": u64::MAX}), content("p.count must be a whole number")),
            (json!({"name": "a", "on": "yes"}), content("p.on must be true or false")),
            (json!({"name": "a", "parts": {}}), content("p.parts must be a list")),
            (json!({"name": "a", "parts": ["x", null]}), content("p.parts[1] must be a string")),
            (json!({"name": "a", "labels": {"k": 1}}), content("p.labels.* must be a string")),
            (json!({"name": "a", "any": 1}), content("p.any must be an object")),
            (json!({"name": "a", "later": "x"}), Refusal::NotImplemented("p.later".to_owned())),
            (json!({"name": "a", "new": "x"}), Refusal::NotImplemented("p.new".to_owned())),
            (
                json!({"name": "a", "color": "green"}),
                Refusal::InvalidChoice { property: "p.color".to_owned(), allowed: "Red,Blue".to_owned() },
            ),
        ];
        for (mut value, refusal) in rows {
            assert_eq!(fit(&mut value, &POINT, "p", Unknown::Refuse), Err(refusal));
        }
    }

    #[test]
    fn what_no_table_knows_can_be_kept_as_it_is() {
        let mut value =
            json!({"name": "a", "new": {"Deep": [1, null, "x"]}, "none": null, "empty": {"a": []}});
        assert_eq!(fit(&mut value, &POINT, "p", Unknown::Keep), Ok(()));
        assert_eq!(value, json!({"name": "a", "new": {"Deep": [1, null, "x"]}}));
        let mut value = json!({"name": "a", "later": "x"});
        let refused = Refusal::NotImplemented("p.later".to_owned());
        assert_eq!(fit(&mut value, &POINT, "p", Unknown::Keep), Err(refused));
    }
}
