//! The book of all documents: which kind each is, what it is called, and whether any is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::kind::{API_VERSION, Kind};
use super::near::{advice, nearest};
use super::place::Place;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::{Data, Node};
use crate::model::name::Name;

/// A document of a file; a cheap clone.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) file: usize,
    pub(super) root: Arc<Node>,
}

impl Document {
    /// Whether it says nothing: an empty file, or nothing between two separators.
    pub(super) fn is_empty(&self) -> bool {
        self.root.scalar() == Some(Scalar::Null)
    }

    /// Where it begins.
    pub(super) fn place(&self) -> Place<'_> {
        Place { file: self.file, node: &self.root }
    }
}

/// A document of a known kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet<'d> {
    pub(super) kind: Kind,
    pub(super) root: Place<'d>,
    /// Whether its kind is misspelt, so that it is judged as what it is nearest to and never taken.
    pub(super) assumed: bool,
}

impl<'d> Sheet<'d> {
    /// Its `metadata.name`, where it can be read.
    pub(super) fn name(self) -> Option<&'d str> {
        self.root.word(&["metadata", "name"])
    }

    /// Its `spec`, where there is one.
    pub(super) fn spec(self) -> Option<Place<'d>> {
        self.root.get("spec")
    }
}

/// All documents of known kinds.
pub(super) struct Book<'d> {
    pub(super) sheets: Vec<Sheet<'d>>,
    /// Where the first document of a kind and a name stands.
    index: BTreeMap<(Kind, Name), usize>,
    /// Whether every document is here under its name, so that what is not here is not declared.
    pub(super) complete: bool,
    /// Whether every document is here under its kind.
    pub(super) sorted: bool,
    /// The names of documents of unknown kinds, which may be the ones that are referred to.
    strange: BTreeSet<Name>,
}

impl<'d> Book<'d> {
    /// Tells the kinds of documents apart.
    pub(super) fn open(documents: &'d [Document], complete: bool) -> (Self, Vec<Diagnostic>) {
        let (mut book, mut diagnostics) = (
            Self {
                sheets: vec![],
                index: BTreeMap::new(),
                complete,
                sorted: complete,
                strange: BTreeSet::new(),
            },
            vec![],
        );
        for root in documents.iter().map(Document::place) {
            let (kind, diagnostic) = kind(root);
            let assumed = diagnostic.is_some();
            diagnostics.extend(diagnostic);
            match kind {
                Some(kind) => {
                    let sheet = Sheet { kind, root, assumed };
                    match sheet.name() {
                        Some(name) => {
                            book.index.entry((kind, Name::from(name))).or_insert(book.sheets.len());
                        }
                        None => book.complete = false,
                    }
                    book.sheets.push(sheet);
                }
                None => {
                    book.sorted = false;
                    match root.word(&["metadata", "name"]) {
                        Some(name) => drop(book.strange.insert(Name::from(name))),
                        None => book.complete = false,
                    }
                }
            }
        }
        (book, diagnostics)
    }

    /// The documents of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = Sheet<'d>> + '_ {
        self.sheets.iter().copied().filter(move |sheet| sheet.kind == kind)
    }

    /// Whether a name that is not found is not declared.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.complete && !self.strange.contains(&Name::from(name))
    }

    /// The document of a kind under a name.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<Sheet<'d>> {
        self.sheets.get(*self.index.get(&(kind, Name::from(name)))?).copied()
    }
}

/// The kind of a document, as far as it can be told, and what is wrong with how it is said.
fn kind(root: Place<'_>) -> (Option<Kind>, Option<Diagnostic>) {
    let Data::Mapping(_) = root.node.data else {
        let diagnostic = root.flaw(Rule::Document, "a manifest is a mapping", "this is none");
        return (None, Some(diagnostic.help(format!("begin with apiVersion: {API_VERSION} and kind"))));
    };
    let words = Kind::ALL.map(Kind::as_str);
    let Some(place) = root.get("kind") else {
        // A key that is near to it is told by the schema of what it names.
        let near = root.node.entries().iter().find(|(key, _)| nearest(&key.text, ["kind"]).is_some());
        let (span, help) = match near {
            Some((key, _)) => (key.span, "did you mean `kind`?".to_owned()),
            None => (root.head(), format!("add kind: one of {}", words.join(", "))),
        };
        let diagnostic = Diagnostic::new(Rule::Document, "the manifest needs a kind");
        return (None, Some(diagnostic.label(root.file, span, "kind is missing here").help(help)));
    };
    let word = place.text().unwrap_or_default();
    if let Some(kind) = Kind::of(word) {
        return (Some(kind), None);
    }
    let diagnostic = place.flaw(Rule::Kind, "there is no such kind of manifest", "not a known kind");
    (nearest(word, words).and_then(Kind::of), Some(diagnostic.help(advice(word, words))))
}
