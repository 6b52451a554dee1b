//! The regions of Azure: what a location can be.
//!
//! The names are those in which resource groups can be, as ARM's refusal lists them (MicrosoftDocs/executable-docs
//! issue 74, 2024), in its order; Azure's page "Resource availability and quota limits" names nearly all of them for
//! container instances. Locations of the other clouds are taken too, so that a project for them can be tried here.

use serde_json::{Value, json};

/// A region: its name, what people call it, and the geography it lies in.
type Region = (&'static str, &'static str, &'static str);

const REGIONS: [Region; 43] = [
    ("eastasia", "East Asia", "Asia Pacific"),
    ("southeastasia", "Southeast Asia", "Asia Pacific"),
    ("australiaeast", "Australia East", "Asia Pacific"),
    ("australiasoutheast", "Australia Southeast", "Asia Pacific"),
    ("brazilsouth", "Brazil South", "South America"),
    ("canadacentral", "Canada Central", "Canada"),
    ("canadaeast", "Canada East", "Canada"),
    ("switzerlandnorth", "Switzerland North", "Europe"),
    ("germanywestcentral", "Germany West Central", "Europe"),
    ("eastus2", "East US 2", "US"),
    ("eastus", "East US", "US"),
    ("centralus", "Central US", "US"),
    ("northcentralus", "North Central US", "US"),
    ("francecentral", "France Central", "Europe"),
    ("uksouth", "UK South", "Europe"),
    ("ukwest", "UK West", "Europe"),
    ("centralindia", "Central India", "Asia Pacific"),
    ("southindia", "South India", "Asia Pacific"),
    ("jioindiawest", "Jio India West", "Asia Pacific"),
    ("italynorth", "Italy North", "Europe"),
    ("japaneast", "Japan East", "Asia Pacific"),
    ("japanwest", "Japan West", "Asia Pacific"),
    ("koreacentral", "Korea Central", "Asia Pacific"),
    ("koreasouth", "Korea South", "Asia Pacific"),
    ("mexicocentral", "Mexico Central", "Mexico"),
    ("northeurope", "North Europe", "Europe"),
    ("norwayeast", "Norway East", "Europe"),
    ("polandcentral", "Poland Central", "Europe"),
    ("qatarcentral", "Qatar Central", "Middle East"),
    ("spaincentral", "Spain Central", "Europe"),
    ("swedencentral", "Sweden Central", "Europe"),
    ("uaenorth", "UAE North", "Middle East"),
    ("westcentralus", "West Central US", "US"),
    ("westeurope", "West Europe", "Europe"),
    ("westus2", "West US 2", "US"),
    ("westus", "West US", "US"),
    ("southcentralus", "South Central US", "US"),
    ("westus3", "West US 3", "US"),
    ("southafricanorth", "South Africa North", "Africa"),
    ("australiacentral", "Australia Central", "Asia Pacific"),
    ("australiacentral2", "Australia Central 2", "Asia Pacific"),
    ("israelcentral", "Israel Central", "Middle East"),
    ("westindia", "West India", "Asia Pacific"),
];

/// The regions of the other clouds (azure-cli issues 30444 and 30847; terraform-provider-azurerm issue 20604).
const OF_OTHER_CLOUDS: [&str; 9] = [
    "usgovvirginia",
    "usgovarizona",
    "usgovtexas",
    "usdodeast",
    "usdodcentral",
    "chinaeast",
    "chinaeast2",
    "chinanorth2",
    "chinanorth3",
];

/// Whether there is a region of this folded name.
pub(crate) fn is_known(name: &str) -> bool {
    REGIONS.iter().any(|(known, ..)| *known == name) || OF_OTHER_CLOUDS.contains(&name)
}

/// The names of the regions.
pub(crate) fn names() -> Vec<&'static str> {
    REGIONS.iter().map(|(name, ..)| *name).collect()
}

/// What people call the regions.
pub(crate) fn display_names() -> Vec<&'static str> {
    REGIONS.iter().map(|(_, display, _)| *display).collect()
}

/// The locations of a subscription as ARM lists them; coordinates and pairs are left out.
pub(crate) fn locations(subscription: &str) -> Vec<Value> {
    let view = |(name, display, geography): &Region| {
        json!({
            "id": format!("/subscriptions/{subscription}/locations/{name}"),
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": format!("({geography}) {display}"),
            "metadata": {"regionType": "Physical", "geographyGroup": geography},
        })
    };
    REGIONS.iter().map(view).collect()
}
