//! What is remembered of a TaskRun's last run, and how it stands in a tag of at most 256 characters.
//!
//! The encoding is versioned. A record of a version that this build does not know is kept apart as unreadable, never guessed at.
//! Version 1 is what a plain run needs; version 2 is written where there is more to remember, and is denser.

mod done;
#[cfg(test)]
mod tests;

pub use done::Done;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::name::Name;
use crate::model::tag::{INTENT, RECORD, Tags, lookup};

/// The id of one execution: lower-case letters, digits and hyphens, at most 40.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Takes an id in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The environment variables by which the run's own processes know which run they are.
    pub fn environment(&self, attempt: u32) -> [(&'static str, String); 2] {
        [("ACITASK_RUN_ID", self.0.clone()), ("ACITASK_ATTEMPT", attempt.to_string())]
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Digests of what goes into a run: each part apart, so that a reason can name what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputDigest {
    /// The image.
    pub image: String,
    /// The command.
    pub command: String,
    /// The environment; secrets by reference.
    pub environment: String,
    /// Everything else that the run's own group is made from; of an ephemeral run only.
    pub template: String,
}

/// How many hexadecimal digits of each part are kept.
pub const DIGITS: usize = 8;

impl fmt::Display for InputDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { image, command, environment, template } = self;
        write!(f, "{image}.{command}.{environment}.{template}")
    }
}

/// As it stands in a record.
impl Serialize for InputDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for InputDigest {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.').map(str::to_owned);
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or(Unreadable);
        let digest = Self { image: part()?, command: part()?, environment: part()?, template: part()? };
        parts.next().map_or(Ok(digest), |_| Err(Unreadable))
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunState {
    /// It was begun, or was about to be.
    Open,
    /// It ended well.
    Succeeded,
    /// It ended badly, or never started.
    Failed,
    /// It took longer than allowed and was ended.
    TimedOut,
    /// It was begun, and how it ended cannot be found out.
    Interrupted,
    /// A person ended it.
    Cancelled,
}

impl RunState {
    const WORDS: [(Self, &str); 6] = [
        (Self::Open, "open"),
        (Self::Succeeded, "ok"),
        (Self::Failed, "failed"),
        (Self::TimedOut, "timeout"),
        (Self::Interrupted, "interrupted"),
        (Self::Cancelled, "cancelled"),
    ];

    fn letter(self) -> &'static str {
        match self {
            Self::Open => "o",
            Self::Succeeded => "s",
            Self::Failed => "f",
            Self::TimedOut => "t",
            Self::Interrupted => "i",
            Self::Cancelled => "c",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Succeeded => "ok",
            Self::Failed => "failed",
            Self::TimedOut => "timeout",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        })
    }
}

/// The last run of a TaskRun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which run.
    pub id: RunId,
    /// How far it came.
    pub state: RunState,
    /// What went into it.
    pub input: InputDigest,
    /// The exit code, where there is one.
    pub exit: Option<i32>,
    /// When the record was written, by our clock; for people only.
    pub at: Option<Timestamp>,
    /// The start time of the deciding container as it was read before the run began, by the service's clock:
    /// of a weak run, a termination counts only if the container's start time differs from it;
    /// of a strong run, the container is the same one only if it does not.
    pub container_start: Option<Timestamp>,
    /// Which attempt it came to, from 1 on.
    pub attempt: u32,
    /// In an intent: which item of an array the group was made for.
    pub item: Option<u32>,
    /// Of an array: which of its items have succeeded.
    pub done: Option<Done>,
    /// Where it ran from, such as the address of a pipeline's run; for people only, and left out where it does not fit.
    pub source: Option<String>,
}

impl Record {
    /// An open record of a run that begins.
    pub fn open(id: RunId, input: InputDigest, at: Option<Timestamp>) -> Self {
        Self {
            id,
            state: RunState::Open,
            input,
            exit: None,
            at,
            container_start: None,
            attempt: 1,
            item: None,
            done: None,
            source: None,
        }
    }

    /// The first version, which knows nothing of attempts and items.
    fn write_plain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, state, input, exit, at, container_start, attempt: _, item: _, done: _, source: _ } =
            self;
        let exit = exit.map_or_else(String::new, |code| code.to_string());
        let time = |time: &Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
        write!(f, "v1;{id};{};{input};{exit};{};{}", state.word(), time(at), time(container_start))
    }

    /// The second version: seconds for a time, a letter for a state, and a part for each further thing.
    fn dense(&self) -> String {
        let Self { id, state, input, exit, at, container_start, attempt, item, done, source } = self;
        let exit = exit.map_or_else(String::new, |code| code.to_string());
        let at = at.map_or_else(String::new, |at| at.as_second().to_string());
        let start = container_start.map_or_else(String::new, |start| start.to_string());
        let attempt = if *attempt == 1 { String::new() } else { format!("a{attempt} ") };
        let item = item.map_or_else(String::new, |item| format!("i{item} "));
        let done = done.as_ref().map_or_else(String::new, |done| format!("d{done} "));
        let text = |source: &str| {
            let more = format!("{attempt}{item}{done}{source}");
            format!("v2;{id};{};{input};{exit};{at};{};{start}", state.letter(), more.trim_end())
        };
        let source = source.as_ref().filter(|source| !source.contains([' ', ';']));
        let full = source.map(|source| text(&format!("u{source}")));
        full.filter(|full| full.len() <= LONGEST).unwrap_or_else(|| text(""))
    }
}

