//! Parser events → span trees: nesting, anchors and aliases, and what they cost.
//!
//! Invariant: a copy is paid for before it is made, and no tree is deeper than [`MAX_DEPTH`] after aliases are applied.

use std::collections::BTreeMap;

use granit_parser::{Event, ScalarStyle, Tag};

use super::diagnostic::Diagnostic;
use super::merge;
use super::rule::Rule;
use super::tree::{Data, Key, Node, Span};

/// The deepest nesting; manifests need about ten levels.
pub(super) const MAX_DEPTH: usize = 64;
/// The most values of a file, copies by aliases counted.
const MAX_NODES: usize = 1_000_000;
/// The most bytes that the aliases of a file may copy.
const MAX_COPIED: usize = 32 << 20;

/// How many keys that stand twice are told of a file.
const MOST_TWICE: usize = 1_000;

type Outcome = Result<(), Box<Diagnostic>>;

/// A collection that is being read.
enum Open {
    Sequence { span: Span, anchor: usize, items: Vec<Weighed> },
    Mapping { span: Span, anchor: usize, entries: Vec<(Key, Weighed)>, key: Option<Key> },
}

/// A node with how many levels it has, how many values and how many bytes of text.
#[derive(Clone)]
struct Weighed {
    node: Node,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

/// Composes the documents of a file.
#[derive(Default)]
pub(super) struct Composer {
    file: usize,
    pub(super) documents: Vec<Node>,
    pub(super) diagnostics: Vec<Diagnostic>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Weighed>,
    nodes: usize,
    copied: usize,
}

impl Composer {
    pub(super) fn new(file: usize) -> Self {
        Self { file, ..Self::default() }
    }

