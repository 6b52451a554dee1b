//! An embedded Azure Resource Manager and Azure Container Instances that speaks the real protocol and really runs the containers.
//!
//! It is a witness, not an accomplice: it shares no type with the client, knows no storey of the house,
//! and is written from what the service was recorded to do.

pub mod contract;
pub mod image;
pub mod runtime;
pub mod world;
