//! The words between the pure [`World`](crate::world::World), the shell around it and the runtimes.
//!
//! The world decides and never acts: it answers a [`Request`] with a [`Reply`] and a list of
//! [`Command`]s. A runtime carries commands out and tells what happened as [`Event`]s.
//! Nothing here knows HTTP, files or clocks. What can hold a secret has a `Debug` that does not show it.

mod command;
mod event;
mod launch;
mod page;
mod question;
mod request;
#[cfg(test)]
mod tests;

pub use self::command::Command;
pub use self::event::{Event, LogLine};
pub use self::launch::{Check, ConfigMap, Content, Launch, Mount, Probe, Volume};
pub use self::page::Page;
pub use self::question::{Credential, Fact, ImageSource, Question};
pub use self::request::{AttachSession, Body, ExecSession, LogQuery, Outcome, Reply, Request, Ticket};

use serde::{Deserialize, Serialize};

/// The tenant in which everything is.
pub const TENANT: &str = "00000000-0000-0000-0000-00000000ac17";

/// One deployment of a container group: from a PUT or a start to the stop, replacement or delete
/// that ends it. The containers of one sandbox live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SandboxId(pub u64);