    /// Leaves the document that is being read.
    pub(super) fn abandon(&mut self) {
        self.open.clear();
        self.anchors.clear();
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// What ends the document.
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Outcome {
        match event {
            Event::Scalar(text, ..) if text.contains('\0') => {
                let diagnostic = Diagnostic::new(Rule::Syntax, "a value holds a NUL character");
                let help = "take the \\0 out: no program can be given one";
                Err(Box::new(diagnostic.label(self.file, span, "in here").help(help)))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !self.says_text(tag.as_deref(), span)?;
                let bytes = text.len();
                let data = Data::Scalar { text: text.into_owned(), plain };
                self.close(Weighed { node: node(span, data), depth: 0, nodes: 1, bytes }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.says_text(tag.as_deref(), span)?;
                self.descend(Open::Sequence { span, anchor, items: vec![] }, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.says_text(tag.as_deref(), span)?;
                self.descend(Open::Mapping { span, anchor, entries: vec![], key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.ascend(span),
            Event::Alias(anchor) => self.copy(anchor, span),
            Event::DocumentStart(..) | Event::DocumentEnd => {
                self.abandon();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a tag says that a scalar is text. Tags of other schemas mean nothing here and are refused.
    fn says_text(&self, tag: Option<&Tag>, span: Span) -> Result<bool, Box<Diagnostic>> {
        let Some(tag) = tag else { return Ok(false) };
        match tag.core_suffix() {
            Some("str") => Ok(true),
            Some("int" | "float" | "bool" | "null" | "seq" | "map") => Ok(false),
            _ => {
                let message = format!("the tag {} is not known", tag.original());
                let diagnostic = Diagnostic::new(Rule::Syntax, message);
                Err(Box::new(diagnostic.label(self.file, span, "here").help("leave the tag out")))
            }
        }
    }

    fn descend(&mut self, open: Open, span: Span) -> Outcome {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.open.push(open);
        Ok(())
    }

    fn ascend(&mut self, end: Span) -> Outcome {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (children, span, anchor, data) = match open {
            Open::Sequence { span, anchor, items } => {
                let size = sum(items.iter());
                (size, span, anchor, Data::Sequence(items.into_iter().map(|item| item.node).collect()))
            }
            Open::Mapping { span, anchor, entries, key: _ } => {
                let size = sum(entries.iter().map(|(_, value)| value));
                let entries = entries.into_iter().map(|(key, value)| (key, value.node)).collect();
                (size, span, anchor, Data::Mapping(self.merged(entries)?))
            }
        };
        let (depth, nodes, bytes) = children;
        let span = Span { start: span.start, end: end.end.max(span.end) };
        self.close(Weighed { node: node(span, data), depth: depth + 1, nodes: nodes + 1, bytes }, anchor)
    }

    /// Applies merge keys, whose copies count, and tells keys that stand twice.
    fn merged(&mut self, entries: Vec<(Key, Node)>) -> Result<Vec<(Key, Node)>, Box<Diagnostic>> {
        let (entries, twice) = merge::apply(entries)
            .map_err(|span| Box::new(merge::refusal().label(self.file, span, "this is no mapping")))?;
        let room = MOST_TWICE.saturating_sub(self.diagnostics.len());
        for (first, again) in twice.into_iter().take(room) {
            self.diagnostics.push(
                Diagnostic::new(Rule::DuplicateKey, format!("the key {} stands twice", again.text))
                    .label(self.file, again.span, "again here")
                    .label(self.file, first.span, "first here")
                    .help("keep one of them"),
            );
        }
        Ok(entries)
    }

    fn copy(&mut self, anchor: usize, span: Span) -> Outcome {
        let Some(target) = self.anchors.get(&anchor) else {
            let diagnostic = Diagnostic::new(Rule::Syntax, "an alias stands inside what it refers to");
            let help = "an alias repeats what stands before it: move the anchor, or write the value out";
            return Err(Box::new(diagnostic.label(self.file, span, "this never ends").help(help)));
        };
        // The size is checked before the copy is made.
        self.nodes += target.nodes;
        self.copied += target.bytes;
        if self.copied > MAX_COPIED || self.nodes > MAX_NODES {
            return Err(self.too_large("the aliases of this file make it too large".to_owned(), span));
        }
        let copy = target.clone();
        self.place(copy, span)
    }

    fn close(&mut self, closed: Weighed, anchor: usize) -> Outcome {
        self.nodes += 1;
        let span = closed.node.span;
        if self.nodes > MAX_NODES {
            return Err(self.too_large(format!("the file has more than {MAX_NODES} values"), span));
        }
        if anchor > 0 {
            self.copied += closed.bytes;
            self.anchors.insert(anchor, closed.clone());
        }
        self.place(closed, span)
    }

    fn place(&mut self, closed: Weighed, span: Span) -> Outcome {
        if self.open.len() + closed.depth > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        match self.open.last_mut() {
            None => self.documents.push(closed.node),
            Some(Open::Sequence { items, .. }) => items.push(closed),
            Some(Open::Mapping { entries, key, .. }) => match (key.take(), closed.node.data) {
                (Some(key), data) => {
                    entries.push((key, Weighed { node: Node { data, ..closed.node }, ..closed }));
                }
                (None, Data::Scalar { text, .. }) => *key = Some(Key { span, text }),
                (None, Data::Sequence(_) | Data::Mapping(_)) => {
                    let diagnostic = Diagnostic::new(Rule::Syntax, "a key is a word, not a collection");
                    let help = "a placeholder or text that begins with { or [ is put in quotes";
                    return Err(Box::new(diagnostic.label(self.file, span, "here").help(help)));
                }
            },
        }
        Ok(())
    }

    fn too_large(&self, message: String, span: Span) -> Box<Diagnostic> {
        let diagnostic = Diagnostic::new(Rule::Budget, message).label(self.file, span, "up to here");
        Box::new(diagnostic.help("split it into several files; all files of a folder are read together"))
    }

    /// The refusal of nesting that goes too deep.
    pub(super) fn too_deep(&self, span: Span) -> Box<Diagnostic> {
        let message = format!("the document is nested deeper than {MAX_DEPTH} levels");
        let diagnostic = Diagnostic::new(Rule::Budget, message).label(self.file, span, "here");
        Box::new(diagnostic.help("manifests need about ten levels: is a bracket or an indent too many?"))
    }
}

fn node(span: Span, data: Data) -> Node {
    Node { span, data, unresolved: false, filled: false }
}

fn sum<'s>(children: impl Iterator<Item = &'s Weighed>) -> (usize, usize, usize) {
    children.fold((0, 0, 0), |(depth, nodes, bytes), child| {
        (depth.max(child.depth), nodes + child.nodes, bytes + child.bytes)
    })
}
