//! The rules of meaning, each group of them in a module of its own.
//!
//! A rule looks at documents through [`Place`], so it runs whether or not the schema found fault with the document,
//! and speaks only of what it can see.

mod graph;
mod identity;
mod image;
mod literal;
mod name;
mod network;
mod offer;
mod one_of;
mod project;
mod raw;
mod reference;
mod region;
mod resources;
mod run;
pub(super) mod secret;
mod tag;
mod unique;
mod version;
mod volume;

use super::book::{Book, Sheet};
use super::diagnostic::Diagnostic;
use super::kind::Kind;
use super::place::Place;

/// Judges the meaning of all documents.
pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    project::judge(book, diagnostics);
    unique::judge(book, diagnostics);
    reference::judge(book, diagnostics);
    graph::judge(book, diagnostics);
    tag::judge(book, diagnostics);
    version::judge(book, diagnostics);
    for sheet in &book.sheets {
        name::judge(*sheet, diagnostics);
        one_of::judge(*sheet, diagnostics);
        region::judge(*sheet, diagnostics);
        image::judge(*sheet, diagnostics);
        literal::judge(*sheet, diagnostics);
        if let Some(group) = group(*sheet) {
            resources::judge(group, diagnostics);
            network::judge(group, diagnostics);
            volume::judge(*sheet, group, diagnostics);
            offer::judge(*sheet, group, diagnostics);
            identity::judge(*sheet, group, diagnostics);
            raw::judge(group, diagnostics);
        }
        if sheet.kind == Kind::TaskRun {
            run::judge(book, *sheet, diagnostics);
        }
    }
}

/// The properties of the container group that a document describes, in its spec or in its template.
fn group(sheet: Sheet<'_>) -> Option<Place<'_>> {
    match sheet.kind {
        Kind::ContainerGroup => sheet.spec(),
        Kind::TaskRun => sheet.spec()?.get("template"),
        Kind::Project | Kind::ResourceGroup | Kind::Environment => None,
    }
}

/// The containers of the group that a document describes.
fn containers(sheet: Sheet<'_>) -> impl Iterator<Item = Place<'_>> {
    group(sheet).into_iter().flat_map(|group| group.list(&["containers"]))
}

/// The containers of the group that a document describes, init containers among them.
fn all_containers(sheet: Sheet<'_>) -> impl Iterator<Item = Place<'_>> {
    let first = group(sheet).into_iter().flat_map(|group| group.list(&["initContainers"]));
    containers(sheet).chain(first)
}
