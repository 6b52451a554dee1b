//! The text of a file as it is shown: what is, or sounds like, a secret is covered.
//!
//! Invariant: every byte stays where it is, so that places in the text are places in what is shown. It rather covers too
//! much: what is covered can be looked up in the file.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Document;
use super::kind::Kind;
use super::near::nearest;
use super::place::Place;
use super::scalar::Scalar;
use super::telltale::{given, login, looks, sounds};
use super::tree::{Data, Key, Node, Span};

/// Keys that a secret may be written under by mistake, and those that could be taken for them.
const KEYS: [&str; 10] = [
    "secureValue",
    "password",
    "storageAccountKey",
    "workspaceKey",
    "secureValueReference",
    "passwordReference",
    "storageAccountKeyReference",
    "storageAccountName",
    "workspaceId",
    "workspaceResourceId",
];
const SECRET_KEYS: usize = 4;
/// Mappings of which every value is a secret, or would be one that a name tells.
const OF_SECRETS: [&str; 2] = ["secret", "protectedSettings"];
const OF_NAMES: [&str; 3] = ["keyValuePairs", "variables", "settings"];

/// The variables that are declared secret.
pub(super) fn secrets(documents: &[Document]) -> BTreeSet<String> {
    let projects = documents
        .iter()
        .map(Document::place)
        .filter(|place| place.word(&["kind"]) == Some(Kind::Project.as_str()));
    let declared = projects.flat_map(|place| place.entries(&["spec", "variables"]));
    declared.filter(|(_, place)| place.flag(&["secret"])).map(|(key, _)| key.text.clone()).collect()
}

/// The text of a file as it is shown. `whole` says whether all of it could be read.
pub(super) fn text(
    base: usize,
    text: &str,
    documents: &[Document],
    secrets: &BTreeSet<String>,
    whole: bool,
) -> String {
    let mut cover = Cover { base, text, secrets, spans: vec![], meanings: BTreeMap::new() };
    for document in documents {
        cover.look(document.place(), "");
    }
    if !whole {
        let read: Vec<Span> = documents.iter().map(|document| document.root.span).collect();
        cover.look_at_lines(&read);
    }
    let mut spans = cover.spans;
    spans.sort();
    covered(text, &spans)
}

/// What is covered of a text.
struct Cover<'t> {
    base: usize,
    text: &'t str,
    secrets: &'t BTreeSet<String>,
    spans: Vec<Span>,
    meanings: BTreeMap<String, Meaning>,
}

/// How many keys are kept in mind.
const MOST_MEANINGS: usize = 1_000;

/// What a key may stand for.
#[derive(Clone, Copy)]
enum Meaning {
    /// A secret.
    Secret,
    /// The value of something that has a name.
    Value,
    /// Something else.
    Other,
}

