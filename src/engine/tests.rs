//! Steps against a service that answers what a test tells it to, in paused time.

mod faults;
mod service;
mod weak;

type Outcome = Result<(), Box<dyn std::error::Error>>;
