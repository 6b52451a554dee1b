//! The one judge of structure: the generated schema, whose findings are told in words and at places.
//!
//! Invariant: a mistake is told once. A key that is misspelt is not missing too, a value of the wrong type is not also
//! no known word, and of a value that could not be resolved nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::Value;

use super::diagnostic::Diagnostic;
use super::kind::Kind;
use super::near::{advice, nearest};
use super::place::Place;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::Data;
use super::{schema, value};

/// How many mistakes of a document's structure are told, and how many unknown keys of a mapping: enough for people, and
/// no text makes of them more than can be kept.
const MOST: usize = 1_000;
const MOST_KEYS: usize = 100;

/// The schemas of some kinds, ready to judge.
pub(super) struct Judge {
    kinds: BTreeMap<Kind, (Value, Validator)>,
}

impl Judge {
    /// Makes the schemas of these kinds ready.
    ///
    /// # Errors
    /// A schema is none, which is a bug of ours.
    pub(super) fn new(kinds: &BTreeSet<Kind>) -> Result<Self, Box<Diagnostic>> {
        let ready = |kind| {
            let schema = schema::of(kind);
            let validator = jsonschema::validator_for(&schema).map_err(|error| {
                Box::new(Diagnostic::new(Rule::Ours, format!("the schema of {kind} is broken: {error}")))
            })?;
            Ok::<_, Box<Diagnostic>>((kind, (schema, validator)))
        };
        Ok(Self { kinds: kinds.iter().copied().map(ready).collect::<Result<_, _>>()? })
    }

    /// What is wrong with the structure of a document of a kind; none where it has the structure of its kind. What is
    /// wrong may be none of it where something else is told.
    pub(super) fn judge(&self, kind: Kind, root: Place<'_>, instance: &Value) -> Option<Vec<Diagnostic>> {
        let (schema, validator) = self.kinds.get(&kind)?;
        let errors: Vec<_> = validator.iter_errors(instance).take(MOST + 1).collect();
        let misspelt: BTreeSet<(String, String)> =
            errors.iter().flat_map(|error| misspellings(schema, error)).collect();
        let mistyped: BTreeSet<&str> = errors
            .iter()
            .filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
            .map(|error| error.instance_path().as_str())
            .collect();
        let told = |error: &&ValidationError<'_>| match error.kind() {
            // What kind it is has been settled, and told where it was not written so.
            ValidationErrorKind::Constant { .. } if error.instance_path().as_str() == "/kind" => false,
            ValidationErrorKind::Required { property } => {
                !holds_any(root, error)
                    && !misspelt
                        .contains(&(error.instance_path().as_str().to_owned(), text(property).to_owned()))
            }
            ValidationErrorKind::Type { .. } => true,
            _ => !mistyped.contains(error.instance_path().as_str()),
        };
        (!errors.is_empty())
            .then(|| errors.iter().filter(told).flat_map(|error| tell(schema, root, error)).collect())
    }
}

/// The missing keys that the unknown keys of a mapping stand for.
fn misspellings(schema: &Value, error: &ValidationError<'_>) -> Vec<(String, String)> {
    let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() else { return vec![] };
    let known = known_keys(schema, error);
    let meant = |key: &String| meant(key, &known).map(str::to_owned);
    let path = error.instance_path().as_str();
    unexpected.iter().take(MOST_KEYS).filter_map(meant).map(|meant| (path.to_owned(), meant)).collect()
}

/// Keys of other tools, and what they are here.
const ELSEWHERE: [(&str, &str); 10] = [
    ("env", "environmentVariables"),
    ("environment", "environmentVariables"),
    ("args", "command"),
    ("entrypoint", "command"),
    ("memory", "memoryInGB"),
    ("memoryInMB", "memoryInGB"),
    ("labels", "tags"),
    ("mounts", "volumeMounts"),
    ("dnsLabel", "dnsNameLabel"),
    ("resourceGroupName", "resourceGroup"),
];
/// The level of Azure's API that the language leaves out.
const LEVEL: &str = "properties";

/// The known key that an unknown one stands for.
fn meant<'k>(key: &str, known: &'k [String]) -> Option<&'k str> {
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == key).map(|(_, here)| *here);
    let known = || known.iter().map(String::as_str);
    elsewhere.and_then(|here| known().find(|known| *known == here)).or_else(|| nearest(key, known()))
}

