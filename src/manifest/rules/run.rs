//! Task runs: the keys of their type, a group that fits, and a place for their record.

use std::collections::BTreeSet;

use crate::manifest::book::{Book, Sheet};
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::quantity::Period;

/// The types of runs, as the language tells them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Strong,
    Persistent,
    Ephemeral,
}

/// The keys that belong to some types only: which they are, and which of them need the key.
const KEYS: [(&str, &[Type], &[Type]); 11] = [
    ("containerGroup", &[Type::Strong, Type::Persistent], &[Type::Strong, Type::Persistent]),
    ("command", &[Type::Strong], &[Type::Strong]),
    ("environmentVariables", &[Type::Strong], &[]),
    ("workingDirectory", &[Type::Strong], &[]),
    ("idleTimeout", &[Type::Strong], &[]),
    ("interrupted", &[Type::Strong], &[]),
    ("lifetime", &[Type::Persistent, Type::Ephemeral], &[]),
    ("template", &[Type::Ephemeral], &[Type::Ephemeral]),
    ("keep", &[Type::Ephemeral], &[]),
    ("concurrency", &[Type::Persistent], &[]),
    ("array", &[Type::Ephemeral], &[]),
];

impl Type {
    fn of(spec: Place<'_>) -> Option<Self> {
        match (spec.word(&["type"])?, spec.get("lifetime").map(Place::text)) {
            ("strong", _) => Some(Self::Strong),
            ("weak", Some(Some("persistent"))) => Some(Self::Persistent),
            ("weak", None | Some(Some("ephemeral"))) => Some(Self::Ephemeral),
            _ => None,
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Strong => "a strong run",
            Self::Persistent => "a weak run with lifetime persistent",
            Self::Ephemeral => "a weak run with lifetime ephemeral",
        }
    }
}

pub(super) fn judge(book: &Book<'_>, sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(spec) = sheet.spec() else { return };
    if let Some(kind) = Type::of(spec) {
        diagnostics.extend(KEYS.iter().filter_map(|(key, of, needed)| match spec.get(key) {
            Some(_) if !of.contains(&kind) => Some(misplaced(spec, kind, key, of)),
            None if needed.contains(&kind) => Some(missing(spec, kind, key)),
            _ => None,
        }));
        diagnostics.extend(group(book, spec, kind));
        diagnostics.extend(record(book, sheet, spec, kind));
    }
    diagnostics.extend(empty_command(spec));
    diagnostics.extend(never_ending(spec));
    diagnostics.extend(["timeout", "idleTimeout"].iter().filter_map(|key| no_time(spec, key)));
    diagnostics.extend(array(spec));
}

/// Whether an array says in one way what its items are, and whether they can be told apart.
fn array(spec: Place<'_>) -> Option<Diagnostic> {
    let array = spec.get("array")?;
    match (array.get("items"), array.get("count")) {
        (Some(items), None) => {
            let mut seen = BTreeSet::new();
            let twice = array.list(&["items"]).filter_map(Place::text).find(|text| !seen.insert(*text));
            twice.map(|text| {
                let message = format!("the item {text} stands twice, and results are told apart by item");
                items.flaw(Rule::Array, message, "one of them is enough").help("take one of them out")
            })
        }
        (None, Some(_)) => None,
        (items, _) => {
            let found = if items.is_some() { "both are here" } else { "neither is here" };
            let diagnostic = array.flaw(Rule::Array, "an array has either items or count", found);
            Some(diagnostic.help("write items: [first, second] or count: 10, and not both"))
        }
    }
}

/// The resource group that the record of a run stands on, by its `metadata.name`.
pub(super) fn home<'d>(book: &Book<'d>, sheet: Sheet<'d>) -> Option<&'d str> {
    let spec = sheet.spec()?;
    match spec.word(&["containerGroup"]) {
        Some(group) => book.find(Kind::ContainerGroup, group)?.root.word(&["spec", "resourceGroup"]),
        None => spec.word(&["template", "resourceGroup"]),
    }
}

fn misplaced(spec: Place<'_>, kind: Type, key: &str, of: &[Type]) -> Diagnostic {
    let owners: Vec<_> = of.iter().map(|kind| kind.says()).collect();
    let diagnostic = Diagnostic::new(Rule::RunShape, format!("{} has no {key}", kind.says())).label(
        spec.file,
        spec.key(key),
        format!("belongs to {}", owners.join(" or ")),
    );
    match (kind, key) {
        (Type::Ephemeral, "containerGroup") => {
            diagnostic.help("for a declared group, say lifetime: persistent")
        }
        (Type::Ephemeral, "command" | "environmentVariables") => {
            diagnostic.help(format!("write {key} in a container of the template"))
        }
        (Type::Persistent, "command" | "environmentVariables") => {
            diagnostic.help(format!("write {key} in a container of the group"))
        }
        _ => diagnostic.help("take it out, or change the type of the run"),
    }
}

