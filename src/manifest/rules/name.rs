//! Names that Azure takes.
//!
//! Lengths and letters of containers, DNS labels and environment variables are those of Microsoft's page "Troubleshoot common
//! issues in Azure Container Instances"; those of resource groups are of "Naming rules and restrictions for Azure resources".

use super::all_containers;
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

/// An ephemeral group's name is the run's, a hyphen, eight digits of its digest, a hyphen and a number; of the run's own
/// name so much is kept that all fits.
const RUN_SUFFIX: usize = 10;
const LONGEST: usize = 63;

/// How the names of something look.
struct Form {
    /// What it is the name of.
    of: &'static str,
    shortest: usize,
    longest: usize,
    inner: fn(char) -> bool,
    /// Which letters may stand first and last.
    outer: fn(char) -> bool,
    says: &'static str,
}

fn lower(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

fn any(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
}

const LABEL: Form = Form {
    of: "a name",
    shortest: 1,
    longest: LONGEST,
    inner: |letter| lower(letter) || letter == '-',
    outer: lower,
    says: "lower-case letters, digits and inner hyphens",
};
const DNS: Form = Form { of: "a DNS name label", shortest: 5, ..LABEL };
const MANIFEST: Form = Form {
    inner: |letter| any(letter) || matches!(letter, '-' | '_' | '.'),
    outer: any,
    says: "letters, digits and inner hyphens, underscores and dots",
    ..LABEL
};
const VOLUME: Form = Form {
    of: "the name of a volume",
    shortest: 5,
    says: "lower-case letters, digits and single inner hyphens",
    ..LABEL
};
const RESOURCE_GROUP: Form = Form {
    of: "the name of a resource group",
    longest: 90,
    inner: |letter| any(letter) || matches!(letter, '-' | '_' | '.' | '(' | ')'),
    outer: |letter| any(letter) || matches!(letter, '-' | '_' | '(' | ')'),
    says: "letters, digits, hyphens, underscores, parentheses and inner dots",
    ..LABEL
};
const VARIABLE: Form = Form {
    of: "the name of an environment variable",
    inner: |letter| any(letter) || letter == '_',
    outer: any,
    says: "letters, digits and inner underscores",
    ..LABEL
};
const DECLARED: Form = Form {
    of: "the name of a variable",
    outer: |letter| any(letter) || letter == '_',
    says: "letters, digits and underscores",
    ..VARIABLE
};

pub(super) fn judge(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let root = sheet.root;
    let own = root.at(&["metadata", "name"]);
    let azure = root.at(&["spec", "name"]);
    let mut check = |place: Option<Place<'_>>, form: &Form| {
        diagnostics.extend(place.and_then(|place| misnamed(place, form)));
    };
    match (sheet.kind, azure) {
        (Kind::Project | Kind::Environment, _) => check(own, &MANIFEST),
        (Kind::ResourceGroup, None) => check(own, &RESOURCE_GROUP),
        (Kind::ContainerGroup, None) | (Kind::TaskRun, _) => check(own, &LABEL),
        (Kind::ResourceGroup, Some(_)) => {
            check(azure, &RESOURCE_GROUP);
            check(own, &MANIFEST);
        }
        (Kind::ContainerGroup, Some(_)) => {
            check(azure, &LABEL);
            check(own, &MANIFEST);
        }
    }
    for container in all_containers(sheet) {
        check(container.get("name"), &LABEL);
        for variable in container.list(&["environmentVariables"]) {
            check(variable.get("name"), &VARIABLE);
        }
    }
    for variable in root.list(&["spec", "environmentVariables"]) {
        check(variable.get("name"), &VARIABLE);
    }
    for name in super::group(sheet)
        .into_iter()
        .flat_map(|group| group.list(&["volumes"]))
        .filter_map(|each| each.get("name"))
    {
        diagnostics.extend(misnamed(name, &VOLUME).or_else(|| double_hyphen(name)));
    }
    let label = super::group(sheet).and_then(|group| group.at(&["ipAddress", "dnsNameLabel"]));
    diagnostics.extend(label.and_then(|label| misnamed(label, &DNS).or_else(|| letter_first(label))));
    for (key, _) in root.entries(&["spec", "variables"]) {
        if let Some(wrong) = wrong(&key.text, &DECLARED) {
            let diagnostic = Diagnostic::new(Rule::Name, wrong).label(root.file, key.span, "this name");
            diagnostics.push(diagnostic.help(instead(&key.text, &DECLARED)));
        }
    }
    if sheet.kind == Kind::TaskRun && root.at(&["spec", "template"]).is_some() {
        diagnostics.extend(own.and_then(room_for_digest));
    }
}

fn misnamed(place: Place<'_>, form: &Form) -> Option<Diagnostic> {
    let name = place.text()?;
    let wrong = wrong(name, form)?;
    let strange = name.chars().find(|letter| !(form.inner)(*letter));
    let label = strange.map_or_else(|| "this name".to_owned(), |letter| format!("has {letter:?}"));
    Some(place.flaw(Rule::Name, wrong, label).help(instead(name, form)))
}

/// A name like this one that can be taken, or what one is made of.
fn instead(name: &str, form: &Form) -> String {
    let fitting = |letter: char| match letter {
        letter if (form.inner)(letter) => letter,
        letter if (form.inner)(letter.to_ascii_lowercase()) => letter.to_ascii_lowercase(),
        _ if (form.inner)('-') => '-',
        _ => '_',
    };
    let fitted: String = name.chars().map(fitting).take(form.longest).collect();
    let fitted = fitted.trim_matches(|letter| !(form.outer)(letter));
    match wrong(fitted, form) {
        None => format!("write {fitted}"),
        Some(_) => format!("write {} to {} of {}", form.shortest, form.longest, form.says),
    }
}

/// What is wrong with a name.
fn wrong(name: &str, form: &Form) -> Option<String> {
    let Form { of, shortest, longest, inner, outer, says } = form;
    let length = name.chars().count();
    if length < *shortest || length > *longest {
        return Some(format!("{of} has {shortest} to {longest} letters, not {length}"));
    }
    let ends = name.chars().next().into_iter().chain(name.chars().last());
    (!name.chars().all(inner) || !ends.into_iter().all(outer)).then(|| format!("{of} has {says}"))
}

fn letter_first(label: Place<'_>) -> Option<Diagnostic> {
    let first = label.text()?.chars().next()?;
    first
        .is_ascii_digit()
        .then(|| label.flaw(Rule::Name, "a DNS name label begins with a letter", "begins with a digit"))
        .map(|found| found.help("put a letter first"))
}

fn double_hyphen(name: Place<'_>) -> Option<Diagnostic> {
    name.text()?
        .contains("--")
        .then(|| name.flaw(Rule::Name, format!("{} has {}", VOLUME.of, VOLUME.says), "two hyphens in a row"))
        .map(|found| found.help("write one hyphen"))
}

fn room_for_digest(name: Place<'_>) -> Option<Diagnostic> {
    let (length, most) = (name.text()?.chars().count(), LONGEST - RUN_SUFFIX);
    (most < length && length <= LONGEST).then(|| {
        let message = format!("the name of an ephemeral run has at most {most} letters, not {length}");
        name.flaw(Rule::RunName, message, "this name")
            .help(format!("its groups are named after it, with {RUN_SUFFIX} letters more"))
    })
}
