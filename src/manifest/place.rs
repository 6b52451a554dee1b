//! A place in a document: how rules look at manifests.
//!
//! Looking is lenient: what is missing, of the wrong type or not resolved is simply not there, because the schema or the
//! variables have already complained. So a rule speaks of what it can see, and one mistake never makes another.

use super::diagnostic::Diagnostic;
use super::near::nearest;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::{Data, Key, Node, Span};

/// A value of a document of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'d> {
    pub(super) file: usize,
    pub(super) node: &'d Node,
}

impl<'d> Place<'d> {
    /// The value under a key.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.node.entry(key).map(|(_, node)| Self { node, ..self })
    }

    /// The value under a path of keys.
    pub(super) fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |place, key| place.get(key))
    }

    /// The items of the sequence under a path of keys.
    pub(super) fn list(self, path: &[&str]) -> impl Iterator<Item = Self> + use<'d> {
        let items = self.at(path).map_or(&[][..], |place| place.node.items());
        items.iter().map(move |node| Self { node, ..self })
    }

    /// The entries of the mapping under a path of keys.
    pub(super) fn entries(self, path: &[&str]) -> impl Iterator<Item = (&'d Key, Self)> + use<'d> {
        let entries = self.at(path).map_or(&[][..], |place| place.node.entries());
        entries.iter().map(move |(key, node)| (key, Self { node, ..self }))
    }

    /// The text here.
    pub(super) fn text(self) -> Option<&'d str> {
        match self.node.scalar() {
            Some(Scalar::Text(text)) if !self.node.unresolved => Some(text),
            _ => None,
        }
    }

    /// The text under a path of keys.
    pub(super) fn word(self, path: &[&str]) -> Option<&'d str> {
        self.at(path)?.text()
    }

    /// The truth under a path of keys; false where nothing is said.
    pub(super) fn flag(self, path: &[&str]) -> bool {
        self.at(path).and_then(|place| place.node.scalar()) == Some(Scalar::Bool(true))
    }

    /// The number here.
    pub(super) fn number(self) -> Option<f64> {
        match self.node.scalar()? {
            // Numbers of manifests are far below 2^53, where an f64 is exact; beyond it the schema complains.
            Scalar::Unsigned(number) => Some(number as f64),
            Scalar::Signed(number) => Some(number as f64),
            Scalar::Float(number) => Some(number),
            Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }

    /// Whether a list without items is here.
    pub(super) fn is_empty_list(self) -> bool {
        matches!(&self.node.data, Data::Sequence(items) if items.is_empty())
    }

    /// Whether a key of this mapping holds a list, if it is here.
    pub(super) fn lists(self, key: &str) -> bool {
        self.get(key).is_none_or(|value| matches!(value.node.data, Data::Sequence(_)))
    }

    /// Whether a key of this mapping is here under another spelling, which the schema tells.
    pub(super) fn misspells(self, key: &str) -> bool {
        let mut others = self.node.entries().iter().filter(|(other, _)| other.text != key);
        self.get(key).is_none() && others.any(|(other, _)| nearest(&other.text, [key]).is_some())
    }

    /// Where a key of this mapping stands; where there is none, where the mapping begins.
    pub(super) fn key(self, key: &str) -> Span {
        self.node.entry(key).map_or_else(|| self.head(), |(key, _)| key.span)
    }

    /// Where this value begins: all of a scalar, the first key of a mapping, the first item of a sequence.
    pub(super) fn head(self) -> Span {
        if let Some((key, _)) = self.node.entries().first() {
            return key.span;
        }
        match self.node.items().first() {
            Some(node) => Self { node, ..self }.head(),
            None => self.node.span,
        }
    }

    /// A breach of a rule here.
    pub(super) fn flaw(self, rule: Rule, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::new(rule, message).label(self.file, self.head(), label)
    }
}
