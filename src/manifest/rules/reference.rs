//! References: what they name is declared.

use super::containers;
use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::near::advice;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for sheet in &book.sheets {
        if let Some(spec) = sheet.spec() {
            declared(book, *sheet, spec, diagnostics);
            diagnostics.extend(container(book, *sheet, spec));
        }
    }
}

fn declared(book: &Book<'_>, sheet: Sheet<'_>, spec: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut check = |place: Option<Place<'_>>, kinds: &[Kind]| {
        diagnostics.extend(place.and_then(|place| unknown(book, place, kinds)));
    };
    match sheet.kind {
        Kind::Project | Kind::ResourceGroup | Kind::Environment => {}
        Kind::ContainerGroup => check(spec.get("resourceGroup"), &[Kind::ResourceGroup]),
        Kind::TaskRun => {
            check(spec.get("containerGroup"), &[Kind::ContainerGroup]);
            check(spec.at(&["template", "resourceGroup"]), &[Kind::ResourceGroup]);
        }
    }
    for place in spec.list(&["dependsOn"]) {
        check(Some(place), &[Kind::ContainerGroup, Kind::TaskRun]);
    }
}

fn unknown(book: &Book<'_>, place: Place<'_>, kinds: &[Kind]) -> Option<Diagnostic> {
    let name = place.text()?;
    // A document that could not be read may well be the one that is meant.
    if kinds.iter().any(|kind| book.find(*kind, name).is_some()) || !book.lacks(name) {
        return None;
    }
    let what: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    let known: Vec<_> = kinds.iter().flat_map(|kind| book.of(*kind)).filter_map(Sheet::name).collect();
    let message = format!("no {} is called {name}", what.join(" or "));
    Some(place.flaw(Rule::Reference, message, "not declared").help(advice(name, known)))
}

/// The container that a run names, in the group that it refers to or describes.
fn container(book: &Book<'_>, sheet: Sheet<'_>, spec: Place<'_>) -> Option<Diagnostic> {
    let place = (sheet.kind == Kind::TaskRun).then(|| spec.get("container"))??;
    let name = place.text()?;
    let group = match spec.word(&["containerGroup"]) {
        Some(group) => book.find(Kind::ContainerGroup, group)?,
        None => sheet,
    };
    let names: Vec<_> = containers(group).map(|container| container.word(&["name"])).collect();
    // A container without a readable name may be the one that is meant.
    let names = names.into_iter().collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())?;
    (!names.contains(&name)).then(|| {
        let message = format!("no container of the group is called {name}");
        place.flaw(Rule::Reference, message, "not in the group").help(advice(name, names))
    })
}
