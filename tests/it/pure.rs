//! What holds without a runtime: laws over every property of a container group.

mod laws;
mod recorded;
pub(crate) mod service;
pub(crate) mod tree;
