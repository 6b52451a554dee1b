//! Regions: spelt as Azure spells them.
//!
//! The list is that of the regions of Microsoft's page "Resource availability & quota limits" and of `az account
//! list-locations`; a region that is not in it may be new, so it is a warning.

use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::near::nearest;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::region;

const REGIONS: [&str; 62] = [
    "australiacentral",
    "australiacentral2",
    "australiaeast",
    "australiasoutheast",
    "austriaeast",
    "belgiumcentral",
    "brazilsouth",
    "brazilsoutheast",
    "canadacentral",
    "canadaeast",
    "centralindia",
    "centralus",
    "chilecentral",
    "chinaeast",
    "chinaeast2",
    "chinaeast3",
    "chinanorth",
    "chinanorth2",
    "chinanorth3",
    "eastasia",
    "eastus",
    "eastus2",
    "francecentral",
    "francesouth",
    "germanynorth",
    "germanywestcentral",
    "indonesiacentral",
    "israelcentral",
    "italynorth",
    "japaneast",
    "japanwest",
    "jioindiacentral",
    "jioindiawest",
    "koreacentral",
    "koreasouth",
    "malaysiawest",
    "mexicocentral",
    "newzealandnorth",
    "northcentralus",
    "northeurope",
    "norwayeast",
    "norwaywest",
    "polandcentral",
    "qatarcentral",
    "southafricanorth",
    "southafricawest",
    "southcentralus",
    "southeastasia",
    "southindia",
    "spaincentral",
    "swedencentral",
    "switzerlandnorth",
    "switzerlandwest",
    "uaecentral",
    "uaenorth",
    "uksouth",
    "ukwest",
    "usgovarizona",
    "usgovtexas",
    "usgovvirginia",
    "westcentralus",
    "westeurope",
];
/// Those that are near others and would be asked about.
const MORE: [&str; 5] = ["westindia", "westus", "westus2", "westus3", "swedensouth"];

pub(super) fn judge(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(spec) = sheet.spec() else { return };
    let places = [spec.get("location"), spec.at(&["template", "location"])];
    diagnostics.extend(places.into_iter().flatten().filter_map(misspelt));
}

fn misspelt(place: Place<'_>) -> Option<Diagnostic> {
    let name = region::folded(place.text()?);
    let known = || REGIONS.into_iter().chain(MORE);
    if known().any(|region| region == name) {
        return None;
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric()) || name.is_empty() {
        let diagnostic =
            place.flaw(Rule::RegionName, "this is no name of a region", "letters and digits only");
        return Some(diagnostic.help("write a region such as westeurope, or `West Europe`"));
    }
    let diagnostic =
        place.flaw(Rule::Region, format!("there is no region {name} that acitask knows"), "this region");
    if let Some(near) = nearest(&name, known()) {
        return Some(diagnostic.help(format!("did you mean `{near}`?")));
    }
    let alike: Vec<_> = known().filter(|region| region.contains(&name)).take(5).collect();
    Some(match &alike[..] {
        [] => diagnostic.help("write a region as `az account list-locations` names it, such as westeurope"),
        alike => diagnostic.help(format!("did you mean one of {}?", alike.join(", "))),
    })
}
