//! What a container group takes of a region's quotas, and whether a quota has room for it once another has gone.
//!
//! A part of a core counts as one, so that nothing is refused for a rounding. What is unknown (a quota that the service
//! does not tell, a GPU's cores) refuses nothing either: the service has the last word.

use std::collections::BTreeMap;

use crate::model::group::{Group, Priority, Sku};
use crate::model::observed::{SeenGroup, Usages};

/// How much is taken, by the name of the quota.
///
/// The names are those that the service tells (azure-powershell, recording of Get-AzContainerInstanceUsage).
pub type Share = BTreeMap<&'static str, i64>;

/// A quota without room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// Which.
    pub quota: &'static str,
    /// How much of it is used, as the service tells.
    pub used: i64,
    /// How much there is.
    pub limit: i64,
    /// How much what goes gives back.
    pub back: i64,
    /// How much is needed.
    pub need: i64,
}

/// What a group takes while it runs.
pub fn share<S>(group: &Group<S>) -> Share {
    let (groups, cores) = match (group.sku, group.priority) {
        (Sku::Dedicated, _) => ("DedicatedContainerGroups", "DedicatedCores"),
        (Sku::Confidential, _) => ("ConfidentialContainerGroups", "ConfidentialCores"),
        (Sku::Standard | Sku::NotSpecified, Priority::Spot) => ("ContainerGroups", "StandardSpotCores"),
        (Sku::Standard | Sku::NotSpecified, Priority::Regular) => ("ContainerGroups", "StandardCores"),
    };
    let requests = || group.containers.iter().map(|container| &container.resources.requests);
    let mut share = Share::from([(groups, 1)]);
    if requests().all(|requests| requests.gpu.is_none()) {
        let thousandths: u64 = requests().map(|requests| u64::from(requests.cpu.get())).sum();
        share.insert(cores, i64::try_from(thousandths.div_ceil(1000)).unwrap_or(i64::MAX));
    }
    share
}

/// What a group gives back to the quotas of a region when it goes. One that stands elsewhere gives nothing back, and one
/// that was stopped or has ended has given its cores back already.
pub fn given_back(seen: &SeenGroup, region: &str) -> Share {
    let Some(group) = seen.group.as_ref().filter(|_| seen.location == region) else { return Share::new() };
    let mut share = share(group);
    if seen.view.as_ref().is_some_and(|view| ["Stopped", "Succeeded", "Failed"].contains(&&*view.state)) {
        share.retain(|quota, _| !quota.ends_with("Cores"));
    }
    share
}

/// The first quota that has no room for what is needed once something was given back; `more` is what others are about
/// to take beyond what the service tells.
pub fn short(usages: &Usages, more: &Share, back: &Share, need: &Share) -> Option<Short> {
    let of = |share: &Share, quota| share.get(quota).copied().unwrap_or_default();
    need.iter().find_map(|(quota, need)| {
        let told = usages.get(&quota.to_lowercase())?;
        let (used, back) = (told.used.saturating_add(of(more, quota)), of(back, quota));
        let after = used.saturating_sub(back).saturating_add(*need);
        (after > told.limit).then_some(Short { quota, used, limit: told.limit, back, need: *need })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::group::{Container, ResourceRequests, Resources};
    use crate::model::observed::Usage;
    use crate::model::quantity::{Cpu, Memory};
    use crate::model::secret::Mark;

    fn group(cores: &[u32]) -> Group<Mark> {
        let container = |cpu: &u32| {
            let requests =
                ResourceRequests { cpu: Cpu::new(*cpu), memory_in_gb: Memory::new(1000), gpu: None };
            Container { resources: Resources { requests, limits: None }, ..Container::default() }
        };
        Group { containers: cores.iter().map(container).collect(), ..Group::default() }
    }

    #[test]
    fn a_group_is_counted_by_its_kind() {
        assert_eq!(share(&group(&[500, 700])), Share::from([("ContainerGroups", 1), ("StandardCores", 2)]));
        let spot = Group { priority: Priority::Spot, ..group(&[1000]) };
        assert_eq!(share(&spot), Share::from([("ContainerGroups", 1), ("StandardSpotCores", 1)]));
        let confidential = Group { sku: Sku::Confidential, ..group(&[1000]) };
        let confidential_share = [("ConfidentialContainerGroups", 1), ("ConfidentialCores", 1)];
        assert_eq!(share(&confidential), Share::from(confidential_share));
    }

    #[test]
    fn room_is_what_is_left_with_what_is_given_back() {
        let usages = Usages::from([
            ("containergroups".to_owned(), Usage { used: 5, limit: 5 }),
            ("standardcores".to_owned(), Usage { used: 9, limit: 10 }),
        ]);
        let none = Share::new();
        let one = share(&group(&[1000]));
        for (cores, more, fits) in [(1000, 0, true), (2000, 0, true), (2100, 0, false), (2000, 1, false)] {
            let more = Share::from([("StandardCores", more)]);
            let short = short(&usages, &more, &one, &share(&group(&[cores])));
            assert_eq!(short.is_none(), fits, "{cores} {more:?} {short:?}");
        }
        // What gives nothing back is one group too many.
        let found = short(&usages, &none, &none, &one);
        let wanted = Short { quota: "ContainerGroups", used: 5, limit: 5, back: 0, need: 1 };
        assert_eq!(found, Some(wanted));
        assert_eq!(short(&Usages::new(), &none, &none, &one), None);
    }
}
