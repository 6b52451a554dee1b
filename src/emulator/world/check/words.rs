//! The words in which the service refuses a PUT.
//!
//! | rule | code | words known from |
//! | --- | --- | --- |
//! | requests missing | `ResourceRequestsNotSpecified` | mslearn-azure-developer issue 67 |
//! | limit below request | `ResourceLimitsLessThanRequests` | compose-cli issue 357, virtual-kubelet issue 143 |
//! | limit above the group's requests | `ContainerLimitGreaterThanContainerGroupTotalRequest` | compose-cli issue 357, which cuts the end: from "total" on it is assumed |
//! | more credentials than containers | `MoreImageRegistryCredentialsThanContainers` | compose-cli issue 2150; that init containers count as containers is assumed |
//! | private address without a subnet | `InvalidIPAddressType` assumed | portainer issue 4040 |
//! | public address with a subnet | `InvalidIPAddressType` assumed | azure-cli issue 13802 |
//! | DNS name label | `InvalidDnsNameLabel` assumed | vscode-spot issue 38 |
//! | operating system | `InvalidOsType` | mslearn-azure-developer issue 67 |
//! | GPU | `ContainerGroupQuotaReached` | a quota of 0, since all GPUs were retired on 2025-07-14 (Azure's page on quota limits) |
//! | more than a group can have | `ServiceUnavailable`, 409 | Azure's support page "service unavailable requested resource" |
//! | a type that does not fit | `InvalidRequestContent` | ARM's words; after "deserialized" they are assumed |
//! | all others | `InvalidContainerGroup` assumed | none: the rules are of Azure's pages, code and words are assumed |
//!
//! All are 400 where the table names no status.
//!
//! What the sources do not agree on, or only advise, is taken: less than 1 CPU and 1 GB in a whole group (Azure's page
//! on container groups gives it as the minimum, terraform-provider-azurerm issue 26925 saw a 500, others run it), the
//! reserved ports of Azure's FAQ (Azure's own sample of SFTP listens on 22), and an identity that is named in the
//! properties but not assigned to the group.

use crate::world::refusal::Refusal;

/// Makes the refusals of one group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    pub(super) group: &'a str,
}

const INVALID: &str = "InvalidContainerGroup";

impl Words<'_> {
    /// A rule without a text of its own for the name of the group.
    pub(super) fn rule(self, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::Rule { status: 400, code, message: message.into() }
    }

    /// A value that breaks a rule.
    pub(super) fn invalid(self, what: &str, value: &str, rule: &str) -> Refusal {
        let group = self.group;
        self.rule(INVALID, format!("The {what} '{value}' in container group '{group}' is invalid. {rule}"))
    }

    pub(super) fn group_name(self) -> Refusal {
        const RULE: &str = "It must have 1 to 63 letters, numbers and hyphens, and must start and end with a letter or number.";
        self.invalid("name", self.group, RULE)
    }

    pub(super) fn container_name(self, name: &str) -> Refusal {
        const RULE: &str = "It must have 1 to 63 lowercase letters, numbers and hyphens, and must start and end with a letter or number.";
        self.invalid("container name", name, RULE)
    }

    pub(super) fn volume_name(self, name: &str) -> Refusal {
        const RULE: &str = "It must have 5 to 63 lowercase letters, numbers and single hyphens, and must start and end with a letter or number.";
        self.invalid("volume name", name, RULE)
    }

    pub(super) fn duplicate(self, what: &str, value: &str) -> Refusal {
        self.invalid(what, value, "It is used more than once.")
    }

    pub(super) fn too_many(self, what: &str, count: usize, most: usize) -> Refusal {
        let group = self.group;
        self.rule(
            INVALID,
            format!("Container group '{group}' has '{count}' {what}. It can have at most '{most}'."),
        )
    }

    pub(super) fn limit_above_total(self, what: &str, limit: f64, container: &str, total: f64) -> Refusal {
        let group = self.group;
        self.rule(
            "ContainerLimitGreaterThanContainerGroupTotalRequest",
            format!(
                "The '{what}' limit '{limit}' in container '{container}' is greater than the total request '{total}' of container group '{group}'."
            ),
        )
    }

    pub(super) fn more_credentials(self) -> Refusal {
        let group = self.group;
        self.rule(
            "MoreImageRegistryCredentialsThanContainers",
            format!("More image registry credentials provided than containers in container group '{group}'."),
        )
    }

    pub(super) fn private_without_subnet(self) -> Refusal {
        let group = self.group;
        self.rule(
            "InvalidIPAddressType",
            format!(
                "IP Address type in container group '{group}' is invalid. Private IP address is only supported when network profile is defined."
            ),
        )
    }

    pub(super) fn public_with_subnet(self) -> Refusal {
        self.rule("InvalidIPAddressType", "IP Address type can't be public when network profile is set.")
    }

    pub(super) fn gpu(self, sku: &str, location: &str, count: i64) -> Refusal {
        self.rule(
            "ContainerGroupQuotaReached",
            format!(
                "Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota '{sku}Cores' exceeded in region '{location}'. Limit: '0', Usage: '0' Requested: '{count}'."
            ),
        )
    }

    pub(super) fn unavailable(
        self,
        location: &str,
        cpu: f64,
        memory: f64,
        os: &str,
        network: &str,
    ) -> Refusal {
        Refusal::Rule {
            status: 409,
            code: "ServiceUnavailable",
            message: format!(
                "The requested resource is not available in the location '{location}' at this moment. Please retry with a different resource request or in another location. Resource requested: '{cpu}' CPU '{memory}' GB memory '{os}' OS{network}."
            ),
        }
    }

    /// What a spot or confidential group cannot have.
    pub(super) fn not_with(self, kind: &str, what: &str) -> Refusal {
        let group = self.group;
        self.rule(INVALID, format!("{what} is not supported for {kind} container group '{group}'."))
    }
}
