//! One fault as data, and how a script is read: strictly, with every mistake told at once.
//!
//! Which values go together, `check` says.

mod check;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wildmatch::WildMatch;

use self::check::check;
use super::preset::Preset;

/// The longest script, in faults.
const LONGEST: usize = 1000;

/// What is to go wrong, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Its name; made where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// An operation, or a method and a path, with `*` and `?`.
    pub on: String,
    /// The resource's name, or its id where there is a slash in it, with `*` and `?`; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// From which of the matching moments on, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How often.
    #[serde(default)]
    pub times: Times,
    /// The fault that must be used up before this one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What happens.
    pub effect: Effect,
}

fn one() -> u64 {
    1
}

/// How often a fault fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Times {
    /// So often.
    Count(u64),
    /// Without end.
    Word(Always),
}

/// The word for without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Always {
    /// `always`.
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Times {
    /// Whether a fault that fired so often is used up.
    pub(crate) fn are_over(self, fired: u64) -> bool {
        matches!(self, Self::Count(times) if fired >= times)
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The request is answered so and not carried out.
    Answer(Answer),
    /// The same with the service's words.
    Preset(Preset),
    /// The connection breaks without an answer.
    Cut(Side),
    /// The answer comes so much later.
    Slow(#[serde(with = "time")] SignedDuration),
    /// A GET shows what was before the last change.
    Stale,
    /// So many reads of what the request made find nothing.
    NotFound(u64),
    /// How the operation goes that the request begins.
    Operation(Course),
    /// The image cannot be pulled, for this reason.
    Pull(String),
    /// The platform takes the group's containers away.
    Evict(Later),
    /// The platform restarts the group's containers.
    Restart(Later),
    /// The stream breaks without a close, or comes in pieces.
    Stream(StreamCut),
}

/// An answer of a script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// ARM's code; none: one that goes with the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// ARM's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The whole body in place of code and message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// What `Retry-After` says, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// More headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

impl Answer {
    /// The body as it is sent: as it was given, or ARM's envelope around code and message; null for a success without one.
    pub fn document(&self) -> Value {
        let Self { status, code, message, body, retry_after: _, headers: _ } = self;
        if let Some(body) = body {
            return body.clone();
        }
        if *status < 400 && code.is_none() && message.is_none() {
            return Value::Null;
        }
        let code = code.as_deref().unwrap_or(match status {
            401 => "AuthenticationFailed",
            403 => "AuthorizationFailed",
            404 => "ResourceNotFound",
            409 => "Conflict",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            400..=499 => "BadRequest",
            _ => "InternalServerError",
        });
        json!({"error": {"code": code, "message": message.as_deref().unwrap_or("A fault that was scripted.")}})
    }
}

/// On which side of being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The request is not carried out.
    Before,
    /// The request was carried out.
    After,
}

/// How an operation goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Course {
    /// Nothing comes of it until the provisioning times out; a deletion never ends.
    Hangs,
    /// It fails.
    Fails(Failing),
}

/// How an operation fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failing {
    /// The code of the operation's error.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// When something of the platform's happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Later {
    /// So much of the emulator's time later; none: at once, before the request is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::maybe")]
    pub after: Option<SignedDuration>,
}

/// Where a stream breaks, at what comes first, and how it goes until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamCut {
    /// After so many bytes of output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_bytes: Option<u64>,
    /// After so much time of the client's.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::maybe")]
    pub after_time: Option<SignedDuration>,
    /// No message of output holds more bytes than this, so that marks and characters are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<u64>,
    /// Where the process has ended, the connection ends without a close.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_close: bool,
}

/// A mistake in a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Which fault of the list, counted from 1; 0 where it is none of them.
    pub number: usize,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            0 => out.write_str(&self.text),
            number => write!(out, "fault {number}: {}", self.text),
        }
    }
}

