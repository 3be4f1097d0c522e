//! Who calls: the token's place, its verification, and the two modes.

mod caller;
pub mod place;
mod verifier;

pub use caller::Caller;
pub use verifier::Verifier;
