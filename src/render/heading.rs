//! The first line of every plan: where it goes and whose it is, so that nobody applies to the wrong place.

use std::fmt;

use crate::model::name::Owner;
use crate::model::stack::Cloud;
use crate::render::text::columns;

/// Stands between the parts of a heading.
const SEPARATOR: &str = " · ";

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
        /// The cloud.
        cloud: Cloud,
        /// The tenant, where it is known.
        tenant: Option<String>,
        /// The subscription.
        subscription: String,
    },
}

impl Heading {
    /// A question about a plan that goes there, in lines of at most so many columns where its parts fit into them.
    pub fn question(&self, verb: &str, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for part in format!("{verb} {self}?").split(SEPARATOR) {
            match lines.last_mut() {
                Some(line) if columns(line) + columns(SEPARATOR) + columns(part) <= width => {
                    line.push_str(SEPARATOR);
                    line.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
        }
        lines
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { url } => write!(f, "local emulator {url}"),
            Self::Azure { cloud, tenant: Some(tenant), subscription } => {
                write!(f, "{cloud} · tenant {tenant} · subscription {subscription}")
            }
            Self::Azure { cloud, tenant: None, subscription } => {
                write!(f, "{cloud} · subscription {subscription}")
            }
        }
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · project {}", self.place, self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name::Name;

    #[test]
    fn a_question_is_broken_only_between_its_parts() {
        let id = "00000000-0000-0000-0000-000000000000";
        let owner = Owner::new(&Name::from("quickstart"), None);
        let local =
            Heading { place: Place::Local { url: "http://127.0.0.1:65535".into() }, owner: owner.clone() };
        assert_eq!(
            local.question("Apply this to", 80),
            ["Apply this to local emulator http://127.0.0.1:65535 · project quickstart?"]
        );
        let place = Place::Azure { cloud: Cloud::Public, tenant: Some(id.into()), subscription: id.into() };
        let azure = Heading { place, owner };
        assert_eq!(
            azure.question("Apply this to", 80),
            [
                format!("Apply this to Azure · tenant {id}"),
                format!("subscription {id} · project quickstart?"),
            ]
        );
    }
}
