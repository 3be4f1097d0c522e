//! keyseal seals AI provider keys in the browser so that nobody has to be trusted with them.
//!
//! The crate builds natively, where the companion opens what was sealed, and to `wasm32`, where
//! the browser seals. [`envelope`] holds the wire formats, [`vault`] the browser's encrypted store
//! and [`catalogue`] the providers; none does any I/O or knows browser or server.

pub mod catalogue;
pub mod envelope;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(feature = "companion")]
pub mod transit;
#[cfg(feature = "usage")]
pub mod usage;
pub mod vault;

#[cfg(target_arch = "wasm32")]
pub mod wasm;
