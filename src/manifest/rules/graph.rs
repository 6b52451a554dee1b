//! The order of groups and runs: nothing comes before itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::book::Book;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::graph;
use crate::model::name::Name;

/// How many circles are told, and how many members of one.
const MOST: usize = 20;

/// A group or a run. One of each may have the same name.
type Key = (Kind, Name);

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let (mut needs, mut places) = (BTreeMap::<Key, BTreeSet<Key>>::new(), BTreeMap::new());
    for kind in [Kind::ContainerGroup, Kind::TaskRun] {
        for (sheet, name) in book.of(kind).filter_map(|sheet| Some((sheet, sheet.name()?))) {
            let key = (kind, Name::from(name));
            let Some(spec) = sheet.spec() else { continue };
            let edges = needs.entry(key.clone()).or_default();
            for place in spec.list(&["dependsOn"]) {
                for target in [Kind::ContainerGroup, Kind::TaskRun] {
                    add(edges, &mut places, &key, target, place);
                }
            }
            if let Some(place) = spec.get("containerGroup").filter(|_| kind == Kind::TaskRun) {
                add(edges, &mut places, &key, Kind::ContainerGroup, place);
            }
        }
    }
    // A name that only a group or only a run has is no edge to the other.
    let keys: BTreeSet<Key> = needs.keys().cloned().collect();
    for (key, edges) in &mut needs {
        // A run that depends on its own name means the group of that name, where there is one.
        let twin = |edge: &Key| edge == key && keys.iter().any(|other| other.1 == key.1 && other.0 != key.0);
        edges.retain(|edge| keys.contains(edge) && !twin(edge));
    }
    // Circles that share a member are told as one.
    for _ in 0..MOST {
        let Err(cycle) = graph::order(&needs) else { break };
        diagnostics.extend(tell(&cycle, &places));
        needs.retain(|key, _| !cycle.contains(key));
    }
}

fn add<'d>(
    edges: &mut BTreeSet<Key>,
    places: &mut BTreeMap<(Key, Key), Place<'d>>,
    from: &Key,
    kind: Kind,
    place: Place<'d>,
) {
    if let Some(name) = place.text() {
        let to = (kind, Name::from(name));
        places.insert((from.clone(), to.clone()), place);
        edges.insert(to);
    }
}

fn tell(cycle: &[Key], places: &BTreeMap<(Key, Key), Place<'_>>) -> Option<Diagnostic> {
    let [.., before, last] = cycle else { return None };
    let place = places.get(&(before.clone(), last.clone()))?;
    let mut path: Vec<_> = cycle.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    if path.len() > MOST {
        path.splice(MOST / 2..path.len() - MOST / 2, ["…".to_owned()]);
    }
    let message = format!("these wait for each other: {}", path.join(" → "));
    let help = "take one of the references out; a TaskRun waits for its containerGroup by itself";
    let found = place.flaw(Rule::Cycle, message, "this closes the circle");
    let others = cycle.windows(2).take(cycle.len().min(MOST) - 2).filter_map(|pair| {
        let [from, to] = pair else { return None };
        Some((places.get(&(from.clone(), to.clone()))?, format!("{} waits for {}", from.1, to.1)))
    });
    let found = others.fold(found, |found, (place, text)| found.label(place.file, place.head(), text));
    Some(found.help(help))
}
