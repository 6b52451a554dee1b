//! The first line of every plan: where it goes and whose it is, so that nobody applies to the wrong place.

use std::fmt;

use crate::model::name::Owner;

/// Where a plan goes and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Where it goes.
    pub place: Place,
    /// Whose it is.
    pub owner: Owner,
}

/// Where a plan goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The local emulator.
    Local {
        /// Its address.
        url: String,
    },
    /// A subscription of Azure.
    Azure {
        /// The tenant, where it is known.
        tenant: Option<String>,
        /// The subscription.
        subscription: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { url } => write!(f, "local emulator {url}"),
            Self::Azure { tenant: Some(tenant), subscription } => {
                write!(f, "Azure · tenant {tenant} · subscription {subscription}")
            }
            Self::Azure { tenant: None, subscription } => write!(f, "Azure · subscription {subscription}"),
        }
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · project {}", self.place, self.owner)
    }
}
