//! Secrets that stand in a manifest itself, where every clone of the repository and everybody who may read the group has
//! them.

use super::{all_containers, secret};
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::telltale::{given, looks, sounds};
use crate::manifest::tree::Span;

pub(super) fn judge(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let instead = "declare a variable with secret: true and write secureValue: {fromVariable: …}";
    for variable in secret::environments(sheet) {
        let name = variable.word(&["name"]).unwrap_or_default();
        diagnostics.extend(literal(variable, "value", name).map(|found| found.help(instead)));
    }
    for container in all_containers(sheet) {
        for (key, place) in container.entries(&["configMap", "keyValuePairs"]) {
            let found = told(place, key.span, &key.text);
            diagnostics.extend(found.map(|found| {
                found.help("a config map is for everybody: give it to the container as a secureValue")
            }));
        }
        for probe in ["livenessProbe", "readinessProbe"] {
            for header in container.list(&[probe, "httpGet", "httpHeaders"]) {
                let name = header.word(&["name"]).unwrap_or_default();
                diagnostics.extend(
                    literal(header, "value", name)
                        .map(|found| found.help("let the program answer its probe without a login")),
                );
            }
        }
        diagnostics.extend(arguments(container));
    }
    match sheet.kind {
        Kind::Project => diagnostics.extend(defaults(sheet)),
        Kind::TaskRun => diagnostics.extend(sheet.spec().into_iter().flat_map(arguments)),
        Kind::ResourceGroup | Kind::ContainerGroup | Kind::Environment => {}
    }
}

/// A value under a key of a mapping that is known by a name.
fn literal(mapping: Place<'_>, key: &str, name: &str) -> Option<Diagnostic> {
    told(mapping.get(key)?, mapping.key(key), name)
}

fn told(value: Place<'_>, span: Span, name: &str) -> Option<Diagnostic> {
    let text = written(value)?;
    let message = match (sounds(name), looks(text)) {
        (true, _) => format!("{name} sounds like a secret, and everybody can read it here"),
        (false, true) => format!("the value of {name} looks like a secret, and everybody can read it here"),
        (false, false) => return None,
    };
    Some(Diagnostic::new(Rule::SecretLiteral, message).label(value.file, span, "in plain sight"))
}

/// The text that stands in the manifest as it is.
fn written(value: Place<'_>) -> Option<&str> {
    value.text().filter(|text| !value.node.filled && !text.is_empty() && !text.contains("${"))
}

/// Secrets among the arguments of a command.
fn arguments(of: Place<'_>) -> Vec<Diagnostic> {
    let (mut found, mut before) = (vec![], "");
    for place in of.list(&["command"]) {
        let text = place.text().unwrap_or_default();
        if written(place).is_some_and(|text| given(before, text).is_some() || looks(text)) {
            found.push(
                place
                    .flaw(
                        Rule::SecretLiteral,
                        "an argument sounds like a secret, and everybody can read it here",
                        "in plain sight",
                    )
                    .help("give it in the environment, with secureValue: {fromVariable: …}"),
            );
        }
        before = text;
    }
    found
}

/// Defaults of variables that are secret, or sound so.
fn defaults(project: Sheet<'_>) -> Vec<Diagnostic> {
    let told = |(key, declared): (&crate::manifest::tree::Key, Place<'_>)| {
        let default = declared.get("default")?;
        written(default)?;
        let name = &key.text;
        let message = match (declared.flag(&["secret"]), sounds(name)) {
            (true, _) => format!("{name} is secret, and everybody can read its default here"),
            (false, true) => format!("{name} sounds like a secret, and everybody can read its default here"),
            (false, false) => return None,
        };
        let found = default.flaw(Rule::SecretLiteral, message, "in plain sight");
        let say = if declared.flag(&["secret"]) { "" } else { ", say secret: true" };
        Some(found.help(format!(
            "leave the default out{say}, and give the value as ACITASK_SECRET_{name} in the environment or in .env"
        )))
    };
    project.root.entries(&["spec", "variables"]).filter_map(told).collect()
}
