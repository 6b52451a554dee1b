//! How many container groups there are, by their state.

use std::collections::BTreeMap;

use super::World;

impl World {
    /// The number of container groups in each state that one is in.
    pub(crate) fn census(&self) -> BTreeMap<&'static str, usize> {
        self.container_groups.iter().fold(BTreeMap::new(), |mut census, (_, group)| {
            *census.entry(group.state()).or_default() += 1;
            census
        })
    }
}
