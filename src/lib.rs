//! acitask plans, applies and runs task workloads on Azure Container Instances.
//!
//! This page is the architecture. It tells which rooms the house has, what each may know, and which invariants hold;
//! `tests/it/tidy.rs` holds the sources against it.
//!
//! # The way of an apply
//!
//! ```text
//! YAML text ──manifest──▶ Stack ─┐
//!                                ├─plan──▶ Plan + Notes ──engine──▶ Events ──render──▶ a person, a log
//! Azure ──arm──▶ Observed ───────┘                          │
//!   ▲                                                       │
//!   └───────────────────────────arm◀────────────────────────┘
//! ```
//!
//! Live Azure is the only truth: there is no state file. What must be remembered (owner, records of runs) is in tags.
//! A plan is the whole story: whatever `apply` changes is a step of a sealed [`plan::Plan`] or the bookkeeping of one.
//!
//! # Storeys
//!
//! Each imports only storeys below it.
//!
//! | storey | what it is for | touches |
//! | --- | --- | --- |
//! | [`cli`] | arguments, files, environment, confirmation, exit codes | files, environment, terminal |
//! | [`render`] | a plan and its events as text | one writer that it is handed |
//! | [`engine`] | observes the cloud, carries a plan out, tells events | the wire through `arm`, tokio's time |
//! | [`arm`] | the only code that knows Azure; speaks the model outward | the wire |
//! | [`plan`] | shape, diff, reconcile, order, judgement | nothing; threads for many groups |
//! | [`manifest`] | YAML text to a stack, every error at once, with its place | nothing |
//! | [`model`] | names, quantities, secrets, the group tree, effects, records, graph | nothing |
//!
//! [`clock`] stands beside all: wall time from tokio's clock, and ids.
//!
//! The emulator is a package of its own in `src/emulator`. It knows no storey and shares no type with them, and only
//! `cli` and the tests know it: a wrong idea of the wire must not be shared by both sides. The reference tasks and the
//! exec helper are a workspace of their own in `containers`, because they are built for size and linked statically.
//!
//! # Invariants
//!
//! - Azure crates occur only under `src/arm`; `clap` and the environment only under `src/cli`; files only there
//!   and in `engine::archive`; nothing prints with a macro; nothing is `unsafe`; nothing unwraps.
//! - `model`, `manifest` and `plan` hold no `async`, no clock, no chance, no environment; order is told (`BTreeMap`),
//!   never a hash map's.
//! - The plan leaves no choice to the engine; the engine never diffs; reasons, impacts and notes are for people, and
//!   nothing branches on them.
//! - The tree of a container group stands once, in [`model::group`], generic over the stage of its secrets; it is taken
//!   apart whole where it is compared or written to the wire, so that a new property does not compile until someone decides.
//! - A [`model::secret::Secret`] has no `Display` and no `Serialize`, and its `Debug` prints `***`. It leaves the process
//!   only in the body of a request.
//! - Every change of the cloud carries a [`plan::Warrant`], which only a sealed plan gives. Interactive `exec` is the one exception.
//! - The outside is substituted at one place only, the [`arm::wire::Wire`]. No trait stands above it for a test's sake.
//! - Planning sends GET and HEAD and nothing else, and executes nothing from the repository.
//! - No log line of the Azure crates gets out, whatever filter the user sets: they print bearer tokens.
//!
//! # How a run survives being interrupted
//!
//! Intent is recorded before, outcome after. Where a run begins with a PUT, its intent is in the tags of that PUT; where it
//! begins with a start, the record holds the container's start time from before, and a termination counts as this run's
//! only if the start time differs. A strong run leaves a trace in its container, which the next apply asks.
//! Times are compared with the service's times, never with our clock.

/// Thousands of answers are taken apart by several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod arm;
pub mod cli;
pub mod clock;
pub mod engine;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod render;
