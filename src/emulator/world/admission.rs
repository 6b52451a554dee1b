//! What a region lets in: registration, location, quotas, and DNS labels, which stay taken for a while after a deletion.

use std::convert::Infallible;

use jiff::{SignedDuration, Timestamp};

use super::body::Object;
use super::container_group::{ContainerGroup, Mark};
use super::path::ResourceName;
use super::rates::Kind;
use super::refusal::Refusal;
use super::region;
use super::regional::{Sort, whole};
use super::shelf::Shelved;
use super::{World, dns};

/// A label that stays taken is due when it is free again.
impl Shelved for Timestamp {
    type Mark = Infallible;

    fn due(&self) -> Option<Timestamp> {
        Some(*self)
    }
}

impl World {
    /// Whether a region takes this wish of a container group.
    ///
    /// # Errors
    /// What keeps it out, in the order in which ARM and the provider look.
    pub(crate) fn admit_to_region(
        &self,
        name: &ResourceName,
        location: &str,
        properties: &Object,
    ) -> Result<(), Refusal> {
        let subscription = &name.group.subscription;
        self.registered(subscription)?;
        if !region::is_known(location) {
            let (location, regions) = (location.to_owned(), region::names().join(","));
            return Err(Refusal::LocationNotForContainerGroups { location, regions });
        }
        self.affordable(subscription, location, Kind::Write)?;
        self.within_quota(name, location, properties)?;
        self.label_is_free(name, location, properties)
    }

    /// Whether the quotas of a region hold with this wish. They are only counted where they are enforced.
    fn within_quota(&self, name: &ResourceName, location: &str, properties: &Object) -> Result<(), Refusal> {
        if !self.switches.quota.enforced {
            return Ok(());
        }
        let containers = properties.get("containers").and_then(|list| list.as_array());
        let cpu = |container: &serde_json::Value| {
            container["properties"]["resources"]["requests"]["cpu"].as_f64().unwrap_or_default()
        };
        let cores = whole(containers.into_iter().flatten().map(cpu).sum());
        let sort = Sort::of(properties.get("sku"), properties.get("priority"));
        let key = name.key();
        let is_new = self.container_groups.get(&key).is_none();
        self.has_room(&name.group.subscription, location, &key, sort, u32::from(is_new), cores)
    }

    /// Whether the cores of a group that holds none now can be had.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(crate) fn can_start(&self, name: &ResourceName, group: &ContainerGroup) -> Result<(), Refusal> {
        self.within_quota(name, &group.location, &group.properties)
    }

    fn has_room(
        &self,
        subscription: &str,
        location: &str,
        but: &str,
        sort: Sort,
        groups: u32,
        cores: u32,
    ) -> Result<(), Refusal> {
        let usage = self.usage(subscription, location, Some(but));
        let limits = self.switches.quota.limits();
        let rows = match sort {
            Sort::Standard => [
                ("ContainerGroups", usage.groups, groups, limits.groups),
                ("StandardCores", usage.cores, cores, limits.cores),
            ],
            Sort::Spot => [
                ("ContainerGroups", usage.groups, groups, limits.groups),
                ("StandardSpotCores", usage.spot_cores, cores, limits.cores),
            ],
            Sort::Dedicated => [
                ("DedicatedContainerGroups", usage.dedicated_groups, groups, limits.dedicated),
                ("DedicatedCores", usage.dedicated_cores, cores, limits.dedicated),
            ],
            Sort::Confidential => [
                ("ConfidentialContainerGroups", usage.confidential_groups, groups, limits.groups),
                ("ConfidentialCores", usage.confidential_cores, cores, limits.cores),
            ],
        };
        for (quota, usage, requested, limit) in rows {
            if requested > 0 && usage.saturating_add(requested) > limit {
                let region = location.to_owned();
                return Err(Refusal::QuotaReached { quota, region, limit, usage, requested });
            }
        }
        Ok(())
    }

    fn label_is_free(&self, name: &ResourceName, location: &str, properties: &Object) -> Result<(), Refusal> {
        let Some(wanted) = dns::candidate(name, location, properties) else {
            return Ok(());
        };
        let key = name.key();
        let holders = self.container_groups.marked(&Mark::Name(wanted.clone()));
        let taken = holders.into_iter().any(|other| *other != key);
        let own = self.container_groups.get(&key).and_then(ContainerGroup::fqdn);
        let released = self.labels.get(&wanted).is_some_and(|until| *until > self.now);
        if taken || (released && own.as_ref() != Some(&wanted)) {
            let label = wanted.split('.').next().unwrap_or_default().to_owned();
            let group = name.name.clone();
            return Err(Refusal::DnsNameLabelNotAvailable { label, group });
        }
        Ok(())
    }

    /// Keeps the label of a group that goes as long as the switch `dns.release-seconds` says.
    pub(crate) fn release_label(&mut self, group: &ContainerGroup) {
        let Some(name) = group.fqdn() else {
            return;
        };
        let now = self.now;
        for key in self.labels.due_by(now) {
            self.labels.remove(&key);
        }
        let seconds = self.switches.dns_release_seconds;
        if seconds > 0 {
            let until = now.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
            self.labels.insert(name, until);
        }
    }
}
