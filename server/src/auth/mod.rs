//! Who calls: the token's place, its verification, and the two modes.

mod caller;
mod jwks;
pub mod key;
pub mod local;
pub mod place;
pub mod token;
mod verifier;

pub use caller::{Caller, Known};
pub use verifier::Verifier;
