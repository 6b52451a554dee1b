//! Variables: which are declared, what values they have, and the placeholders `${NAME}` that they fill.
//!
//! Invariant: only declared names are filled in, only in values, never in keys, and never a secret one: a secret reaches
//! a stack through `secureValue.fromVariable` alone. `$${` stands for `${`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::book::Document;
use super::diagnostic::Diagnostic;
use super::kind::Kind;
use super::near::{advice, nearest};
use super::place::Place;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::{Data, Key, Node, Span};
use crate::model::secret::Secret;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--var NAME=VALUE`.
    Flag,
    /// A variable of the process environment, by its name.
    Environment(String),
    /// A file of `NAME=VALUE` lines, by the name it is shown with.
    File(String),
    /// The emulator's sink, on the local target.
    Sink,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--var"),
            Self::Environment(name) => f.write_str(name),
            Self::File(name) => f.write_str(name),
            Self::Sink => f.write_str("the emulator's sink"),
        }
    }
}

/// A value that was given for a variable. Its text may be secret, so it never shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The text.
    pub text: Secret,
    /// Whether it is secret, whatever the declaration says.
    pub secret: bool,
    /// Where it came from.
    pub origin: Origin,
}

/// The values that were given for variables, by name; the strongest source has already won.
pub type Values = BTreeMap<String, Given>;

/// A variable that a Project declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Its value where nothing else gives one.
    pub default: Option<String>,
    /// Whether the emulator's sink stands in for it on the local target.
    pub local_sink: bool,
}

/// The variables that a Project declares, as far as they can be read.
pub(super) fn declared(project: Place<'_>) -> Vec<Declared> {
    let declare = |(key, place): (&super::tree::Key, Place<'_>)| Declared {
        name: key.text.clone(),
        secret: place.flag(&["secret"]),
        default: place.word(&["default"]).map(str::to_owned),
        local_sink: place.word(&["local"]) == Some("sink"),
    };
    project.entries(&["spec", "variables"]).map(declare).collect()
}

/// How many places are told at which a variable stands.
const MOST_PLACES: usize = 10;

/// All that is known of variables while placeholders are filled.
pub(super) struct Variables<'v> {
    declared: BTreeMap<&'v str, &'v Declared>,
    values: &'v Values,
    /// Whether all declarations could be read, so that a name that is not there is not declared.
    complete: bool,
    /// Those that would have a value if another mistake, which is told, were mended.
    open: BTreeSet<String>,
    wanting: BTreeMap<(Rule, String), Diagnostic>,
    diagnostics: Vec<Diagnostic>,
}

/// What a variable has to offer.
pub(super) enum Offer {
    /// Text that may be shown.
    Plain(String),
    /// Text that may not.
    Secret(Secret),
    /// Nothing, since no value was given.
    Nothing,
    /// Nothing, since it is not declared.
    Unknown,
}

impl<'v> Variables<'v> {
    pub(super) fn new(declared: &'v [Declared], values: &'v Values, complete: bool) -> Self {
        let declared = declared.iter().map(|each| (each.name.as_str(), each)).collect();
        Self {
            declared,
            values,
            complete,
            open: BTreeSet::new(),
            wanting: BTreeMap::new(),
            diagnostics: vec![],
        }
    }

    /// Says nothing of these where they have no value.
    pub(super) fn leave_open(&mut self, names: impl IntoIterator<Item = String>) {
        self.open.extend(names);
    }

    /// The declaration of a variable.
    pub(super) fn declaration(&self, name: &str) -> Option<&'v Declared> {
        self.declared.get(name).copied()
    }

    /// What a variable has to offer.
    pub(super) fn offer(&self, name: &str) -> Offer {
        let Some(declared) = self.declared.get(name) else { return Offer::Unknown };
        match (self.values.get(name), &declared.default) {
            (Some(given), _) if declared.secret || given.secret => Offer::Secret(given.text.clone()),
            (Some(given), _) => Offer::Plain(given.text.expose().to_owned()),
            (None, Some(default)) if declared.secret => Offer::Secret(Secret::new(default.as_str())),
            (None, Some(default)) => Offer::Plain(default.clone()),
            (None, None) => Offer::Nothing,
        }
    }

    /// What was wrong with the placeholders, one diagnostic a variable, and with what a person gave by name.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let strange = self.values.iter().filter(|(name, given)| {
            self.complete && given.origin == Origin::Flag && !self.declared.contains_key(name.as_str())
        });
        let strange = strange.map(|(name, given)| {
            let message = format!("{} gives {name}, which is not declared", given.origin);
            let diagnostic = Diagnostic::new(Rule::Undeclared, message);
            diagnostic.help(advice(name, self.declared.keys().copied()))
        });
        let strange: Vec<_> = strange.collect();
        self.wanting.into_values().chain(self.diagnostics).chain(strange).collect()
    }

    /// Fills the placeholders of a document. Declarations of variables are taken as they are.
    pub(super) fn fill_document(&mut self, document: &mut Document) {
        let Document { file, root } = document;
        let declares = root.entry("kind").and_then(|(_, kind)| kind.scalar())
            == Some(Scalar::Text(Kind::Project.as_str()));
        if !declares && !root.mentions("${") {
            return;
        }
        let root = Arc::make_mut(root);
        let Data::Mapping(entries) = &mut root.data else { return };
        for (key, value) in entries {
            self.refuse_in_key(*file, key);
            match &mut value.data {
                Data::Mapping(spec) if declares && key.text == "spec" => {
                    spec.iter().for_each(|(key, _)| self.refuse_in_key(*file, key));
                    spec.retain(|(key, value)| !self.is_left_open(&key.text, value));
                    spec.iter_mut()
                        .filter(|(key, _)| key.text != "variables")
                        .for_each(|(_, value)| self.fill(*file, value));
                }
                _ => self.fill(*file, value),
            }
        }
    }

    /// Whether a project leaves open where it goes: `subscription: ${NAME}` where no value was given, or an empty one.
    /// The local target needs none, and whoever needs one asks for it.
    fn is_left_open(&self, key: &str, value: &Node) -> bool {
        let Some(Scalar::Text(text)) = value.scalar() else { return false };
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let is_empty = name.map_or(text.is_empty(), |name| match self.offer(name) {
            Offer::Nothing => self.declaration(name).is_none_or(|declared| !declared.secret),
            Offer::Plain(text) => text.is_empty(),
            Offer::Secret(_) | Offer::Unknown => false,
        });
        matches!(key, "subscription" | "tenant") && is_empty
    }

    /// Fills the placeholders of all values below a node.
    fn fill(&mut self, file: usize, node: &mut Node) {
        match &mut node.data {
            Data::Sequence(items) => items.iter_mut().for_each(|item| self.fill(file, item)),
            Data::Mapping(entries) => {
                for (key, value) in entries {
                    self.refuse_in_key(file, key);
                    self.fill(file, value);
                }
            }
            Data::Scalar { text, plain } if text.contains("${") => {
                let (filled, resolved) = self.filled(file, node.span, text);
                *text = filled;
                *plain = false;
                node.unresolved = !resolved;
                node.filled = true;
            }
            Data::Scalar { .. } => {}
        }
    }

    fn refuse_in_key(&mut self, file: usize, key: &Key) {
        if key.text.replace("$${", "").contains("${") {
            self.diagnostics.push(
                Diagnostic::new(Rule::KeyPlaceholder, "a key holds no placeholder")
                    .label(file, key.span, "this is a key")
                    .help("write the key out, and use the variable in its value"),
            );
        }
    }

    fn filled(&mut self, file: usize, span: Span, text: &str) -> (String, bool) {
        let (mut filled, mut resolved, mut rest) = (String::with_capacity(text.len()), true, text);
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str("${");
                rest = after;
                continue;
            }
            filled.push_str(before);
            let name = after.split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
            let Some(name) = name else {
                self.diagnostics.push(
                    Diagnostic::new(Rule::Placeholder, "this is no placeholder")
                        .label(file, span, "after `${` comes a name, then `}`")
                        .help("write $${ for a `${` that is meant for the program"),
                );
                return (text.to_owned(), false);
            };
            match self.offer(name) {
                Offer::Plain(value) => filled.push_str(&value),
                refused => {
                    resolved = false;
                    self.refuse(file, span, name, &refused);
                }
            }
            rest = &after[name.len() + 1..];
        }
        filled.push_str(rest);
        (filled, resolved)
    }

    fn refuse(&mut self, file: usize, span: Span, name: &str, offer: &Offer) {
        match offer {
            Offer::Plain(_) => {}
            Offer::Unknown => {
                let or = format!("; for a ${{{name}}} that is meant for the program, write $${{{name}}}");
                self.undeclared(file, span, name, &or);
            }
            Offer::Nothing if self.open.contains(name) => {}
            Offer::Nothing if self.declaration(name).is_none_or(|declared| !declared.secret) => {
                self.want(Rule::NoValue, file, span, name, || {
                let message = format!("the variable {name} has no value");
                Diagnostic::new(Rule::NoValue, message).help(format!(
                    "give it with --var {name}=…, as ACITASK_VAR_{name} in the environment, or in .env beside the manifests"
                ))
                });
            }
            // A secret one would be shown as soon as it has a value.
            Offer::Nothing | Offer::Secret(_) => self.want(Rule::SecretShown, file, span, name, || {
                let message = format!("the secret variable {name} would be shown here");
                Diagnostic::new(Rule::SecretShown, message).help(format!(
                    "in a container's environment, write secureValue: {{fromVariable: {name}}}"
                ))
            }),
        }
    }

    /// Refuses a name that no Project declares; `or` says what else can be done.
    pub(super) fn undeclared(&mut self, file: usize, span: Span, name: &str, or: &str) {
        if !self.complete {
            return;
        }
        let near = nearest(name, self.declared.keys().copied()).map(|near| format!("did you mean `{near}`?"));
        self.want(Rule::Undeclared, file, span, name, || {
            Diagnostic::new(Rule::Undeclared, format!("the variable {name} is not declared"))
                .help(near.unwrap_or_else(|| format!("declare it under spec.variables of the Project{or}")))
        });
    }

    /// One diagnostic for a variable, with a label for each place in the first file that uses it.
    fn want(&mut self, rule: Rule, file: usize, span: Span, name: &str, make: impl FnOnce() -> Diagnostic) {
        let key = (rule, name.to_owned());
        match self.wanting.remove(&key) {
            Some(known) if known.is_in(file) && known.places() < MOST_PLACES => {
                self.wanting.insert(key, known.label(file, span, "and here"));
            }
            Some(known) => drop(self.wanting.insert(key, known)),
            None => drop(self.wanting.insert(key, make().label(file, span, "used here"))),
        }
    }
}

/// Whether a text is a name that variables may have: letters, digits and underscores, no digit first.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
