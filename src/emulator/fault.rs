//! What is to go wrong: scripts of faults, and which of them a request or a moment of a container meets.
//!
//! Pure: the same moments in the same order meet the same faults. Carrying a fault out is `http`'s business (answers,
//! delays, cuts) or the emulator's (operations, pulls, evictions, restarts). The counters are in memory: an emulator
//! that is opened again has only the faults that its options name, none of them used.
//!
//! # A script
//! A list; of every fault `on` and `effect` are wanted:
//!
//! ```yaml
//! - id: busy                        # else fault-1, fault-2, …
//!   on: containerGroups/put         # an operation, or `METHOD /path`; * and ? in it stand for any text and any sign
//!   resource: nightly-*             # a name, or with a / in it an id; else any
//!   nth: 3                          # from the third of these on; else from the first
//!   times: 2                        # so often, or `always`; else once
//!   after: other                    # counting begins when the fault of that id is used up
//!   effect: {answer: {status: 429, code: TooManyRequests, message: "slowly", retryAfter: 5}}
//! ```
//!
//! | effect | what happens |
//! | --- | --- |
//! | `answer: {status, code, message, body, retryAfter, headers}` | this answer; the request is not carried out |
//! | `preset: ScopeLocked` | the same with the service's own words, [`preset::Preset`] |
//! | `cut: before`, `cut: after` | the connection breaks without an answer, before or after the request was carried out |
//! | `slow: 2s` | so much later, by the client's clock |
//! | `stale` | a GET shows what it would have shown before the last change by a client |
//! | `notFound: 2` | a PUT is carried out, and the next two reads of what it made answer 404 |
//! | `operation: hangs`, `operation: {fails: {code, message}}` | what the request began never ends by itself, or ends badly |
//! | `pull: "reason"` | `on: pull`: the image cannot be pulled |
//! | `evict`, `evict: {after: 30s}` | the platform takes the group's containers away; they come back by themselves |
//! | `restart`, `restart: {after: 30s}` | the platform restarts the group's containers, also under `Never` |
//! | `stream: {afterBytes: 100}`, `stream: {afterTime: 2s}` | `on: exec` or `attach`: the stream breaks without a close |
//! | `stream: {pieces: 1, noClose: true}` | messages of so many bytes; no close where the process has ended |
//!
//! The operations are [`moment::OPERATIONS`]. Several faults can meet one request: each counts it, and of those that
//! are due the first of each kind fires; the others stay due for the next one.

pub mod matcher;
pub mod moment;
pub mod preset;
pub mod script;

pub use self::matcher::{Board, Fired, Listed};
pub use self::moment::Moment;
pub use self::script::{Effect, Fault, Mistake};
