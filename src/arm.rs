//! The only code that knows Azure: reads and changes over the wire, in the words of the model.
//!
//! Invariants: no name of an Azure crate leaves this module; one call of ours is one request (a list: one a page);
//! nothing is retried here; every change carries a [`Warrant`](crate::plan::Warrant).

pub mod fault;
