//! The formats end to end, with the private half by another implementation (aws-lc-rs).
#![cfg(not(target_arch = "wasm32"))]

mod companion_key;
mod envelope;
mod keyset;
mod pinned;
mod protocol;
