//! Environments: the patches of the chosen one are laid over the other manifests, before anything is judged.
//!
//! Invariant: what a patch brings keeps its place, so that a mistake in it is told where the Environment has it; an
//! Environment that is not chosen changes nothing and is asked for no value.

use std::sync::Arc;

use super::book::{Book, Document, Sheet};
use super::diagnostic::Diagnostic;
use super::kind::Kind;
use super::near::{advice, nearest};
use super::place::Place;
use super::rule::Rule;
use super::scalar::Scalar;
use super::tree::{Data, Key, Node};
use super::variable::{Declared, Variables};
use crate::model::name::Name;

/// What tells the things of a list apart, the first that each of them has.
const KEYS: [&str; 5] = ["name", "mountPath", "server", "port", "id"];
/// Says what is done with what a patch meets, as in kustomize: where nothing is said, it is merged.
const DIRECTIVE: &str = "$patch";
const DELETE: &str = "delete";
const REPLACE: &str = "replace";

/// The documents with the patches of an environment laid over them, and what is wrong with these.
pub(super) fn applied(
    documents: &[Document],
    complete: bool,
    name: Option<&str>,
) -> (Vec<Document>, Vec<Diagnostic>) {
    let (mut patched, mut diagnostics) = (documents.to_vec(), vec![]);
    let (book, _) = Book::open(documents, complete);
    for patch in book.of(Kind::Environment).flat_map(|each| each.root.list(&["spec", "patches"])) {
        diagnostics.extend(patch.get("target").and_then(|target| unknown(&book, target)));
        diagnostics.extend(patch.get("spec").into_iter().flat_map(directives));
    }
    let Some(name) = name else { return (patched, diagnostics) };
    let Some(chosen) = book.find(Kind::Environment, name) else {
        if book.lacks(name) {
            let known: Vec<_> = book.of(Kind::Environment).filter_map(Sheet::name).collect();
            let diagnostic = Diagnostic::new(Rule::Environment, format!("there is no Environment {name}"));
            diagnostics.push(match &known[..] {
                [] => diagnostic.help("leave -e out, or add a manifest of kind Environment"),
                _ => diagnostic.help(advice(name, known)),
            });
        }
        return (patched, diagnostics);
    };
    for patch in chosen.root.list(&["spec", "patches"]) {
        let Some(target) = patch.get("target") else { continue };
        let (Some(kind), Some(of), Some(spec)) =
            (target.word(&["kind"]).and_then(Kind::of), target.get("name"), patch.get("spec"))
        else {
            continue;
        };
        let Some(named) = of.text() else { continue };
        if let Some(sheet) = book.find(kind, named).filter(|_| kind != Kind::Environment) {
            let place = documents
                .iter()
                .position(|document| std::ptr::eq(Arc::as_ptr(&document.root), sheet.root.node));
            if let Some(document) = place.and_then(|place| patched.get_mut(place)) {
                lay_over(document, spec.node);
            }
        }
    }
    (patched, diagnostics)
}

/// A target that no manifest is.
fn unknown(book: &Book<'_>, target: Place<'_>) -> Option<Diagnostic> {
    let kind = target.word(&["kind"]).and_then(Kind::of).filter(|kind| *kind != Kind::Environment)?;
    let place = target.get("name")?;
    let name = place.text()?;
    if book.find(kind, name).is_some() || !book.lacks(name) {
        return None;
    }
    let known: Vec<_> = book.of(kind).filter_map(Sheet::name).collect();
    let diagnostic = place.flaw(Rule::PatchTarget, format!("no {kind} is called {name}"), "not declared");
    Some(diagnostic.help(advice(name, known)))
}

/// Directives of a patch that are not known.
fn directives(patch: Place<'_>) -> Vec<Diagnostic> {
    let below = patch.node.items().iter().chain(patch.node.entries().iter().map(|(_, node)| node));
    let mut found: Vec<_> = below.flat_map(|node| directives(Place { node, ..patch })).collect();
    let said = patch.get(DIRECTIVE).filter(|said| !matches!(said.text(), Some(DELETE | REPLACE)));
    found.extend(said.map(|said| {
        let message = format!("{DIRECTIVE} cannot be this");
        said.flaw(Rule::Word, message, "not a word known here").help(format!(
            "write {DELETE} to take the item out of its list, or {REPLACE} to put it in the place of what was there"
        ))
    }));
    found
}

/// Whether an environment has to be named and is not.
pub(super) fn unchosen(book: &Book<'_>, name: Option<&Name>) -> Option<Diagnostic> {
    let first = book.of(Kind::Environment).next().filter(|_| name.is_none())?;
    let known: Vec<_> = book.of(Kind::Environment).filter_map(Sheet::name).collect();
    let place = first.root.at(&["metadata", "name"]).unwrap_or(first.root);
    Some(
        place
            .flaw(Rule::Environment, "there are Environments, so one has to be named", "such as this one")
            .help(format!("give -e NAME, one of: {}", known.join(", "))),
    )
}

