//! companion
fn main() {}
