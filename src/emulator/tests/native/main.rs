//! The native runtime with real containers: what a program inside sees, how it ends, and that nothing is left of it.
//!
//! Images are made of the machine's own shell, so that neither a network nor a container engine is needed.

#![expect(clippy::print_stdout, reason = "tests tell what they measured and what they skipped")]

mod bench;
mod exec;
mod image;
mod leftovers;
mod limits;
mod probes;
mod registry;
mod run;
mod signals;
mod unprivileged;
mod volumes;

/// What a test returns.
type Outcome = Result<(), Box<dyn std::error::Error>>;
