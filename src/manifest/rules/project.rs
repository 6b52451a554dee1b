//! The project: there is one, resource groups have a place in the world, and only what can be left alone is ignored.

use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::lower::IGNORED_TAG;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::effect::Field;

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut projects = book.of(Kind::Project);
    let project = projects.next();
    diagnostics.extend(projects.map(another));
    if project.is_none() && book.complete && book.sorted {
        diagnostics.push(
            Diagnostic::new(Rule::Project, "there is no Project among the manifests")
                .help("everything has an owner: add a document with kind: Project and metadata: {name: …}; `acitask init` writes one"),
        );
    }
    // Where the project cannot be read it may well have a location.
    let placed = !book.complete
        || !book.sorted
        || project.is_some_and(|sheet| sheet.root.at(&["spec", "location"]).is_some());
    diagnostics.extend(book.of(Kind::ResourceGroup).filter_map(|sheet| location(sheet, placed)));
    diagnostics.extend(book.of(Kind::ResourceGroup).filter_map(foreign_tags));
    diagnostics.extend(book.of(Kind::ContainerGroup).flat_map(ignored));
}

fn another(sheet: Sheet<'_>) -> Diagnostic {
    sheet
        .root
        .flaw(Rule::Project, "there is more than one Project among the manifests", "another Project")
        .help("manifests of different projects are applied apart: keep one of them here")
}

fn location(sheet: Sheet<'_>, placed: bool) -> Option<Diagnostic> {
    let spec = sheet.spec();
    let says = |key| spec.and_then(|spec| spec.get(key)).is_some();
    if placed || says("location") || spec.is_some_and(|spec| spec.flag(&["existing"])) {
        return None;
    }
    let (place, key) = spec.map_or((sheet.root, "kind"), |spec| (spec, "location"));
    let diagnostic = Diagnostic::new(Rule::Location, "this resource group has no location");
    Some(
        diagnostic
            .label(place.file, place.key(key), "location is missing here")
            .help("give one here or in the spec of the Project, such as location: westeurope"),
    )
}

fn foreign_tags(sheet: Sheet<'_>) -> Option<Diagnostic> {
    let spec = sheet.spec().filter(|spec| spec.flag(&["existing"]) && spec.get("tags").is_some())?;
    Some(
        Diagnostic::new(Rule::OneOf, "existing and tags exclude each other")
            .label(spec.file, spec.key("tags"), "these would never be set")
            .label(spec.file, spec.key("existing"), "this makes it somebody else's")
            .help("leave the tags out; what is somebody else's is never changed"),
    )
}

fn ignored(sheet: Sheet<'_>) -> Vec<Diagnostic> {
    let names = sheet.root.list(&["spec", "lifecycle", "ignoreChanges"]);
    names.filter_map(|place| place.text().and_then(|text| refused(place, text))).collect()
}

/// What Azure never shows, so that nothing can be left as it is.
const WRITE_ONLY: [&str; 6] = [
    "secureValue",
    "password",
    "storageAccountKey",
    "workspaceKey",
    "workspaceResourceId",
    "protectedSettings",
];

fn refused(place: Place<'_>, path: &str) -> Option<Diagnostic> {
    if path.strip_prefix(IGNORED_TAG).is_some_and(|name| !name.is_empty()) {
        return None;
    }
    let bare = plain(path);
    let fields =
        Field::ALL.into_iter().filter(|field| ![Field::Tags, Field::Location, Field::Arm].contains(field));
    let mut fields = fields.map(|field| plain(field.path()));
    let within = |field: &String| {
        bare == *field || bare.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with('.'))
    };
    // A whole list of containers would leave nothing to say.
    if !fields.any(|field| field != "containers" && within(&field)) {
        return Some(
            place
                .flaw(Rule::IgnoreChanges, "this cannot be left out of account", "no field of a group, and no tag")
                .help("write tags.NAME, or the path of a field such as containers[NAME].image; `acitask explain effects` lists them"),
        );
    }
    let hidden = bare.split('.').any(|key| WRITE_ONLY.contains(&key)) || bare.starts_with("volumes.secret");
    hidden.then(|| {
        place
            .flaw(Rule::IgnoreChanges, "Azure never shows this, so it cannot be left as it is", "write-only")
            .help("leave it to the manifest: every PUT has to send it again")
    })
}

/// A path without the items of its lists.
fn plain(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            character if !inside => plain.push(character),
            _ => {}
        }
    }
    plain
}