/// The variables that would have a value if the right environment were named, or if the one that is had not misspelt them.
pub(super) fn left_open(book: &Book<'_>, name: Option<&Name>, declared: &[Declared]) -> Vec<String> {
    let chosen = name.and_then(|name| book.find(Kind::Environment, name.as_str()));
    let given = |sheet: Sheet<'_>| {
        sheet.root.entries(&["spec", "variables"]).map(|(key, _)| key.text.clone()).collect::<Vec<_>>()
    };
    let Some(chosen) = chosen else { return book.of(Kind::Environment).flat_map(given).collect() };
    let names = || declared.iter().map(|declared| declared.name.as_str());
    let meant = given(chosen).into_iter().filter_map(|given| nearest(&given, names()).map(str::to_owned));
    meant.collect()
}

/// The values that an environment gives to variables, in place of their defaults.
pub(super) fn defaults(book: &Book<'_>, name: Option<&Name>, declared: &mut [Declared]) {
    let Some(chosen) = name.and_then(|name| book.find(Kind::Environment, name.as_str())) else { return };
    for (key, place) in chosen.root.entries(&["spec", "variables"]) {
        if let Some(declared) = declared.iter_mut().find(|declared| declared.name == key.text)
            && let Some(text) = place.text()
        {
            declared.default = Some(text.to_owned());
        }
    }
}

/// Judges the values that Environments give: of declared variables, and none that is secret.
pub(super) fn values(book: &Book<'_>, variables: &mut Variables<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (key, place) in book.of(Kind::Environment).flat_map(|each| each.root.entries(&["spec", "variables"]))
    {
        match variables.declaration(&key.text) {
            None => variables.undeclared(place.file, key.span, &key.text, ""),
            Some(declared) if declared.secret => diagnostics.push(
                place
                    .flaw(
                        Rule::SecretLiteral,
                        format!("{} is secret, and everybody can read it here", key.text),
                        "in plain sight",
                    )
                    .help(format!("give it as ACITASK_SECRET_{} in the environment, or in .env", key.text)),
            ),
            Some(_) => {}
        }
    }
}

fn lay_over(document: &mut Document, patch: &Node) {
    let Data::Mapping(entries) = &mut Arc::make_mut(&mut document.root).data else { return };
    match entries.iter_mut().find(|(key, _)| key.text == "spec") {
        Some((_, spec)) => merge(spec, patch),
        None => {
            let key = Key { span: patch.span, text: "spec".to_owned() };
            entries.push((key, cleaned(patch)));
        }
    }
}

/// Lays a patch over a value.
fn merge(into: &mut Node, patch: &Node) {
    match (&mut into.data, &patch.data) {
        (Data::Mapping(_), Data::Mapping(_)) if text(patch, DIRECTIVE) == Some(REPLACE) => {
            *into = cleaned(patch)
        }
        (Data::Mapping(entries), Data::Mapping(patches)) => {
            for (key, patch) in patches.iter().filter(|(key, _)| key.text != DIRECTIVE) {
                let known = entries.iter().position(|(known, _)| known.text == key.text);
                match (known, patch.scalar()) {
                    (Some(place), Some(Scalar::Null)) => drop(entries.remove(place)),
                    (None, Some(Scalar::Null)) => {}
                    (Some(place), _) => merge(&mut entries[place].1, patch),
                    (None, _) => entries.push((key.clone(), cleaned(patch))),
                }
            }
        }
        (Data::Sequence(items), Data::Sequence(patches)) => match key_of(items, patches) {
            Some(key) => merge_items(items, patches, key),
            None => *into = cleaned(patch),
        },
        _ => *into = cleaned(patch),
    }
}

fn merge_items(items: &mut Vec<Node>, patches: &[Node], key: &str) {
    for patch in patches {
        let same = |item: &Node| text(item, key) == text(patch, key);
        match (items.iter().position(same), is_delete(patch)) {
            (Some(place), true) => drop(items.remove(place)),
            (Some(place), false) => merge(&mut items[place], patch),
            (None, true) => {}
            (None, false) => items.push(cleaned(patch)),
        }
    }
}

/// What tells the items of both lists apart, if they are things with names.
fn key_of(items: &[Node], patches: &[Node]) -> Option<&'static str> {
    let all = |key: &&str| items.iter().chain(patches).all(|item| text(item, key).is_some());
    KEYS.into_iter().find(all).filter(|_| !patches.is_empty())
}

fn text<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    match &item.entry(key)?.1.data {
        Data::Scalar { text, .. } => Some(text),
        Data::Sequence(_) | Data::Mapping(_) => None,
    }
}

fn is_delete(patch: &Node) -> bool {
    text(patch, DIRECTIVE) == Some(DELETE)
}

/// A patch as a value: without what takes away, since there is nothing to take it from.
fn cleaned(patch: &Node) -> Node {
    let data = match &patch.data {
        Data::Mapping(entries) => {
            let kept = entries
                .iter()
                .filter(|(key, value)| key.text != DIRECTIVE && value.scalar() != Some(Scalar::Null));
            Data::Mapping(kept.map(|(key, value)| (key.clone(), cleaned(value))).collect())
        }
        Data::Sequence(items) => {
            Data::Sequence(items.iter().filter(|item| !is_delete(item)).map(cleaned).collect())
        }
        scalar @ Data::Scalar { .. } => scalar.clone(),
    };
    Node { data, ..patch.clone() }
}
