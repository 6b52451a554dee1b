//! YAML text → span trees, under a budget.
//!
//! Invariant: no text, however hostile, costs more than the budget: its size, its depth and what its aliases grow to
//! are bounded before anything is built. A document that cannot be read is told and left out; the next one is read.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::diagnostic::Diagnostic;
use super::merge;
use super::rule::Rule;
use super::tree::{Data, Key, Node, Span};

/// The largest file in bytes. 10,000 container groups are about 6 MB.
pub(super) const MAX_TEXT: usize = 16 << 20;
/// The deepest nesting; manifests need about ten levels.
pub(super) const MAX_DEPTH: usize = 64;
/// The most values of a file, copies by aliases counted.
pub(super) const MAX_NODES: usize = 1_000_000;
/// The most bytes that the aliases of a file may copy.
pub(super) const MAX_COPIED: usize = 32 << 20;

/// The documents of a file, and what is wrong with those that are missing.
pub(super) struct Parsed {
    pub(super) documents: Vec<Node>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether a document is missing because it could not be read.
    pub(super) incomplete: bool,
}

/// Reads all documents of a file.
pub(super) fn documents(file: usize, text: &str) -> Parsed {
    let mut parsed = Parsed { documents: vec![], diagnostics: vec![], incomplete: false };
    if text.len() > MAX_TEXT {
        let message = format!("the file has {} MB; at most {} MB are read", text.len() >> 20, MAX_TEXT >> 20);
        parsed.diagnostics.push(Diagnostic::new(Rule::Readable, message).label(
            file,
            Span::default(),
            "here",
        ));
        parsed.incomplete = true;
        return parsed;
    }
    let options = granit_parser::options! {
        block_nesting_limit: 2 * MAX_DEPTH,
        flow_nesting_limit: 2 * MAX_DEPTH,
        emit_comments: false,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { file, ..Composer::default() };
    while let Some(event) = parser.next_event() {
        let outcome = match event {
            Ok((event, span)) => composer.take(event, bytes(text, &span)),
            Err(error) => Err(Box::new(syntax(file, text, &error))),
        };
        if let Err(diagnostic) = outcome {
            let spent = diagnostic.rule() == Rule::Budget;
            parsed.diagnostics.push(*diagnostic);
            parsed.incomplete = true;
            composer.abandon();
            // The budget is the file's: once it is spent, the rest is not looked at.
            if spent || !parser.proceed_next_document().unwrap_or(false) {
                break;
            }
        }
    }
    parsed.diagnostics.append(&mut composer.diagnostics);
    parsed.documents = composer.documents;
    parsed
}

fn bytes(text: &str, span: &granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default().min(text.len());
    Span { start, end: span.end.byte_offset().unwrap_or_default().clamp(start, text.len()) }
}

fn syntax(file: usize, text: &str, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let end = text[at..].chars().next().filter(|next| *next != '\n').map_or(at, |next| at + next.len_utf8());
    let diagnostic = Diagnostic::new(Rule::Syntax, format!("this is no YAML: {}", error.info())).label(
        file,
        Span { start: at, end },
        "here",
    );
    match text.as_bytes().get(at) {
        Some(b'\t') => diagnostic.help("indent with spaces; YAML takes no tabs for it"),
        Some(0) => diagnostic.help("remove the NUL character; a manifest is text"),
        _ => diagnostic,
    }
}

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

#[derive(Default)]
struct Composer {
    file: usize,
    documents: Vec<Node>,
    diagnostics: Vec<Diagnostic>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Weighed>,
    nodes: usize,
    copied: usize,
}

impl Composer {
    fn abandon(&mut self) {
        self.open.clear();
        self.anchors.clear();
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Outcome {
        match event {
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
        for (first, again) in twice {
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
            return Err(Box::new(diagnostic.label(self.file, span, "this never ends")));
        };
        // The size is checked before the copy is made.
        self.nodes += target.nodes;
        self.copied += target.bytes;
        if self.copied > MAX_COPIED || self.nodes > MAX_NODES {
            let message = "the aliases of this file make it too large".to_owned();
            return Err(Box::new(Diagnostic::new(Rule::Budget, message).label(
                self.file,
                span,
                "up to here",
            )));
        }
        let copy = target.clone();
        self.place(copy, span)
    }

    fn close(&mut self, closed: Weighed, anchor: usize) -> Outcome {
        self.nodes += 1;
        let span = closed.node.span;
        if self.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values");
            return Err(Box::new(Diagnostic::new(Rule::Budget, message).label(
                self.file,
                span,
                "up to here",
            )));
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

    fn too_deep(&self, span: Span) -> Box<Diagnostic> {
        let message = format!("the document is nested deeper than {MAX_DEPTH} levels");
        Box::new(Diagnostic::new(Rule::Budget, message).label(self.file, span, "here"))
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
