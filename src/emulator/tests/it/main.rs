//! The emulator through its front door: requests on the router, websockets over an in-memory pipe, and a real server.

mod arm;
mod attach;
mod bounds;
mod control;
mod exec;
mod faults;
mod gone;
mod groups;
mod killed;
mod native;
mod odd;
mod random;
mod restart;
mod secure;
mod served;
mod sink;
mod snapshot;
mod time;
mod tokens;
mod wire;

/// What a test returns.
type Outcome = Result<(), Box<dyn std::error::Error>>;