/// Reads a script: a list of faults, or one. The ids are those that are taken already.
///
/// # Errors
/// All mistakes of all faults; of what cannot be read at all, the first of each fault.
pub fn read(script: Value, taken: &BTreeSet<String>) -> Result<Vec<Fault>, Vec<Mistake>> {
    let list = match script {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    if list.len() > LONGEST {
        return Err(vec![Mistake { number: 0, text: format!("more than {LONGEST} faults") }]);
    }
    let (mut faults, mut mistakes) = (Vec::new(), Vec::new());
    let mut ids = taken.clone();
    for (index, value) in list.into_iter().enumerate() {
        let mut tell = |text: String| mistakes.push(Mistake { number: index + 1, text });
        match serde_json::from_value::<Fault>(spelled_out(value)) {
            Err(error) => tell(error.to_string()),
            Ok(fault) => {
                check(&fault, &ids, &mut tell);
                ids.extend(fault.id.clone());
                faults.push(fault);
            }
        }
    }
    if mistakes.is_empty() { Ok(faults) } else { Err(mistakes) }
}

/// `evict` and `restart` alone mean at once.
fn spelled_out(mut value: Value) -> Value {
    if let Some(effect) = value.get_mut("effect")
        && let Some(word @ ("evict" | "restart")) = effect.as_str()
    {
        *effect = json!({word: {}});
    }
    value
}

/// Whether a text is as the pattern has it, in any case.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_its_form() {
        let script = json!([
            {"on": "containerGroups/put", "nth": 3, "times": 2, "resource": "weak*",
             "effect": {"answer": {"status": 429, "code": "TooManyRequests", "retryAfter": 5, "headers": {"x-a": "b"}}}},
            {"id": "lock", "on": "*/delete", "times": "always", "effect": {"preset": "ScopeLocked"}},
            {"on": "PUT /subscriptions/*", "after": "lock", "effect": {"cut": "after"}},
            {"on": "logs", "effect": {"slow": "1m 30s"}},
            {"on": "containerGroups/get", "effect": "stale"},
            {"on": "containerGroups/put", "effect": {"notFound": 2}},
            {"on": "containerGroups/start", "effect": {"operation": "hangs"}},
            {"on": "resourceGroups/delete", "effect": {"operation": {"fails": {"code": "A", "message": "b"}}}},
            {"on": "pull", "effect": {"pull": "too many requests"}},
            {"on": "started", "effect": {"evict": {"after": "PT30S"}}},
            {"on": "containerGroups/get", "effect": "restart"},
            {"on": "exec", "effect": {"stream": {"afterBytes": 7}}},
        ]);
        let read = read(script, &BTreeSet::new());
        let faults = read.as_ref().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(faults.len(), 12, "{read:?}");
        for fault in faults {
            let copy = serde_json::to_value(fault).and_then(serde_json::from_value::<Fault>);
            assert_eq!(copy.ok().as_ref(), Some(fault));
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let script = json!([
            {"on": "containerGroup/put", "effect": "stale"},
            {"on": "containerGroups/put", "effect": "stale", "nth": 0, "times": 0},
            {"on": "containerGroups/put", "efect": "stale"},
            {"on": "containerGroups/get", "effect": {"answer": {"status": 700, "body": {}, "code": "x"}}},
            {"on": "logs", "effect": {"slow": "soon"}},
            {"id": "a", "on": "exec", "effect": {"stream": {}}},
            {"id": "a", "on": "logs", "after": "nobody", "effect": {"pull": "x"}},
            {"on": "GET somewhere", "effect": {"cut": "before"}},
            {"on": "GET /x", "resource": "", "effect": {"cut": "middle"}},
            {"on": "sandwiches", "effect": {"evict": {"after": 5}}},
            {"on": "sandwiches", "effect": {"evict": {"after": null}}},
        ]);
        let Err(mistakes) = read(script, &BTreeSet::new()) else { panic!("it was read") };
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let rows = [
            "fault 1: on: no operation is called containerGroup/put; did you mean containerGroups/put?",
            "fault 2: nth is counted from 1",
            "fault 2: times is 1 at least, or always",
            "fault 2: on: containerGroups/put does not go with this effect, which is for containerGroups/get, resourceGroups/get and resource/get",
            "fault 3: unknown field `efect`",
            "fault 4: status 700 is not between 200 and 599",
            "fault 4: an answer has a body, or a code and a message",
            "fault 5: invalid value: string \"soon\", expected a time like 90s, 1m 30s or PT1H",
            "fault 6: a stream is cut afterBytes or afterTime",
            "fault 7: the id a is taken",
            "fault 7: after: no fault before it is called nobody",
            "fault 7: on: logs does not go with this effect, which is for pull",
            "fault 8: on: `GET somewhere` is no METHOD /path",
            "fault 9: unknown variant `middle`",
            "fault 10: invalid type: integer `5`, expected a time like 90s, 1m 30s or PT1H",
            "fault 11: on: no operation is called sandwiches; they are tenants/get,",
        ];
        for (told, wanted) in told.iter().zip(rows) {
            assert!(told.starts_with(wanted), "{told}");
        }
        assert_eq!(told.len(), rows.len(), "{told:#?}");
    }
}
