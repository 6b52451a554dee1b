//! The first line of every plan: where it goes and whose it is, so that nobody applies to the wrong place.

use std::fmt;
use std::io::{self, Write};

use crate::model::name::Owner;
use crate::model::stack::Cloud;
use crate::render::style::{Label, Style};
use crate::render::text::{SEPARATOR, parted};

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
    /// Itself, in lines of at most so many columns where its parts fit into them.
    pub fn lines(&self, width: usize) -> Vec<String> {
        parted(&self.parts(), width)
    }

    /// A question about a plan that goes there, in such lines.
    pub fn question(&self, verb: &str, width: usize) -> Vec<String> {
        let mut parts = self.parts();
        if let [first, .., last] = parts.as_mut_slice() {
            *first = format!("{verb} {first}");
            last.push('?');
        }
        parted(&parts, width)
    }

    fn parts(&self) -> Vec<String> {
        let Self { place, owner } = self;
        let mut parts = place.parts();
        parts.push(format!("project {owner}"));
        parts
    }

    /// Writes it as the title of a page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let lines = self.lines(style.width);
        lines.iter().try_for_each(|line| writeln!(out, "{}", style.paint(Label::Title, line)))
    }
}

impl Place {
    fn parts(&self) -> Vec<String> {
        match self {
            Self::Local { url } => vec![format!("local emulator {url}")],
            Self::Azure { cloud, tenant, subscription } => {
                let tenant = tenant.iter().map(|tenant| format!("tenant {tenant}"));
                let subscription = format!("subscription {subscription}");
                std::iter::once(cloud.to_string()).chain(tenant).chain([subscription]).collect()
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().join(SEPARATOR))
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().join(SEPARATOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name::Name;

    #[test]
    fn lines_are_broken_only_between_their_parts() {
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
        assert_eq!(
            azure.lines(50),
            [
                "Azure".to_owned(),
                format!("tenant {id}"),
                format!("subscription {id}"),
                "project quickstart".to_owned()
            ]
        );
    }
}
