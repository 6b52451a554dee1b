//! What an offer of Azure does not have: spot and confidential groups, GPUs, Windows.
//!
//! Sources: Microsoft's pages "Azure Container Instances Spot containers", "Confidential containers on Azure Container
//! Instances" and "Resource availability & quota limits" (GPUs are retired since 2025-07-14).

use super::containers;
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

/// What a spot group does not have.
const NOT_SPOT: [(&str, &str); 4] = [
    ("ipAddress", "a public address"),
    ("subnetIds", "a virtual network"),
    ("zones", "zones"),
    ("confidentialComputeProperties", "confidential computing"),
];

pub(super) fn judge(sheet: Sheet<'_>, group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(spot) = group.get("priority").filter(|priority| priority.text() == Some("Spot")) {
        let present = NOT_SPOT.iter().filter(|(key, _)| group.get(key).is_some());
        diagnostics.extend(present.map(|(key, what)| {
            Diagnostic::new(Rule::Spot, format!("a spot group has no {key}"))
                .label(group.file, group.key(key), "not with Spot")
                .label(spot.file, spot.head(), "this makes it a spot group")
                .help(format!(
                    "Azure gives spot groups no {}: leave one of the two out",
                    what.trim_start_matches("a ")
                ))
        }));
        let confidential = group.get("sku").filter(|sku| sku.text() == Some("Confidential"));
        diagnostics.extend(confidential.map(|sku| {
            sku.flaw(Rule::Spot, "a confidential group is never a spot group", "not with Spot")
                .label(spot.file, spot.head(), "this makes it a spot group")
                .help("write priority: Regular, or leave the sku out")
        }));
    }
    diagnostics.extend(confidential(sheet, group));
    for container in containers(sheet) {
        for kind in ["requests", "limits"] {
            diagnostics.extend(container.at(&["resources", kind, "gpu"]).map(|gpu| {
                gpu.flaw(Rule::Gpu, "Azure Container Instances has no GPUs any more", "retired on 2025-07-14")
                    .help("run the task on Azure Container Apps or in Kubernetes, where there are GPUs")
            }));
        }
    }
}

/// What only a confidential group has.
fn confidential(sheet: Sheet<'_>, group: Place<'_>) -> Vec<Diagnostic> {
    let sku = group.get("sku").map_or(Some("Standard"), Place::text);
    if sku.is_none_or(|sku| sku == "Confidential") {
        return vec![];
    }
    let refuse = |place: Place<'_>, message: &str| {
        let diagnostic = place.flaw(Rule::Confidential, message, "only with sku: Confidential");
        let sku = group.get("sku").map(|sku| (sku.file, sku.head()));
        sku.into_iter()
            .fold(diagnostic, |diagnostic, (file, span)| diagnostic.label(file, span, "and this is its sku"))
            .help("write sku: Confidential in the group, or take this out")
    };
    let policy = group.at(&["confidentialComputeProperties", "ccePolicy"]);
    let policy = policy.map(|place| refuse(place, "a policy for enclaves is for confidential groups"));
    let privileged = super::all_containers(sheet).filter_map(|container| {
        let place = container.at(&["securityContext", "privileged"])?;
        container
            .flag(&["securityContext", "privileged"])
            .then(|| refuse(place, "a privileged container is for confidential groups"))
    });
    policy.into_iter().chain(privileged).collect()
}
