//! acitask.

pub mod arm;
pub mod engine;
pub mod model;
pub mod plan;
pub mod render;
