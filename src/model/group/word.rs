//! The words of the API: enumerations that are written as the API writes them and read without regard to case.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Makes an enumeration of the API: written as the API writes it, read without regard to case.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The word of the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $(if text.eq_ignore_ascii_case($text) { return Ok(Self::$variant); })+
                Err(de::Error::unknown_variant(&text, &[$($text),+]))
            }
        }
    };
}

enumeration! {
    /// The operating system of a group.
    OsType {
        /// Linux.
        #[default]
        Linux = "Linux",
        /// Windows.
        Windows = "Windows",
    }
}

enumeration! {
    /// What happens when a container of the group ends.
    RestartPolicy {
        /// It is started again, whatever its exit code.
        #[default]
        Always = "Always",
        /// It is started again unless it ended with 0.
        OnFailure = "OnFailure",
        /// It stays ended.
        Never = "Never",
    }
}

enumeration! {
    /// Whether the group's address is reachable from the internet.
    IpAddressType {
        /// A public address.
        #[default]
        Public = "Public",
        /// An address in a virtual network.
        Private = "Private",
    }
}

enumeration! {
    /// The protocol of a port.
    Protocol {
        /// TCP.
        #[default]
        Tcp = "TCP",
        /// UDP.
        Udp = "UDP",
    }
}

enumeration! {
    /// The offer that a group is bought under.
    Sku {
        /// The usual one.
        #[default]
        Standard = "Standard",
        /// On hardware of its own.
        Dedicated = "Dedicated",
        /// In a trusted execution environment.
        Confidential = "Confidential",
        /// Left to the service, which takes Standard.
        NotSpecified = "NotSpecified",
    }
}

enumeration! {
    /// Whether a group may be evicted.
    Priority {
        /// It is not.
        #[default]
        Regular = "Regular",
        /// It is cheaper, and may be evicted at any time.
        Spot = "Spot",
    }
}

enumeration! {
    /// Who may have the same DNS name label again; anything but Unsecure puts a hash into the name.
    DnsScope {
        /// Anybody; the name has no hash.
        #[default]
        Unsecure = "Unsecure",
        /// The tenant.
        TenantReuse = "TenantReuse",
        /// The subscription.
        SubscriptionReuse = "SubscriptionReuse",
        /// The resource group.
        ResourceGroupReuse = "ResourceGroupReuse",
        /// Nobody.
        Noreuse = "Noreuse",
    }
}

enumeration! {
    /// Which managed identities a group has.
    IdentityType {
        /// None.
        #[default]
        None = "None",
        /// One that lives and dies with the group.
        SystemAssigned = "SystemAssigned",
        /// Those that are named.
        UserAssigned = "UserAssigned",
        /// Both.
        Both = "SystemAssigned, UserAssigned",
    }
}

enumeration! {
    /// Which containers an identity is for.
    IdentityAccess {
        /// All of the group.
        #[default]
        All = "All",
        /// Those of the platform.
        System = "System",
        /// Those of the user.
        User = "User",
    }
}

enumeration! {
    /// What is sent to Log Analytics.
    LogType {
        /// What container insights reads.
        #[default]
        ContainerInsights = "ContainerInsights",
        /// What the containers print.
        ContainerInstanceLogs = "ContainerInstanceLogs",
    }
}

enumeration! {
    /// How a probe asks.
    Scheme {
        /// Over HTTP.
        #[default]
        Http = "http",
        /// Over HTTPS.
        Https = "https",
    }
}

enumeration! {
    /// A kind of GPU. Azure retired all of them on 2025-07-14.
    GpuSku {
        /// NVIDIA Tesla K80.
        #[default]
        K80 = "K80",
        /// NVIDIA Tesla P100.
        P100 = "P100",
        /// NVIDIA Tesla V100.
        V100 = "V100",
    }
}
