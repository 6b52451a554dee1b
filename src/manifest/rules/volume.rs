//! Volumes and their mounts: each mount has its volume, and each volume a mount.
//!
//! That volumes are for Linux groups is said by Microsoft's pages on mounting each of their kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::all_containers;
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::near::{advice, nearest};
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::telltale::login;

pub(super) fn judge(sheet: Sheet<'_>, group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for container in all_containers(sheet) {
        diagnostics.extend(paths(container));
    }
    diagnostics.extend(windows(group));
    diagnostics.extend(group.list(&["volumes"]).filter_map(token_in_url));
    mounts(sheet, group, diagnostics);
}

/// Mounts without volumes, and volumes without mounts.
fn mounts(sheet: Sheet<'_>, group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let volumes: Vec<_> = group.list(&["volumes"]).filter_map(|volume| volume.get("name")).collect();
    let names: BTreeSet<_> = volumes.iter().filter_map(|name| name.text()).collect();
    let containers: Vec<_> = all_containers(sheet).collect();
    let mounts: Vec<_> = containers.iter().flat_map(|each| each.list(&["volumeMounts"])).collect();
    if volumes.is_empty() && mounts.is_empty() {
        return;
    }
    let mounted: Vec<_> = mounts.iter().filter_map(|mount| mount.get("name")).collect();
    // A volume without a readable name may be the one that is meant.
    let are_named = volumes.iter().all(|name| name.text().is_some());
    if are_named && volumes.len() == group.list(&["volumes"]).count() && !group.misspells("volumes") {
        diagnostics.extend(mounted.iter().filter_map(|place| unknown(*place, &names)));
    }
    let is_seen = |each: &Place<'_>| !each.misspells("volumeMounts") && each.lists("volumeMounts");
    let is_complete = mounted.len() == mounts.len() && mounted.iter().all(|place| place.text().is_some());
    if is_complete && containers.iter().all(is_seen) && group.list(&["containers"]).next().is_some() {
        // A name that is misspelt mounts the volume that is meant.
        let meant =
            |name| if names.contains(name) { Some(name) } else { nearest(name, names.iter().copied()) };
        let uses: BTreeSet<_> = mounted.iter().filter_map(|place| meant(place.text()?)).collect();
        let is_mounted = |name: &&Place<'_>| name.text().is_some_and(|name| uses.contains(name));
        let idle = volumes.iter().filter(|name| name.text().is_some() && !is_mounted(name));
        diagnostics.extend(idle.map(|name| {
            name.flaw(Rule::VolumeIdle, "no container mounts this volume", "mounted nowhere")
                .help("mount it with volumeMounts in a container, or take it out")
        }));
    }
}

fn unknown(place: Place<'_>, names: &BTreeSet<&str>) -> Option<Diagnostic> {
    let name = place.text()?;
    if names.contains(name) {
        return None;
    }
    let diagnostic =
        place.flaw(Rule::MountUnknown, format!("no volume of the group is called {name}"), "not a volume");
    Some(diagnostic.help(advice(name, names.iter().copied())))
}

/// Mounts of a container that stand in each other's place, or nowhere.
fn paths(container: Place<'_>) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<&str, Place<'_>> = BTreeMap::new();
    let mut diagnostics = vec![];
    for place in container.list(&["volumeMounts"]).filter_map(|mount| mount.get("mountPath")) {
        let Some(path) = place.text() else { continue };
        if path.is_empty() || path.contains(':') {
            let message = "the path of a mount has no colon and is not empty";
            let diagnostic = place.flaw(Rule::MountPath, message, "this path");
            diagnostics.push(diagnostic.help("write a path such as /data"));
        }
        match seen.get(path.trim_end_matches('/')) {
            Some(first) => diagnostics.push(
                place
                    .flaw(Rule::MountPath, "two volumes are mounted at the same path", "again here")
                    .label(first.file, first.head(), "first here")
                    .help("mount one of them elsewhere"),
            ),
            None => drop(seen.insert(path.trim_end_matches('/'), place)),
        }
    }
    diagnostics
}

fn windows(group: Place<'_>) -> Option<Diagnostic> {
    let first = group.list(&["volumes"]).next()?;
    (group.word(&["osType"]) == Some("Windows")).then(|| {
        first
            .flaw(Rule::WindowsVolume, "Azure mounts volumes in Linux groups only", "in a Windows group")
            .label(
                group.file,
                group.get("osType").map_or_else(|| group.head(), Place::head),
                "this makes it one",
            )
            .help("write osType: Linux, or leave the volumes out")
    })
}

/// A user name or a token before the host of a repository's URL.
fn token_in_url(volume: Place<'_>) -> Option<Diagnostic> {
    let place = volume.at(&["gitRepo", "repository"])?;
    login(place.text()?).is_some().then(|| {
        place
            .flaw(
                Rule::UrlSecret,
                "this URL holds a login, and Azure shows it to everybody",
                "in plain sight",
            )
            .help("clone in an init container with a secureValue, or use a public repository")
    })
}
