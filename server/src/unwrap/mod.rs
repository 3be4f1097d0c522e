//! From sealed to plain: the private keys, what was opened a moment ago, and the checks of request
//! envelopes.

pub mod envelope;
pub mod opened;
mod reseal;
pub mod rewrap;
pub mod ring;
mod short_lived;
