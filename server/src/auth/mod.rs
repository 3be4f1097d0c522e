//! Who calls: the token's place, its verification, and the two modes.

mod caller;
pub mod local;
pub mod place;
pub mod token;
mod verifier;

pub use caller::Caller;
pub use verifier::Verifier;
