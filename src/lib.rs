//! acitask
