//! What a region says of itself: usages, capabilities, cached images, dependencies.
//!
//! Usages are counted from the world, with the names and ids of the recorded list (azure-powershell,
//! Get-AzContainerInstanceUsage). Capabilities are those that eastus was recorded with in 2024 (azure-powershell,
//! Get-AzContainerInstanceCapability), but for the group with a GPU, which was retired since.

mod cached;

use serde_json::{Value, json};

use super::container_group::ContainerGroup;
use super::group_requests::version;
use super::path::{Regional, ResourceName};
use super::refusal::Refusal;
use super::{World, region, reply};
use crate::contract::{Reply, Request};

/// Usages: how the id ends, the name, what people call it (so recorded, the confidential ones too).
const USAGES: [(&str, &str, &str); 10] = [
    ("ContainerGroups", "ContainerGroups", "Container Groups"),
    ("standardCores", "StandardCores", "Standard Cores"),
    ("standardSpotCores", "StandardSpotCores", "Standard Spot Cores"),
    ("standardK80Cores", "StandardK80Cores", "Standard K80 Cores"),
    ("standardP100Cores", "StandardP100Cores", "Standard P100 Cores"),
    ("standardV100Cores", "StandardV100Cores", "Standard V100 Cores"),
    ("DedicatedContainerGroups", "DedicatedContainerGroups", "Dedicated Container Groups"),
    ("dedicatedCores", "DedicatedCores", "Dedicated Cores"),
    ("ConfidentialContainerGroups", "ConfidentialContainerGroups", "Dedicated Container Groups"),
    ("confidentialCores", "ConfidentialCores", "Dedicated Cores"),
];

/// In which year a region is seen: versions before 2022 see it as it was in 2021 (azure-sdk-for-net, LocationTests).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Year {
    Of2021,
    Since,
}

impl Year {
    fn of(version: &str) -> Self {
        if version < "2022" { Self::Of2021 } else { Self::Since }
    }
}

/// What the container groups of a region take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) groups: u32,
    pub(crate) cores: u32,
    pub(crate) spot_cores: u32,
    pub(crate) dedicated_groups: u32,
    pub(crate) dedicated_cores: u32,
    pub(crate) confidential_groups: u32,
    pub(crate) confidential_cores: u32,
}

/// The locations of a subscription.
pub(crate) fn locations(subscription: &str) -> Reply {
    reply::json(200, json!({"value": region::locations(subscription)}))
}

impl World {
    /// `GET …/locations/{location}/usages` and its neighbours.
    pub(crate) fn regional(
        &self,
        subscription: &str,
        location: &str,
        what: Regional,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let year = Year::of(&version(request));
        self.registered(subscription)?;
        if !region::is_known(location) {
            let regions = region::names().join(",");
            return Err(Refusal::LocationNotForContainerGroups { location: location.to_owned(), regions });
        }
        let value = match what {
            Regional::Usages => self.usages(subscription, location, spelled(request), year),
            Regional::Capabilities => match year {
                Year::Of2021 => early_capabilities(location),
                Year::Since => capabilities(location),
            },
            Regional::CachedImages => cached::images(year),
        };
        Ok(reply::json(200, json!({ "value": value })))
    }

    /// Always an empty list, as the specification says.
    pub(crate) fn outbound_dependencies(&self, name: &ResourceName) -> Result<Reply, Refusal> {
        self.container_group(name)?;
        Ok(reply::json(200, json!([])))
    }

    /// What the container groups of a subscription take in a region, but for one. A group that was stopped or has
    /// ended holds no cores: "Compute resources will be deallocated" (the provider's own operations list).
    pub(crate) fn usage(&self, subscription: &str, location: &str, but: Option<&str>) -> Usage {
        let inside = format!("/subscriptions/{}/", subscription.to_lowercase());
        let groups = self.container_groups.within(&inside);
        let groups = groups.filter(|(key, group)| group.location == location && Some(key.as_str()) != but);
        let mut usage = Usage::default();
        let mut shares = [0.0; 4];
        for (_, group) in groups {
            let sort = Sort::of(group.properties.get("sku"), group.properties.get("priority"));
            match sort {
                Sort::Standard | Sort::Spot => usage.groups += 1,
                Sort::Dedicated => usage.dedicated_groups += 1,
                Sort::Confidential => usage.confidential_groups += 1,
            }
            if !group.stopped && !group.has_ended() {
                shares[sort as usize] += cores_of(group);
            }
        }
        let [standard, spot, dedicated, confidential] = shares.map(whole);
        Usage {
            cores: standard,
            spot_cores: spot,
            dedicated_cores: dedicated,
            confidential_cores: confidential,
            ..usage
        }
    }

