//! What lasts of a document that Azure Resource Manager shows: without times, ids, addresses and the history that led
//! to a state, so that the worlds after two different courses can be compared.

use serde_json::{Map, Value};

/// What is never the same twice, or tells how a state came about.
const PASSING: [&str; 9] = [
    "id",
    "ip",
    "startTime",
    "finishTime",
    "events",
    "previousState",
    "creationData",
    "managedBy",
    "systemData",
];

/// The document without what passes; the emulator's own address is put in plain words.
pub(crate) fn lasting(origin: &str, document: Value) -> Value {
    match document {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
            kept.map(|(name, value)| (name, lasting(origin, value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(|item| lasting(origin, item)).collect(),
        Value::String(text) => timeless(&text).replace(origin, "http://emulator").into(),
        other => other,
    }
}

/// The record of a run without its id and its times (`[run;]v1;id;state;input;exit;at;start`, and of version 2 with
/// what more there is before the start); other texts as they are.
fn timeless(text: &str) -> String {
    let parts: Vec<&str> = text.split(';').collect();
    match parts[..] {
        ["v1", _, state, input, exit, _, _] => format!("{state};{input};{exit}"),
        ["v2", _, state, input, exit, _, more, _] => format!("{state};{input};{exit};{more}"),
        [run, "v2", _, state, input, exit, _, more, _] => format!("{run};{state};{input};{exit};{more}"),
        [run, "v1", _, state, input, exit, _, _] => format!("{run};{state};{input};{exit}"),
        _ => text.to_owned(),
    }
}
