//! The part of keyseal's cryptography that has to be fast, behind functions without type
//! parameters.
//!
//! Generic code is compiled where it is used, and the rest of the library is compiled for size
//! (`[profile.wasm]` of the workspace). Here it is used in a crate that is compiled for speed;
//! `inline(never)` keeps the optimiser from moving it back to its callers.

#![no_std]

extern crate alloc;

pub mod base64url;
mod gcm;

pub use gcm::Aes256Gcm;

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
#[must_use]
#[inline(never)]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