/// The longest value of a tag, as Microsoft's page "Use tags to organize your Azure resources" says.
const LONGEST: usize = 256;

/// The text is no record of a known version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a run record of a version that is known here")]
pub struct Unreadable;

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain =
            self.attempt == 1 && self.item.is_none() && self.done.is_none() && self.source.is_none();
        if is_plain { self.write_plain(f) } else { f.write_str(&self.dense()) }
    }
}

/// As it stands in its tag.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Record {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split(';').collect();
        match parts[..] {
            ["v1", id, word, input, exit, at, start] => {
                let (state, _) =
                    RunState::WORDS.into_iter().find(|(_, text)| *text == word).ok_or(Unreadable)?;
                let record = Self::open(RunId::new(id), input.parse()?, optional(at)?);
                Ok(Self { state, exit: optional(exit)?, container_start: optional(start)?, ..record })
            }
            ["v2", id, letter, input, exit, at, more, start] => {
                let (state, _) = RunState::WORDS
                    .into_iter()
                    .find(|(state, _)| state.letter() == letter)
                    .ok_or(Unreadable)?;
                let at = optional::<i64>(at)?.map(Timestamp::from_second).transpose();
                let mut record = Self::open(RunId::new(id), input.parse()?, at.map_err(|_| Unreadable)?);
                record.state = state;
                record.exit = optional(exit)?;
                record.container_start = optional(start)?;
                for part in more.split(' ').filter(|part| !part.is_empty()) {
                    let (key, value) = part.split_at_checked(1).ok_or(Unreadable)?;
                    match key {
                        "a" => record.attempt = value.parse().map_err(|_| Unreadable)?,
                        "i" => record.item = Some(value.parse().map_err(|_| Unreadable)?),
                        "d" => record.done = Some(value.parse()?),
                        "u" => record.source = Some(value.to_owned()),
                        // A later build may remember more; what it says of the run's end is the same.
                        _ => {}
                    }
                }
                Ok(record)
            }
            _ => Err(Unreadable),
        }
    }
}

fn optional<T: FromStr>(text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Unreadable) }
}

/// The records in the tags of one resource group.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ledger {
    /// By TaskRun.
    pub records: BTreeMap<Name, Record>,
    /// TaskRuns whose record cannot be read.
    pub unreadable: Vec<Name>,
}

impl Ledger {
    /// Reads the records out of a resource group's tags.
    pub fn read(tags: &Tags) -> Self {
        let mut ledger = Self::default();
        for (tag, value) in tags {
            let Some(run) = tag.get(..RECORD.len()).filter(|head| head.eq_ignore_ascii_case(RECORD)) else {
                continue;
            };
            let run = Name::from(&tag[run.len()..]);
            match value.parse() {
                Ok(record) => drop(ledger.records.insert(run, record)),
                Err(Unreadable) => ledger.unreadable.push(run),
            }
        }
        ledger
    }
}

/// The tag that holds a TaskRun's record.
pub fn record_tag(run: &Name, record: &Record) -> (String, String) {
    (record_name(run), record.to_string())
}

/// The name of the tag that holds a TaskRun's record.
pub fn record_name(run: &Name) -> String {
    format!("{RECORD}{run}")
}

/// What a PUT says of the run that it begins, in a tag of the group that it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The TaskRun.
    pub run: Name,
    /// The run of which the record told when this one was begun; absent where there was no record. So whoever reads both
    /// knows which of them is the newer one without asking a clock.
    pub follows: Option<RunId>,
    /// The record of the run, open. Its container is new, so it has no start from before.
    pub record: Record,
}

/// The tag on a group that says which run its PUT began: the TaskRun and the record, with the id of the run that it
/// follows in the place of a start from before.
pub fn intent_tag(intent: &Intent) -> (String, String) {
    let Intent { run, follows, record } = intent;
    let record = Record { container_start: None, ..record.clone() };
    let follows = follows.as_ref().map_or("", RunId::as_str);
    (INTENT.to_owned(), format!("{run};{record}{follows}"))
}

/// The run that the PUT of a group began, if one did and the tag can be read.
pub fn intent(tags: &Tags) -> Option<Intent> {
    let (run, rest) = lookup(tags, INTENT)?.split_once(';')?;
    let (record, follows) = rest.rsplit_once(';')?;
    let follows = (!follows.is_empty()).then(|| RunId::new(follows));
    Some(Intent { run: Name::from(run), follows, record: format!("{record};").parse().ok()? })
}
