//! The rules of meaning, each group of them in a module of its own.
//!
//! A rule looks at documents through [`Place`](super::place::Place), so it runs whether or not the schema found fault
//! with the document, and speaks only of what it can see.

pub(super) mod secret;

use super::book::Book;
use super::diagnostic::Diagnostic;

/// Judges the meaning of all documents.
pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let _ = (book, diagnostics);
}
