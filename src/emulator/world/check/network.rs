//! The rules of addresses, and of what does not go with spot and confidential groups.

use std::collections::BTreeSet;

use serde_json::Value;

use super::container::check_port;
use super::words::Words;
use super::{is_label, items, list, text};
use crate::world::body::Wish;
use crate::world::refusal::Refusal;

/// Checks the address, the subnets and the name servers.
pub(super) fn check(words: Words<'_>, wish: &Wish) -> Result<(), Refusal> {
    let properties = &wish.properties;
    let subnets = items(properties, "subnetIds");
    if subnets.len() > 1 {
        return Err(words.too_many("subnets", subnets.len(), 1));
    }
    for subnet in subnets {
        let id = text(&subnet["id"]);
        let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
        let fits = parts.len() == 10
            && parts[5].eq_ignore_ascii_case("Microsoft.Network")
            && parts[6].eq_ignore_ascii_case("virtualNetworks")
            && parts[8].eq_ignore_ascii_case("subnets");
        if !fits {
            return Err(words.invalid("subnet id", id, "It must be the resource id of a subnet."));
        }
    }
    if let Some(config) = properties.get("dnsConfig") {
        if subnets.is_empty() {
            return Err(words.invalid("dnsConfig", "nameServers", "It needs a subnet."));
        }
        let servers = list(&config["nameServers"]);
        let wrong = servers.iter().map(text).find(|server| server.parse::<std::net::IpAddr>().is_err());
        if let Some(server) = wrong {
            return Err(words.invalid("name server", server, "It must be an IP address."));
        }
    }
    match properties.get("ipAddress") {
        Some(address) => check_address(words, address, !subnets.is_empty()),
        None => Ok(()),
    }
}

fn check_address(words: Words<'_>, address: &Value, in_subnet: bool) -> Result<(), Refusal> {
    match (address["type"] == "Private", in_subnet) {
        (true, false) => return Err(words.private_without_subnet()),
        (false, true) => return Err(words.public_with_subnet()),
        _ => {}
    }
    let ports = list(&address["ports"]);
    if ports.is_empty() {
        return Err(words.invalid("ipAddress", "ports", "At least one port is required."));
    }
    if ports.len() > 5 {
        return Err(words.too_many("ports", ports.len(), 5));
    }
    let mut seen = BTreeSet::new();
    for port in ports {
        check_port(words, port)?;
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        if !seen.insert((port["port"].as_i64(), protocol)) {
            return Err(words.duplicate("port", &port["port"].to_string()));
        }
    }
    let Some(label) = address.get("dnsNameLabel") else {
        return Ok(());
    };
    let label = text(label);
    let known = is_label(label, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let first = label.starts_with(|c: char| c.is_ascii_lowercase());
    if !known || !first || !(5..=63).contains(&label.len()) {
        return Err(Refusal::InvalidDnsNameLabel { label: label.to_owned(), group: words.group.to_owned() });
    }
    if in_subnet {
        return Err(words.invalid("dnsNameLabel", label, "A private IP address can have no DNS name label."));
    }
    Ok(())
}

/// What does not go with spot (Azure's page "Azure Container Instances Spot containers") and confidential groups.
pub(super) fn check_kind(words: Words<'_>, wish: &Wish) -> Result<(), Refusal> {
    let Wish { properties, identity, zones, beside: _ } = wish;
    let is = |name: &str, value: &str| properties.get(name).is_some_and(|it| it == value);
    let confidential = is("sku", "Confidential");
    let has_zones = zones.as_ref().is_some_and(|zones| !list(zones).is_empty());
    if is("priority", "Spot") {
        let address = properties.contains_key("ipAddress");
        let subnet = !items(properties, "subnetIds").is_empty();
        let excluded = [
            (address, "An IP address"),
            (subnet, "A virtual network"),
            (has_zones, "An availability zone"),
            (confidential, "The sku 'Confidential'"),
        ];
        if let Some((_, what)) = excluded.into_iter().find(|(given, _)| *given) {
            return Err(words.not_with("spot", what));
        }
    }
    if !confidential && properties.contains_key("confidentialComputeProperties") {
        return Err(words.invalid(
            "confidentialComputeProperties",
            "ccePolicy",
            "It needs the sku 'Confidential'.",
        ));
    }
    if confidential && is("osType", "Windows") {
        return Err(words.not_with("confidential", "The OS type 'Windows'"));
    }
    if zones.as_ref().is_some_and(|zones| list(zones).len() > 1) {
        return Err(words.invalid("zones", "zones", "A container group is in one zone."));
    }
    let user = identity.as_ref().is_some_and(|it| text(&it["type"]).contains("UserAssigned"));
    let named = identity.as_ref().and_then(|it| it["userAssignedIdentities"].as_object());
    if user != named.is_some_and(|named| !named.is_empty()) {
        return Err(words.invalid(
            "identity",
            "userAssignedIdentities",
            "They are named where, and only where, the type holds 'UserAssigned'.",
        ));
    }
    Ok(())
}
