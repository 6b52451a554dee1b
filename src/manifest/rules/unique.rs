//! What stands once: manifests, Azure's names, containers, environment variables, ports.

use std::collections::BTreeMap;

use super::{all_containers, containers, group};
use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::name::Name;

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for kind in [Kind::ResourceGroup, Kind::ContainerGroup, Kind::TaskRun, Kind::Environment] {
        let what = format!("{kind}s have the same name");
        let names = book.of(kind).filter_map(|sheet| named(sheet.root.at(&["metadata", "name"])));
        diagnostics.extend(twice(&what, names));
    }
    diagnostics
        .extend(twice("resource groups have the same name on Azure", on_azure(book, Kind::ResourceGroup)));
    diagnostics
        .extend(twice("container groups have the same name on Azure", on_azure(book, Kind::ContainerGroup)));
    for sheet in &book.sheets {
        inside(*sheet, diagnostics);
    }
}

fn inside(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(twice(
        "containers have the same name",
        all_containers(sheet).filter_map(|each| named(each.get("name"))),
    ));
    for (list, key, what) in [
        ("volumes", "name", "volumes have the same name"),
        ("imageRegistryCredentials", "server", "logins are for the same registry"),
        ("secretReferences", "name", "secret references have the same name"),
        ("extensions", "name", "extensions have the same name"),
        ("subnetIds", "id", "subnets are the same"),
    ] {
        let items = group(sheet).into_iter().flat_map(|group| group.list(&[list]));
        diagnostics.extend(twice(what, items.filter_map(|each| named(each.get(key)))));
    }
    let lists = all_containers(sheet).map(|each| each.list(&["environmentVariables"]).collect::<Vec<_>>());
    let own: Vec<_> = sheet.root.list(&["spec", "environmentVariables"]).collect();
    for list in lists.chain([own]) {
        let names = list.into_iter().filter_map(exact);
        diagnostics.extend(twice("environment variables have the same name", names));
    }
    let ports = containers(sheet).flat_map(|each| each.list(&["ports"])).filter_map(port);
    diagnostics.extend(twice("ports of the group's containers are the same", ports));
    let open =
        group(sheet).into_iter().flat_map(|group| group.list(&["ipAddress", "ports"])).filter_map(port);
    diagnostics.extend(twice("ports of the address are the same", open));
}

fn named(place: Option<Place<'_>>) -> Option<(Name, Place<'_>)> {
    Some((Name::from(place?.text()?), place?))
}

/// The name of an environment variable, which Linux tells apart by case.
fn exact(variable: Place<'_>) -> Option<(&str, Place<'_>)> {
    let place = variable.get("name")?;
    Some((place.text()?, place))
}

/// The names on Azure of those documents that give one of their own, or whose name another document gives.
fn on_azure<'d>(book: &Book<'d>, kind: Kind) -> Vec<((Name, Name), Place<'d>)> {
    let (mut explicit, mut implicit) = (vec![], vec![]);
    for sheet in book.of(kind) {
        let home = sheet.root.word(&["spec", "resourceGroup"]).unwrap_or_default();
        let key = |name: Name| (Name::from(home), name);
        // What was renamed keeps the name that it had on Azure.
        let own = sheet.root.at(&["spec", "name"]).or_else(|| sheet.root.at(&["spec", "moved", "from"]));
        match (named(own), named(sheet.root.at(&["metadata", "name"]))) {
            (Some((name, place)), _) => explicit.push((key(name), place)),
            (None, Some((name, place))) => implicit.push((key(name), place)),
            (None, None) => {}
        }
    }
    // Two that give no name of their own are two of one `metadata.name`, which is told already.
    implicit.sort_by(|a: &((Name, Name), _), b| a.0.cmp(&b.0));
    implicit.dedup_by(|a, b| a.0 == b.0);
    implicit.into_iter().chain(explicit).collect()
}

fn port(place: Place<'_>) -> Option<((u64, String), Place<'_>)> {
    let number = place.get("port")?.number()?;
    let protocol = place.word(&["protocol"]).unwrap_or("TCP").to_uppercase();
    // The schema holds ports to whole numbers up to 65535; the cast only makes a key of one.
    Some(((number as u64, protocol), place.get("port")?))
}

/// Tells each that stands again; `what` says what two of them have in common.
fn twice<'d, K: Ord>(what: &str, all: impl IntoIterator<Item = (K, Place<'d>)>) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<K, Place<'d>> = BTreeMap::new();
    let mut diagnostics = vec![];
    for (key, place) in all {
        let Some(first) = seen.get(&key) else {
            seen.insert(key, place);
            continue;
        };
        let message = format!("two {what}");
        let diagnostic = place.flaw(Rule::DuplicateName, message, "again here");
        diagnostics.push(if first.file == place.file {
            diagnostic.label(first.file, first.head(), "first here").help("give one of them another")
        } else {
            diagnostic.elsewhere(first.head(), "first").help("give one of them another")
        });
    }
    diagnostics
}
