//! The reference tasks of acitask: what runs *inside* a container group.
//!
//! - [`strong`]: the main process of a group that stays alive, so that tasks can be run in it;
//! - [`post`]: the task itself, which posts a JSON body and shows the answer;
//! - [`exec`]: the helper that gives a command run over a terminal its exact bytes and exit code.
//!
//! All three stand in one binary, which looks at the name it was called by: three static binaries
//! would each carry the same C library, and an image would be twice as large.
//!
//! Invariant: nothing here needs a file of the image beside the binary, so that an image can be
//! FROM scratch. What the answers mean to a plan is acitask's own business.

pub mod exec;
pub mod post;
pub mod strong;
