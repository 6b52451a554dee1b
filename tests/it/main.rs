//! The one integration-test binary: `pure` without a runtime, `paused` in memory and paused time, `real` with the
//! binary, sockets and containers, and `tidy` over the sources.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod lasting;
mod paused;
mod pure;
mod real;
mod tidy;
