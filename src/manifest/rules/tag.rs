//! Tags that Azure takes, and room for our own.
//!
//! Limits and letters are those of Microsoft's page "Use tags to organize your Azure resources".

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::tree::Key;
use crate::model::name::Name;
use crate::model::tag::RESERVED;

const LONGEST_NAME: usize = 512;
const LONGEST_VALUE: usize = 256;
const FORBIDDEN: &str = r"<>%&\?/";
const AZURES: [&str; 3] = ["microsoft", "azure", "windows"];
/// The most tags of a resource.
const MOST: usize = 50;
/// Tags of our own on every resource: the owner, the names of tags, and a run's intent or a lease.
const OURS: usize = 3;

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let project = book.of(Kind::Project).next().map(|sheet| sheet.root);
    let shared = project.map(|root| names(root, &["spec", "tags"])).unwrap_or_default();
    let records = records(book);
    for sheet in &book.sheets {
        let path: &[&str] = match sheet.kind {
            Kind::TaskRun => &["spec", "template", "tags"],
            Kind::Project | Kind::ResourceGroup | Kind::ContainerGroup | Kind::Environment => {
                &["spec", "tags"]
            }
        };
        let mut seen = BTreeMap::new();
        for (key, value) in sheet.root.entries(path) {
            diagnostics.extend(name(key, value).or_else(|| text(value)));
            if let Some(first) = seen.insert(Name::from(key.text.as_str()), key.span) {
                let message = "two tags have the same name, which Azure compares without case";
                let diagnostic = at(Rule::DuplicateName, message, key, value, "again here");
                diagnostics.push(diagnostic.label(value.file, first, "first here").help("keep one of them"));
            }
        }
        diagnostics.extend(count(&records, *sheet, path, &shared));
    }
}

fn names(root: Place<'_>, path: &[&str]) -> BTreeSet<Name> {
    root.entries(path).map(|(key, _)| Name::from(key.text.as_str())).collect()
}

fn at(rule: Rule, message: &str, key: &Key, value: Place<'_>, label: &str) -> Diagnostic {
    Diagnostic::new(rule, message).label(value.file, key.span, label)
}

fn name(key: &Key, value: Place<'_>) -> Option<Diagnostic> {
    let folded = key.text.to_lowercase();
    if folded.starts_with(RESERVED) {
        let message = format!("tags that begin with {RESERVED} are acitask's own");
        let diagnostic = at(Rule::TagReserved, &message, key, value, "reserved");
        return Some(diagnostic.help("give the tag another name; acitask sets its own by itself"));
    }
    if AZURES.iter().any(|prefix| folded.starts_with(prefix)) {
        let message = format!("Azure takes no tag that begins with {}", AZURES.join(", "));
        return Some(at(Rule::TagText, &message, key, value, "reserved").help("give the tag another name"));
    }
    if key.text.is_empty() || key.text.chars().count() > LONGEST_NAME {
        let message = format!("the name of a tag has 1 to {LONGEST_NAME} letters");
        return Some(at(Rule::TagText, &message, key, value, "this name").help("give the tag another name"));
    }
    let wrong = key.text.chars().find(|letter| FORBIDDEN.contains(*letter) || letter.is_control())?;
    let message = format!("the name of a tag has none of {FORBIDDEN}");
    let diagnostic = at(Rule::TagText, &message, key, value, &format!("has {wrong:?}"));
    Some(diagnostic.help("write `-`, `_`, `.` or `:` in its place"))
}

fn text(value: Place<'_>) -> Option<Diagnostic> {
    let length = value.text()?.chars().count();
    (length > LONGEST_VALUE).then(|| {
        let message = format!("the value of a tag has at most {LONGEST_VALUE} letters, not {length}");
        value.flaw(Rule::TagText, message, "too long").help("shorten it, or spread it over several tags")
    })
}

fn count(
    records: &BTreeMap<Name, usize>,
    sheet: Sheet<'_>,
    path: &[&str],
    shared: &BTreeSet<Name>,
) -> Option<Diagnostic> {
    let tagged = match sheet.kind {
        Kind::Project | Kind::Environment => return None,
        Kind::ResourceGroup | Kind::ContainerGroup => true,
        Kind::TaskRun => sheet.root.at(&["spec", "template"]).is_some(),
    };
    let records = match sheet.kind {
        Kind::ResourceGroup => records.get(&Name::from(sheet.name()?)).copied().unwrap_or_default(),
        Kind::Project | Kind::ContainerGroup | Kind::TaskRun | Kind::Environment => 0,
    };
    let own = names(sheet.root, path);
    let (wanted, room) = (own.union(shared).count(), MOST - OURS);
    let name = || sheet.root.at(&["metadata", "name"]);
    let place = sheet.root.at(path).or_else(name).unwrap_or(sheet.root);
    (tagged && wanted + records > room).then(|| {
        let kept = if records > 0 { format!(" and {records} run records") } else { String::new() };
        let message =
            format!("{wanted} tags{kept} are too many: a resource has {MOST}, and {OURS} are acitask's");
        place
            .flaw(Rule::TagCount, message, format!("room for {room}, those of the project included"))
            .help("use fewer tags, or spread the task runs over several resource groups")
    })
}

/// How many task runs are recorded on each resource group, by its `metadata.name`.
fn records(book: &Book<'_>) -> BTreeMap<Name, usize> {
    let mut records = BTreeMap::new();
    for home in book.of(Kind::TaskRun).filter_map(|sheet| super::run::home(book, sheet)) {
        *records.entry(Name::from(home)).or_default() += 1;
    }
    records
}
