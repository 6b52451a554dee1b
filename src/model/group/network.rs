//! Addresses, ports, subnets and name servers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::word::{DnsScope, IpAddressType, Protocol};

/// A port with its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Port {
    /// The number, 1 to 65535.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// The address of a group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct IpAddress {
    /// Public or private.
    #[serde(rename = "type")]
    pub kind: IpAddressType,
    /// The ports that are reachable, at most five.
    pub ports: Vec<Port>,
    /// The first label of the group's DNS name: 5 to 63 lower-case letters, digits and hyphens, a letter first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name_label: Option<String>,
    /// Who may have the same DNS name label again; Unsecure where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_generated_domain_name_label_scope: Option<DnsScope>,
}

/// A subnet by its resource id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SubnetId {
    /// The resource id of the subnet.
    #[schemars(extend("examples" = [
        "/subscriptions/…/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aci"
    ]))]
    pub id: String,
    /// A name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Name servers in place of Azure's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct DnsConfig {
    /// The addresses of the name servers.
    pub name_servers: Vec<String>,
    /// Domains that short names are looked for in, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_domains: Option<String>,
    /// Options of the resolver, separated by spaces, such as `ndots:2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
}