fn missing(spec: Place<'_>, kind: Type, key: &str) -> Diagnostic {
    Diagnostic::new(Rule::RunShape, format!("{} needs {key}", kind.says()))
        .label(spec.file, spec.key("type"), format!("{key} is missing"))
        .help(format!("add the key {key}"))
}

fn empty_command(spec: Place<'_>) -> Option<Diagnostic> {
    let command = spec.get("command").filter(|command| command.is_empty_list())?;
    let diagnostic = command.flaw(Rule::RunShape, "a command begins with a program", "nothing here");
    Some(diagnostic.help("write the program and its arguments, such as [/bin/job, --fast]"))
}

/// Whether the declared group of a run fits its type.
fn group(book: &Book<'_>, spec: Place<'_>, kind: Type) -> Option<Diagnostic> {
    let place = spec.get("containerGroup")?;
    let name = place.text()?;
    let group = book.find(Kind::ContainerGroup, name)?.spec()?;
    // What cannot be read may well be right; what is not said is Azure's default.
    let policy = group.get("restartPolicy").map_or(Some("Always"), Place::text)?;
    let os = group.get("osType").map_or(Some("Linux"), Place::text)?;
    let found = match kind {
        Type::Strong if os == "Windows" => Some(
            place
                .flaw(Rule::StrongGroup, format!("the group {name} is a Windows group"), "needs a Linux group")
                .help("a strong run executes a program in a Linux container"),
        ),
        Type::Strong if matches!(policy, "Never" | "OnFailure") => Some(
            place
                .flaw(Rule::StrongGroup, format!("the group {name} has restart policy {policy}"), "needs Always")
                .help("write restartPolicy: Always in the group, so that there is a live container to run in"),
        ),
        Type::Persistent if policy == "Always" => Some(
            place
                .flaw(Rule::WeakGroup, format!("the group {name} has restart policy Always"), "would never end")
                .help("write restartPolicy: Never or OnFailure in the group; Always is what Azure takes where none is said"),
        ),
        _ => None,
    }?;
    let key = if os == "Windows" { "osType" } else { "restartPolicy" };
    Some(match group.get(key) {
        Some(said) => found.label(said.file, said.head(), "said here"),
        None => found,
    })
}

fn never_ending(spec: Place<'_>) -> Option<Diagnostic> {
    let policy = spec.at(&["template", "restartPolicy"]).filter(|policy| policy.text() == Some("Always"))?;
    let message = "a weak run does not end with restart policy Always";
    Some(policy.flaw(Rule::WeakGroup, message, "would never end").help("write Never or OnFailure"))
}

/// Whether what a run remembers has a place to stand.
fn record(book: &Book<'_>, sheet: Sheet<'_>, spec: Place<'_>, kind: Type) -> Option<Diagnostic> {
    let trigger = spec.get("trigger").map_or(Some("onChange"), Place::text)?;
    if kind != Type::Ephemeral && matches!(trigger, "always" | "manual") {
        return None;
    }
    let home = home(book, sheet)?;
    let home_spec = book.find(Kind::ResourceGroup, home)?.spec()?;
    if !home_spec.flag(&["existing"]) || home_spec.flag(&["records"]) {
        return None;
    }
    let place = spec.get("containerGroup").or_else(|| spec.at(&["template", "resourceGroup"]))?;
    let message = format!("the resource group {home} is not ours, and takes no record of this run");
    Some(
        place
            .flaw(Rule::Records, message, "without a record it would run again and again")
            .label(home_spec.file, home_spec.key("existing"), "this makes it somebody else's")
            .help(format!(
                "write records: true in the ResourceGroup {home}, which allows one tag a run on it"
            )),
    )
}

fn no_time(spec: Place<'_>, key: &str) -> Option<Diagnostic> {
    let place = spec.get(key)?;
    let period: Period = place.text()?.parse().ok()?;
    period
        .get()
        .is_zero()
        .then(|| place.flaw(Rule::Timeout, "a timeout is longer than nothing", "no time at all"))
        .map(|found| found.help("write a period such as 30m, or leave the key out for none"))
}