impl Cover<'_> {
    /// Looks at a value and all below it; `of` is the key that it stands under.
    fn look(&mut self, place: Place<'_>, of: &str) {
        match &place.node.data {
            Data::Scalar { text, .. } => self.look_at_text(place.node, text),
            Data::Sequence(items) => {
                let mut before = "";
                for node in items {
                    self.look(Place { node, ..place }, "");
                    if let Data::Scalar { text, .. } = &node.data {
                        self.look_at_argument(node, before, text);
                        before = text;
                    }
                }
            }
            Data::Mapping(entries) => {
                let name = place.word(&["name"]).unwrap_or_default();
                for (key, node) in entries {
                    if self.is_secret(place, of, name, key, node) {
                        self.cover(node.span);
                    }
                    self.look(Place { node, ..place }, &key.text);
                }
            }
        }
    }

    /// Whether the value of an entry is, or sounds like, a secret.
    fn is_secret(&mut self, mapping: Place<'_>, of: &str, name: &str, key: &Key, node: &Node) -> bool {
        let Data::Scalar { text, .. } = &node.data else { return false };
        if text.is_empty()
            || text.contains("${")
            || matches!(node.scalar(), Some(Scalar::Null | Scalar::Bool(_)))
        {
            return false;
        }
        let key = key.text.as_str();
        match self.meaning(key) {
            Meaning::Secret => return true,
            Meaning::Value if sounds(name) || self.secrets.contains(name) => return true,
            Meaning::Value | Meaning::Other => {}
        }
        OF_SECRETS.contains(&of)
            || (OF_NAMES.contains(&of) && (sounds(key) || self.secrets.contains(key)))
            || (key == "default" && (mapping.flag(&["secret"]) || sounds(of)))
    }

    /// What a key may stand for, looked up once: a file has few of them, and many times.
    fn meaning(&mut self, key: &str) -> Meaning {
        if let Some(known) = self.meanings.get(key) {
            return *known;
        }
        let meaning = if nearest(key, KEYS).is_some_and(|meant| KEYS[..SECRET_KEYS].contains(&meant)) {
            Meaning::Secret
        } else if nearest(key, ["value", "name"]) == Some("value") {
            Meaning::Value
        } else {
            Meaning::Other
        };
        if self.meanings.len() < MOST_MEANINGS {
            self.meanings.insert(key.to_owned(), meaning);
        }
        meaning
    }

    /// A login in a URL is covered alone, and all of a text that looks like a secret.
    fn look_at_text(&mut self, node: &Node, text: &str) {
        let raw = self.text.get(node.span.start - self.base..node.span.end - self.base).unwrap_or_default();
        match login(raw) {
            Some(login) => {
                self.cover(Span { start: node.span.start + login.start, end: node.span.start + login.end })
            }
            None if looks(text) => self.cover(node.span),
            None => {}
        }
    }

    /// What an argument gives away is covered, unless a variable fills it in.
    fn look_at_argument(&mut self, node: &Node, before: &str, text: &str) {
        if given(before, text).is_some_and(|secret| !secret.contains("${")) {
            self.cover(node.span);
        }
    }

    /// Of documents that could not be read the lines are looked at: what comes behind a key that sounds like a secret,
    /// and behind `value` after a name that does.
    fn look_at_lines(&mut self, read: &[Span]) {
        let (mut start, mut named) = (0, false);
        for line in self.text.split_inclusive('\n') {
            // The documents that could be read stand in the order of the text.
            let next = read.partition_point(|span| span.end <= self.base + start);
            if read.get(next).is_some_and(|span| span.start <= self.base + start) {
                start += line.len();
                continue;
            }
            let mut rest = 0;
            while let Some(colon) = line[rest..].find(": ").map(|colon| rest + colon) {
                let mut words = line[rest..colon].rsplit(|letter: char| " {,\"'-".contains(letter));
                let key = words.find(|word| !word.is_empty()).unwrap_or_default();
                rest = colon + ": ".len();
                let meant = nearest(key, KEYS).filter(|meant| KEYS[..SECRET_KEYS].contains(meant));
                let is_value = matches!(key, "value" | "default") && named;
                if key != "name" && meant.is_none() && !is_value && !sounds(key) {
                    continue;
                }
                let value = line[rest..].split([',', '}', '\n', '\r']).next().unwrap_or_default();
                if key == "name" {
                    named = sounds(value.trim().trim_matches(['"', '\'']));
                } else if is_written(value.trim()) {
                    let start = self.base + start + rest;
                    self.cover(Span { start, end: start + value.len() });
                }
                // What has been looked at is not looked at again, so that a line costs its length.
                rest += value.len();
            }
            if looks(line) {
                let start = self.base + start;
                self.cover(Span { start, end: start + line.len() });
            }
            start += line.len();
        }
    }

    fn cover(&mut self, span: Span) {
        self.spans.push(Span { start: span.start - self.base, end: span.end - self.base });
    }
}

/// Whether a text may be a value that stands there as it is.
fn is_written(text: &str) -> bool {
    !matches!(text, "" | "true" | "false" | "null") && !text.starts_with(['{', '[']) && !text.contains("${")
}

/// The text with these stretches, which are sorted, as asterisks.
fn covered(text: &str, spans: &[Span]) -> String {
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans.iter().filter(|span| span.start < span.end) {
        let start = span.start.max(end);
        shown.push_str(text.get(end..start).unwrap_or_default());
        // As many bytes as before, so that every place stays where it is.
        for letter in text.get(start..span.end).unwrap_or_default().chars() {
            match letter {
                '\n' | '\r' => shown.push(letter),
                letter => shown.push_str(&"*".repeat(letter.len_utf8())),
            }
        }
        end = end.max(span.end);
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    shown
}