/// The keys that the schema of a mapping knows.
fn known_keys(schema: &Value, error: &ValidationError<'_>) -> Vec<String> {
    let path = error.schema_path().as_str();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(parent).and_then(|schema| schema.get("properties")?.as_object());
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// Whether a key of the mapping that an error is about may stand for any: a placeholder, or a level that is left out.
fn holds_any(root: Place<'_>, error: &ValidationError<'_>) -> bool {
    let mapping = value::find(root.node, error.instance_path().as_str());
    mapping.is_some_and(|node| {
        node.entries().iter().any(|(key, _)| key.text.contains("${") || key.text == LEVEL)
    })
}

fn tell(schema: &Value, root: Place<'_>, error: &ValidationError<'_>) -> Vec<Diagnostic> {
    let path = error.instance_path().as_str();
    let Some(node) = value::find(root.node, path) else {
        return vec![root.flaw(Rule::Ours, format!("{error}"), "in this document")];
    };
    let place = Place { node, ..root };
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        let known = known_keys(schema, error);
        // A placeholder in a key is told as one.
        let told = unexpected.iter().filter(|key| !key.contains("${")).take(MOST_KEYS);
        let told = told.map(|key| unknown_key(place, path, key, &known));
        return told.chain(more_keys(place, path, unexpected.len())).collect();
    }
    if node.unresolved {
        return vec![];
    }
    vec![tell_value(place, path, error)]
}

fn unknown_key(place: Place<'_>, path: &str, key: &str, known: &[String]) -> Diagnostic {
    let shown = cut(key);
    let diagnostic = Diagnostic::new(Rule::UnknownKey, format!("{} has no key {shown}", subject(path)));
    let diagnostic = diagnostic.label(place.file, place.key(key), "this key is not known");
    match (known, meant(key, known)) {
        ([], _) => diagnostic.help("leave it out: this mapping has no keys"),
        (_, Some(meant)) => diagnostic.help(format!("did you mean `{meant}`?")),
        (_, None) if key == LEVEL => diagnostic.help(
            "write what is below it one level up: the properties levels of Azure's API are left out here",
        ),
        (known, None) => diagnostic.help(advice(key, known.iter().map(String::as_str))),
    }
}

/// What is said of more unknown keys than are told one by one.
fn more_keys(place: Place<'_>, path: &str, count: usize) -> Option<Diagnostic> {
    let more = count.checked_sub(MOST_KEYS).filter(|more| *more > 0)?;
    let message = format!("{} has {more} more keys that are not known", subject(path));
    let help = "`acitask schema` has the keys that are known";
    Some(place.flaw(Rule::UnknownKey, message, "in this mapping").help(help))
}

fn tell_value(place: Place<'_>, path: &str, error: &ValidationError<'_>) -> Diagnostic {
    let what = subject(path);
    let found = source(place);
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let key = text(property);
            let help = format!("add the key {key}");
            place
                .flaw(Rule::MissingKey, format!("{what} needs {key}"), format!("{key} is missing here"))
                .help(help)
        }
        ValidationErrorKind::Type { kind } => wrong_type(place, path, kind),
        ValidationErrorKind::Enum { options } => {
            let words: Vec<&str> = options.as_array().into_iter().flatten().map(text).collect();
            let diagnostic =
                place.flaw(Rule::Word, format!("{what} cannot be {found}"), "not a word known here");
            diagnostic.help(advice(&found, words.iter().copied()))
        }
        ValidationErrorKind::Constant { expected_value } => {
            let word = text(expected_value);
            place
                .flaw(Rule::Kind, format!("{what} cannot be {found}"), format!("{word} is wanted here"))
                .help(format!("write {word}"))
        }
        ValidationErrorKind::Minimum { limit } => limited(place, &what, &found, &format!("at least {limit}")),
        ValidationErrorKind::Maximum { limit } => limited(place, &what, &found, &format!("at most {limit}")),
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            limited(place, &what, &found, &format!("more than {limit}"))
        }
        ValidationErrorKind::MinItems { limit } => {
            let items = if *limit == 1 { "item" } else { "items" };
            place
                .flaw(Rule::Range, format!("{what} wants at least {limit} {items}"), "too few")
                .help("add one, as an item that begins with `- `")
        }
        ValidationErrorKind::MaxItems { limit } => {
            let items = place.node.items();
            let first = usize::try_from(*limit).ok().and_then(|limit| items.get(limit));
            let place = first.map_or(place, |node| Place { node, ..place });
            let message = format!("{what} takes at most {limit} items, and these are {}", items.len());
            place
                .flaw(Rule::Range, message, "one too many")
                .help(format!("take out all but {limit}, or spread them over several manifests"))
        }
        ValidationErrorKind::Pattern { .. } => place
            .flaw(Rule::Type, format!("{what} cannot be {found}"), "not a period of time")
            .help("write a period such as 30s, 2m or 1h30m"),
        _ => place
            .flaw(Rule::Type, format!("{what} does not fit: {}", error.masked()), "here")
            .help("`acitask schema` says what it takes"),
    }
}

fn limited(place: Place<'_>, what: &str, found: &str, limit: &str) -> Diagnostic {
    place
        .flaw(Rule::Range, format!("{what} must be {limit}, not {found}"), limit)
        .help(format!("write a number that is {limit}"))
}

