//! The span tree of a document: what the YAML says and where it says it.
//!
//! Invariant: aliases and merge keys are already applied, keys are told apart, and no tree is deeper than the budget,
//! so that walking one needs no care. What a scalar means is decided in [`super::scalar`].

use super::scalar::{self, Scalar};

/// A stretch of bytes. The bytes of all files are counted on, so that a place tells its file, wherever an environment's
/// patch may carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Span {
    /// The first byte.
    pub(super) start: usize,
    /// The byte after the last.
    pub(super) end: usize,
}

impl Span {
    /// The stretch so many bytes on.
    pub(super) fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }
}

/// A value and where it stands; behind an alias, where the anchor stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) data: Data,
    /// Whether it holds a placeholder that could not be filled, so that nothing more can be said about it.
    pub(super) unresolved: bool,
    /// Whether a placeholder of it was filled, so that it does not stand in the manifest as it is.
    pub(super) filled: bool,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// A scalar as written; a plain one may be more than text.
    Scalar { text: String, plain: bool },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order written.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) text: String,
}

impl Node {
    /// What a scalar means; nothing for collections.
    pub(super) fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.data {
            Data::Scalar { text, plain: true } => Some(scalar::plain(text)),
            Data::Scalar { text, plain: false } => Some(Scalar::Text(text)),
            Data::Sequence(_) | Data::Mapping(_) => None,
        }
    }

    /// Whether something below could not be resolved.
    pub(super) fn is_unresolved(&self) -> bool {
        self.unresolved
            || self.items().iter().any(Self::is_unresolved)
            || self.entries().iter().any(|(_, value)| value.is_unresolved())
    }

    /// Whether a text stands in a key or a value of it or below.
    pub(super) fn mentions(&self, wanted: &str) -> bool {
        match &self.data {
            Data::Scalar { text, .. } => text.contains(wanted),
            Data::Sequence(items) => items.iter().any(|item| item.mentions(wanted)),
            Data::Mapping(entries) => {
                entries.iter().any(|(key, value)| key.text.contains(wanted) || value.mentions(wanted))
            }
        }
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(Key, Node)] {
        if let Data::Mapping(entries) = &self.data { entries } else { &[] }
    }

    /// The entry under a key.
    pub(super) fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries().iter().find(|(candidate, _)| candidate.text == key)
    }

    /// The items of a sequence; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Data::Sequence(items) = &self.data { items } else { &[] }
    }
}
