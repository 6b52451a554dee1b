//! Turns plans, events and what was observed into text for people.
//!
//! Pure but for [`live`], which draws where it is told to: nothing here reads the environment, asks for a terminal's
//! size or decides about colour. Invariant: a secret is shown as `(secret)`, and text from outside cannot move the cursor.

pub mod advice;
pub mod changes;
pub mod drift;
pub mod effects;
pub mod entry;
pub mod flags;
pub mod grid;
pub mod heading;
pub mod holdings;
pub mod junit;
pub mod lines;
pub mod live;
pub mod markdown;
pub mod mermaid;
pub mod message;
pub mod page;
pub mod recap;
pub mod rows;
pub mod runs;
pub mod status;
pub mod story;
pub mod style;
pub mod summary;
pub mod text;
pub mod title;
pub mod why;

#[cfg(test)]
mod tests;
