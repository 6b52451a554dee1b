//! Tests of the world as a whole, with a runtime that does at once what it is told.

mod life;
mod recorded;
mod requests;
mod restored;
mod stage;
