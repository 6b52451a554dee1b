//! What is taken over from whoever has it.

use clap::Args;

use crate::model::stack::Stack;

/// What is taken over.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Adoption {
    /// Take over what a manifest names though it belongs to somebody else, or to nobody. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) adopt: Vec<String>,
    /// Take over everything that the manifests name.
    #[arg(long, conflicts_with = "adopt")]
    pub(crate) adopt_all: bool,
}

impl Adoption {
    /// The names of the manifests whose things are taken over.
    pub(crate) fn names(&self, stack: &Stack) -> Vec<String> {
        if self.adopt_all {
            stack.resource_groups.keys().chain(stack.groups.keys()).map(ToString::to_string).collect()
        } else {
            self.adopt.clone()
        }
    }
}
