//! YAML text → span trees, under a budget.
//!
//! Invariant: no text, however hostile, costs more than the budget: its size, its depth and what its aliases grow to
//! are bounded before anything is built. A document that cannot be read is told and left out; the next one is read.

use granit_parser::{Event, Parser, ScanError};

use super::compose::{Composer, MAX_DEPTH};
use super::diagnostic::Diagnostic;
use super::rule::Rule;
use super::tree::{Node, Span};

/// The largest file in bytes. 10,000 container groups are about 6 MB.
pub const MAX_TEXT: usize = 16 << 20;

/// The documents of a file, and what is wrong with those that are missing.
pub(super) struct Parsed {
    pub(super) documents: Vec<Node>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether a document is missing because it could not be read.
    pub(super) incomplete: bool,
}

/// Reads all documents of a file, whose first byte is counted as `base`.
pub(super) fn documents(file: usize, base: usize, text: &str) -> Parsed {
    let mut parsed = Parsed { documents: vec![], diagnostics: vec![], incomplete: false };
    if text.len() > MAX_TEXT {
        let message = format!("the file has {} MB; at most {} MB are read", text.len() >> 20, MAX_TEXT >> 20);
        let diagnostic = Diagnostic::new(Rule::Readable, message);
        parsed.diagnostics.push(
            diagnostic
                .label(file, Span { start: base, end: base }, "here")
                .help("split it into several files; all files of a folder are read together"),
        );
        parsed.incomplete = true;
        return parsed;
    }
    let options = granit_parser::options! {
        block_nesting_limit: 2 * MAX_DEPTH,
        flow_nesting_limit: 2 * MAX_DEPTH,
        emit_comments: false,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer::new(file);
    // Whether the rest of a document is passed over, of which nothing more is said.
    let mut passing = false;
    while let Some(event) = parser.next_event() {
        let outcome = match event {
            Ok((event, span)) => {
                passing &= !matches!(event, Event::DocumentStart(..));
                composer.take(event, bytes(text, &span).shifted(base))
            }
            Err(error) if error.info().contains("recursion limit") => {
                Err(composer.too_deep(at(text, &error).shifted(base)))
            }
            Err(error) => Err(Box::new(syntax(file, base, text, &error))),
        };
        if let Err(diagnostic) = outcome {
            let spent = diagnostic.rule() == Rule::Budget;
            if !std::mem::replace(&mut passing, true) {
                parsed.diagnostics.push(*diagnostic);
            }
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

/// The character at which the parser stopped.
fn at(text: &str, error: &ScanError) -> Span {
    let start = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let next = text[start..].chars().next().filter(|next| *next != '\n');
    Span { start, end: start + next.map_or(0, char::len_utf8) }
}

fn syntax(file: usize, base: usize, text: &str, error: &ScanError) -> Diagnostic {
    let span = at(text, error);
    let diagnostic = Diagnostic::new(Rule::Syntax, format!("this is no YAML: {}", error.info())).label(
        file,
        span.shifted(base),
        "here",
    );
    match text.as_bytes().get(span.start) {
        Some(b'\t') => diagnostic.help("indent with spaces; YAML takes no tabs for it"),
        Some(0) => diagnostic.help("remove the NUL character; a manifest is text"),
        _ => {
            diagnostic.help("the cause may stand a line above; `acitask explain ACI002` tells the usual ones")
        }
    }
}
