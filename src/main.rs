//! The acitask command line.

fn main() {}
