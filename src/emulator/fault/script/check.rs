//! What the parts of a fault must keep to between them: places that are, effects that go with them, numbers that mean something.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::super::moment::OPERATIONS;
use super::{Answer, Effect, Fault, Later, StreamCut, Times, matches};

/// Tells every mistake of a fault that could be read; the ids are those of the faults before it.
pub(super) fn check(fault: &Fault, ids: &BTreeSet<String>, tell: &mut impl FnMut(String)) {
    let Fault { id, on, resource, nth, times, after, effect } = fault;
    if let Some(id) = id {
        if ids.contains(id) {
            tell(format!("the id {id} is taken"));
        }
        if id.is_empty() || id.starts_with("fault-") {
            tell("an id is not empty and does not begin with fault-, which is how those are called that have none".to_owned());
        }
    }
    if let Some(after) = after.as_ref().filter(|after| !ids.contains(*after)) {
        tell(format!("after: no fault before it is called {after}"));
    }
    if *nth == 0 {
        tell("nth is counted from 1".to_owned());
    }
    if *times == Times::Count(0) {
        tell("times is 1 at least, or always".to_owned());
    }
    if resource.as_ref().is_some_and(String::is_empty) {
        tell("resource is empty; leave it out for any".to_owned());
    }
    check_place(on, effect, tell);
    check_effect(effect, tell);
}

/// Whether the operation is one, and one that the effect goes with.
fn check_place(on: &str, effect: &Effect, tell: &mut impl FnMut(String)) {
    if let Some((method, path)) = on.split_once(' ') {
        if method.is_empty() || !path.trim().starts_with(['/', '*']) {
            tell(format!("on: `{on}` is no METHOD /path"));
        }
        return;
    }
    let named: Vec<&str> = OPERATIONS.into_iter().filter(|operation| matches(on, operation)).collect();
    if named.is_empty() {
        return tell(match nearest(on) {
            Some(near) => format!("on: no operation is called {on}; did you mean {near}?"),
            None => {
                let all = OPERATIONS.join(", ");
                format!("on: no operation is called {on}; they are {all}; or give METHOD /path")
            }
        });
    }
    if !named.iter().any(|operation| goes_with(effect, operation)) {
        tell(format!("on: {on} does not go with this effect, which is for {}", places(effect)));
    }
}

/// The operation that is spelled most like a word.
fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let alike = |operation: &&str| strsim::normalized_damerau_levenshtein(&word, &operation.to_lowercase());
    let near = OPERATIONS.into_iter().filter(|operation| alike(operation) > 0.7);
    near.max_by(|a, b| alike(a).total_cmp(&alike(b)))
}

fn goes_with(effect: &Effect, operation: &str) -> bool {
    let is_request = !matches!(operation, "pull" | "started");
    match effect {
        Effect::Answer(_) | Effect::Preset(_) | Effect::Cut(_) | Effect::Slow(_) => is_request,
        Effect::Stale => {
            matches!(operation, "containerGroups/get" | "resourceGroups/get" | "resource/get")
        }
        Effect::NotFound(_) => operation.ends_with("/put"),
        Effect::Operation(_) => matches!(
            operation,
            "containerGroups/put"
                | "containerGroups/start"
                | "containerGroups/restart"
                | "resourceGroups/delete"
        ),
        Effect::Pull(_) => operation == "pull",
        Effect::Evict(_) | Effect::Restart(_) => {
            operation == "started" || operation.starts_with("containerGroups/") || operation == "logs"
        }
        Effect::Stream(_) => matches!(operation, "exec" | "attach"),
    }
}

fn places(effect: &Effect) -> &'static str {
    match effect {
        Effect::Answer(_) | Effect::Preset(_) | Effect::Cut(_) | Effect::Slow(_) => "requests",
        Effect::Stale => "containerGroups/get, resourceGroups/get and resource/get",
        Effect::NotFound(_) => "what ends with /put",
        Effect::Operation(_) => {
            "containerGroups/put, containerGroups/start, containerGroups/restart and resourceGroups/delete"
        }
        Effect::Pull(_) => "pull",
        Effect::Evict(_) | Effect::Restart(_) => "started, logs and requests of a container group",
        Effect::Stream(_) => "exec and attach",
    }
}

fn check_effect(effect: &Effect, tell: &mut impl FnMut(String)) {
    let negative = |time: &SignedDuration| time.is_negative();
    match effect {
        Effect::Answer(Answer { status, code, message, body, retry_after: _, headers }) => {
            if !(200..=599).contains(status) {
                tell(format!("status {status} is not between 200 and 599"));
            }
            if body.is_some() && (code.is_some() || message.is_some()) {
                tell("an answer has a body, or a code and a message".to_owned());
            }
            for (name, value) in headers {
                let name_is_one = !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte));
                if !name_is_one || value.bytes().any(|byte| byte.is_ascii_control()) {
                    tell(format!("header {name} cannot be sent"));
                }
            }
        }
        Effect::Slow(time) if negative(time) => tell("slow takes a time forward".to_owned()),
        Effect::NotFound(0) => tell("notFound is 1 at least".to_owned()),
        Effect::Evict(Later { after: Some(time) }) | Effect::Restart(Later { after: Some(time) })
            if negative(time) =>
        {
            tell("after takes a time forward".to_owned());
        }
        Effect::Stream(StreamCut { after_bytes: None, after_time: None, pieces: None, no_close: false }) => {
            tell("a stream is cut afterBytes or afterTime, comes in pieces, or ends with noClose".to_owned());
        }
        Effect::Stream(StreamCut { pieces: Some(0), .. }) => tell("pieces are of 1 byte at least".to_owned()),
        Effect::Stream(StreamCut { after_time: Some(time), .. }) if negative(time) => {
            tell("afterTime takes a time forward".to_owned());
        }
        _ => {}
    }
}
