//! The credentials of Azure, each a source of tokens, tried one after the other.
//!
//! Invariant: every credential talks over our wire, and what a source says when it fails is shortened to one line
//! without secrets. The environment is read by whoever makes the [`Settings`], never here.

mod chain;
mod oidc;
mod settings;
mod transport;

pub(super) use chain::Chain;
pub use settings::{Settings, Source};
