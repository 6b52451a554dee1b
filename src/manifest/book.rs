//! The book of all documents: which kind each is, what it is called, and whether any is missing.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::kind::{API_VERSION, Kind};
use super::near::advice;
use super::place::Place;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::{Data, Node};
use crate::model::name::Name;

/// A document of a file.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) file: usize,
    pub(super) root: Node,
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
}

impl<'d> Book<'d> {
    /// Tells the kinds of documents apart.
    pub(super) fn open(documents: &'d [Document], complete: bool) -> (Self, Vec<Diagnostic>) {
        let (mut book, mut diagnostics) = (Self { sheets: vec![], index: BTreeMap::new(), complete }, vec![]);
        for root in documents.iter().map(Document::place) {
            match kind(root) {
                Ok(kind) => {
                    let sheet = Sheet { kind, root };
                    match sheet.name() {
                        Some(name) => {
                            book.index.entry((kind, Name::from(name))).or_insert(book.sheets.len());
                        }
                        None => book.complete = false,
                    }
                    book.sheets.push(sheet);
                }
                Err(diagnostic) => {
                    book.complete = false;
                    diagnostics.push(*diagnostic);
                }
            }
        }
        (book, diagnostics)
    }

    /// The documents of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = Sheet<'d>> + '_ {
        self.sheets.iter().copied().filter(move |sheet| sheet.kind == kind)
    }

    /// The document of a kind under a name.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<Sheet<'d>> {
        self.sheets.get(*self.index.get(&(kind, Name::from(name)))?).copied()
    }
}

/// The kind of a document.
fn kind(root: Place<'_>) -> Result<Kind, Box<Diagnostic>> {
    let Data::Mapping(_) = root.node.data else {
        let diagnostic = root.flaw(Rule::Document, "a manifest is a mapping", "this is none");
        return Err(Box::new(diagnostic.help(format!("begin with apiVersion: {API_VERSION} and kind"))));
    };
    let words = Kind::ALL.map(Kind::as_str);
    let Some(place) = root.get("kind") else {
        let diagnostic = root.flaw(Rule::Document, "the manifest needs a kind", "kind is missing here");
        return Err(Box::new(diagnostic.help(format!("one of {}", words.join(", ")))));
    };
    let word = place.text().unwrap_or_default();
    Kind::of(word).ok_or_else(|| {
        let diagnostic = place.flaw(Rule::Kind, "there is no such kind of manifest", "not a known kind");
        Box::new(match advice(word, words) {
            Some(advice) => diagnostic.help(advice),
            None => diagnostic,
        })
    })
}
