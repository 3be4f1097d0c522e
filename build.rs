//! Compiles the provider catalogue into static tables.
fn main() {}