/// Whether a reference to a secret is wanted at a pointer.
fn is_secret(path: &str) -> bool {
    let mut steps = path.rsplit('/');
    let (last, of) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    matches!(last, "secureValue" | "password" | "storageAccountKey" | "workspaceKey")
        || matches!(of, "secret" | "protectedSettings")
}

fn wrong_type(place: Place<'_>, path: &str, wanted: &TypeKind) -> Diagnostic {
    let what = subject(path);
    let wanted = match wanted {
        TypeKind::Single(wanted) => *wanted,
        // No key of the language takes values of several types.
        TypeKind::Multiple(_) => JsonType::Null,
    };
    let wants = match wanted {
        JsonType::String => "text",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::Boolean => "true or false",
        JsonType::Object => "a mapping",
        JsonType::Array => "a list",
        JsonType::Null => "another type",
    };
    let is = match (&place.node.data, place.node.scalar()) {
        (Data::Sequence(_), _) => "a list",
        (Data::Mapping(_), _) => "a mapping",
        (_, None | Some(Scalar::Null)) => "nothing",
        (_, Some(Scalar::Bool(_))) => "a truth value",
        (_, Some(Scalar::Float(number))) if !number.is_finite() => "no finite number",
        (_, Some(Scalar::Unsigned(_) | Scalar::Signed(_) | Scalar::Float(_))) => "a number",
        (_, Some(Scalar::Text(_))) => "text",
    };
    let diagnostic = place.flaw(Rule::Type, format!("{what} wants {wants}"), format!("this is {is}"));
    if wanted == JsonType::Object && is != "a list" && is_secret(path) {
        return diagnostic.help(
            "a secret does not stand here: declare a variable with secret: true in the Project and write {fromVariable: NAME}, or {fromFile: PATH}",
        );
    }
    let found = source(place);
    let key = path.rsplit('/').next().unwrap_or_default();
    match (wanted, is) {
        (JsonType::String, "a number") if matches!(key, "timeout" | "idleTimeout" | "backoff" | "for") => {
            diagnostic.help(format!("write a period such as {found}s, 2m or 1h30m"))
        }
        (JsonType::Number, "text") if matches!(key, "cpu" | "memoryInGB") && !place.node.filled => {
            let unit =
                if key == "cpu" { "CPUs, such as 0.5 for 500m" } else { "gigabytes, such as 1.5 for 1536Mi" };
            diagnostic.help(format!("write a number of {unit}, without quotes"))
        }
        (JsonType::String, "a number" | "a truth value") => {
            diagnostic.help(format!("write \"{found}\" in quotes"))
        }
        (JsonType::String, "nothing") => {
            diagnostic.help("write \"\" for an empty text, or leave the key out")
        }
        (_, "nothing") => diagnostic.help("give it a value, or leave the key out"),
        (JsonType::Integer | JsonType::Number | JsonType::Boolean, "text") if place.node.filled => diagnostic
            .help(format!(
                "a variable gives text: write {wants} itself, and let the patch of an Environment change it"
            )),
        (JsonType::Integer | JsonType::Number | JsonType::Boolean, "text") => {
            let quoted = matches!(place.node.data, Data::Scalar { plain: false, .. });
            diagnostic.help(format!("write {wants}{}", if quoted { " without quotes" } else { "" }))
        }
        (JsonType::Array, "a mapping" | "text" | "a number") => {
            diagnostic.help("begin each item of a list with `- `, or put the items in [ ]")
        }
        (JsonType::String, "a mapping") => diagnostic.help("put text that begins with { in quotes"),
        (JsonType::Object, _) => diagnostic.help("write `key: value` on the lines below, or {key: value}"),
        _ => diagnostic.help(format!("write {wants}")),
    }
}

/// What stands at a pointer, in the words of its author: `containers[0].image`.
fn subject(path: &str) -> String {
    let mut subject = String::new();
    for step in path.split('/').skip(1).skip_while(|step| *step == "spec") {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            subject.push_str(&format!("[{step}]"));
        } else {
            if !subject.is_empty() {
                subject.push('.');
            }
            subject.push_str(&cut(&step.replace("~1", "/").replace("~0", "~")));
        }
    }
    match (subject.is_empty(), path) {
        (false, _) => subject,
        (true, "") => "the manifest".into(),
        (true, _) => "spec".into(),
    }
}

/// The source text of a scalar, cut where it is long.
fn source(place: Place<'_>) -> String {
    match &place.node.data {
        Data::Scalar { text, .. } => cut(text),
        Data::Sequence(_) => "a list".into(),
        Data::Mapping(_) => "a mapping".into(),
    }
}

/// A text, cut where it is long.
fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
