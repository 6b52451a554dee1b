//! `arm`: what is given under it is what acitask does not know, and it has a form that can be merged into a body.

use std::collections::BTreeSet;

use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::near::advice;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::manifest::tree::Data;

/// What a resource has in Azure's API and a manifest says elsewhere or never.
const OURS: [&str; 6] = ["id", "name", "type", "location", "tags", "identity"];
/// What a group and a container have below `properties`, and the language knows.
const GROUP: [&str; 20] = [
    "osType",
    "restartPolicy",
    "volumes",
    "ipAddress",
    "subnetIds",
    "dnsConfig",
    "imageRegistryCredentials",
    "identityAcls",
    "secretReferences",
    "diagnostics",
    "sku",
    "priority",
    "encryptionProperties",
    "confidentialComputeProperties",
    "extensions",
    "containerGroupProfile",
    "standbyPoolProfile",
    "provisioningState",
    "instanceView",
    "isCreatedFromStandbyPool",
];
const CONTAINER: [&str; 12] = [
    "image",
    "command",
    "environmentVariables",
    "ports",
    "resources",
    "volumeMounts",
    "livenessProbe",
    "readinessProbe",
    "securityContext",
    "configMap",
    "instanceView",
    "properties",
];

pub(super) fn judge(group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(arm) = group.get("arm") else { return };
    let refuse = |place: Place<'_>, known: &[&str], diagnostics: &mut Vec<Diagnostic>| {
        for (key, value) in place.entries(&[]).filter(|(key, _)| known.contains(&key.text.as_str())) {
            diagnostics.push(
                Diagnostic::new(Rule::ArmKnown, format!("{} is known, and arm is for what is not", key.text))
                    .label(value.file, key.span, "said elsewhere")
                    .help("write it in the manifest itself, where it is checked and compared"),
            );
        }
    };
    refuse(arm, &OURS, diagnostics);
    refuse(arm, &["zones"], diagnostics);
    let Some(properties) = arm.get("properties") else {
        diagnostics.extend(misplaced(arm));
        return;
    };
    diagnostics.extend(misshapen(properties, "a mapping", |data| matches!(data, Data::Mapping(_))));
    refuse(properties, &GROUP, diagnostics);
    for list in ["containers", "initContainers"] {
        let items = properties.get(list);
        diagnostics
            .extend(items.and_then(|of| misshapen(of, "a list", |data| matches!(data, Data::Sequence(_)))));
        for container in properties.list(&[list]) {
            diagnostics.extend(misshapen(container, "a mapping", |data| matches!(data, Data::Mapping(_))));
            let below = container.get("properties");
            diagnostics.extend(
                below.and_then(|of| misshapen(of, "a mapping", |data| matches!(data, Data::Mapping(_)))),
            );
        }
    }
    for list in ["containers", "initContainers"] {
        for container in properties.list(&[list]) {
            if matches!(container.node.data, Data::Mapping(_)) && container.get("name").is_none() {
                diagnostics.push(
                    container
                        .flaw(Rule::ArmKnown, "an item of this list is found by its name", "name is missing")
                        .help("add the name of the container that this belongs to"),
                );
            }
            if let Some(below) = container.get("properties") {
                refuse(below, &CONTAINER, diagnostics);
            }
        }
    }
    diagnostics.extend(unknown_containers(group, properties));
}

/// What has not the form that Azure's API wants in this place, so that nothing can be merged there.
fn misshapen(place: Place<'_>, wants: &str, fits: impl Fn(&Data) -> bool) -> Option<Diagnostic> {
    (!fits(&place.node.data) && !place.node.unresolved).then(|| {
        place
            .flaw(Rule::ArmKnown, format!("Azure's API has {wants} here"), format!("this is not {wants}"))
            .help("arm is merged into the request as it stands: write arm: {properties: {…}}")
    })
}

/// Containers under `arm` that the group does not have.
fn unknown_containers<'d>(group: Place<'d>, properties: Place<'d>) -> Vec<Diagnostic> {
    let mut diagnostics = vec![];
    for list in ["containers", "initContainers"] {
        let names: BTreeSet<_> = group.list(&[list]).filter_map(|each| each.word(&["name"])).collect();
        for place in properties.list(&[list]).filter_map(|each| each.get("name")) {
            let Some(name) = place.text().filter(|name| !names.contains(*name)) else { continue };
            let message = format!("no container of the group is called {name}");
            let diagnostic = place.flaw(Rule::Reference, message, "not in the group");
            diagnostics.push(diagnostic.help(advice(name, names.iter().copied())));
        }
    }
    diagnostics
}

/// What stands beside `properties` and looks as if it belonged below.
fn misplaced(arm: Place<'_>) -> Option<Diagnostic> {
    let (key, _) =
        arm.entries(&[]).find(|(key, _)| GROUP.contains(&key.text.as_str()) || key.text == "containers")?;
    let message = format!("{} stands below properties in Azure's API", key.text);
    Some(
        Diagnostic::new(Rule::ArmKnown, message)
            .label(arm.file, key.span, "one level too high")
            .help("arm is merged into the request as it stands: write arm: {properties: {…}}"),
    )
}
