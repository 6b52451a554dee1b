//! The vocabulary of the house: names, quantities, secrets, the tree of a container group, what is wanted, what is seen
//! and what is remembered.
//!
//! Pure: no I/O, no clock, no randomness. Everything above speaks in these words; nothing here knows Azure's wire or YAML text.

pub mod digest;
pub mod digests;
pub mod effect;
pub mod graph;
pub mod group;
pub mod name;
pub mod observed;
pub mod quantity;
pub mod record;
pub mod region;
pub mod secret;
pub mod stack;
pub mod tag;
