//! Calls against a service in memory: what goes out, and what is made of what comes back.

mod calls;
mod commands;
mod service;