    fn usages(&self, subscription: &str, location: &str, spelled: &str, year: Year) -> Vec<Value> {
        let usage = self.usage(subscription, location, None);
        let limits = self.switches.quota.limits();
        let view = |(end, name, display): &(&str, &str, &str)| {
            let (value, limit) = match *name {
                "ContainerGroups" => (usage.groups, limits.groups),
                "StandardCores" => (usage.cores, limits.cores),
                "StandardSpotCores" => (usage.spot_cores, limits.cores),
                "DedicatedContainerGroups" => (usage.dedicated_groups, limits.dedicated),
                "DedicatedCores" => (usage.dedicated_cores, limits.dedicated),
                "ConfidentialContainerGroups" => (usage.confidential_groups, limits.groups),
                "ConfidentialCores" => (usage.confidential_cores, limits.cores),
                // Groups with a GPU were retired in 2025.
                _ => (0, 0),
            };
            json!({
                "id": format!("/subscriptions/{subscription}/providers/Microsoft.ContainerInstance/locations/{spelled}/usages/{end}"),
                "unit": "Count",
                "currentValue": value,
                "limit": limit,
                "name": {"value": name, "localizedValue": if year == Year::Of2021 { "Container Groups" } else { *display }},
            })
        };
        let shown = USAGES.iter().filter(|(_, name, _)| year == Year::Since || !is_late(name));
        shown.map(view).collect()
    }
}

/// By which quota a group is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Standard,
    Spot,
    Dedicated,
    Confidential,
}

impl Sort {
    pub(crate) fn of(sku: Option<&Value>, priority: Option<&Value>) -> Self {
        match (sku.and_then(Value::as_str), priority.and_then(Value::as_str)) {
            (Some("Dedicated"), _) => Self::Dedicated,
            (Some("Confidential"), _) => Self::Confidential,
            (_, Some("Spot")) => Self::Spot,
            _ => Self::Standard,
        }
    }
}

fn cores_of(group: &ContainerGroup) -> f64 {
    group
        .wanted()
        .map(|(_, container)| container["resources"]["requests"]["cpu"].as_f64().unwrap_or_default())
        .sum()
}

/// Cores as a quota counts them: a part of one is one.
pub(crate) fn whole(cores: f64) -> u32 {
    let cores = cores.ceil().clamp(0.0, f64::from(u32::MAX));
    // In range, by the line before.
    cores as u32
}

/// Whether a usage came after 2020-11-01.
fn is_late(name: &str) -> bool {
    name.contains("Spot") || name.contains("Confidential")
}

/// The location of a path as it was sent, as the ids of usages have it.
fn spelled(request: &Request) -> &str {
    let mut steps = request.path.split('/').skip_while(|step| !step.eq_ignore_ascii_case("locations"));
    steps.nth(1).unwrap_or_default()
}

/// The capabilities of 2021 (azure-sdk-for-net, LocationListCapabilitieTest).
fn early_capabilities(location: &str) -> Vec<Value> {
    let view = |(system, address): (&str, &str)| {
        json!({
            "resourceType": "containerGroups",
            "osType": system,
            "location": location.to_uppercase(),
            "ipAddressType": address,
            "gpu": "None",
            "capabilities": {"maxMemoryInGB": 16.0, "maxCpu": 4.0, "maxGpuCount": 0},
        })
    };
    [("Linux", "Public"), ("Linux", "Private"), ("Windows", "Public")].map(view).into()
}

fn capabilities(location: &str) -> Vec<Value> {
    let view = |address: &str| {
        json!({
            "resourceType": "containerGroups",
            "osType": "NotSpecified",
            "location": location,
            "ipAddressType": address,
            "gpu": "None",
            "capabilities": {"maxMemoryInGB": 256.0, "maxCpu": 32.0, "maxGpuCount": 0},
        })
    };
    ["Public", "Private"].map(view).into()
}
